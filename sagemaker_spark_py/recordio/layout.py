"""Records taken apart: which tensors they have, and where the numbers of each lie.

Protobuf's rules for reading hold: unknown fields are skipped, of two map entries with the same name
the last wins, of two different tensors in one value the last wins, and a tensor that comes in several
pieces is put together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.fields import Fields, find_fields
from sagemaker_spark_py.recordio.frames import Frames
from sagemaker_spark_py.recordio.ragged import Bytes, Ints

ITEM_BYTES = {wire.FLOAT32: 4, wire.FLOAT64: 8}
_UNPACKED = {wire.FLOAT32: wire.FIXED32, wire.FLOAT64: wire.FIXED64, wire.INT32: wire.VARINT}


class Layout(NamedTuple):
    """Everything about a batch of records but its numbers.

    Attributes
    ----------
    records : int
        How many there are.
    texts : Fields
        uid, metadata and configuration; the owner is the record.
    entries : Fields
        Entries of the two maps, `number` says which; the owner is the record.
    names : Fields
        At most one for each entry; the owner is the entry.
    kinds : array of int64
        What the value of each entry holds, by its field number in Value; 0 is nothing.
    contents : Fields
        Values, keys and shapes of all tensors, in one piece or several; the owner is the entry.
    """

    records: int
    texts: Fields
    entries: Fields
    names: Fields
    kinds: Ints
    contents: Fields

    def contents_of(self, number: int, *kinds: int) -> Fields:
        """Return values, keys or shapes of the tensors of some kinds."""
        kind = self.kinds[self.contents.owner]
        return self.contents.only((self.contents.number == number) & np.isin(kind, kinds))


def read_layout(data: Bytes, frames: Frames) -> Layout:
    """Take the records at `frames` apart.

    Raises
    ------
    RecordIOError
        If a payload is not a record.
    """
    records = len(frames.starts)
    tops = _delimited(find_fields(data, np.arange(records), frames.starts, frames.stops))
    entries = tops.only(np.isin(tops.number, (wire.FEATURES, wire.LABEL)))
    texts = tops.only(np.isin(tops.number, (wire.UID, wire.METADATA, wire.CONFIGURATION)))
    parts = _delimited(find_fields(data, np.arange(len(entries.owner)), entries.start, entries.stop))
    names = parts.only(parts.number == wire.NAME)
    values = parts.only(parts.number == wire.VALUE)
    tensors, kinds = _tensors(data, values, len(entries.owner))
    contents = _contents(find_fields(data, tensors.owner, tensors.start, tensors.stop), kinds)
    return Layout(records, texts, entries, names.only(names.last_of_each()), kinds, contents)


def _delimited(fields: Fields) -> Fields:
    return fields.only(fields.wire_type == wire.LENGTH_DELIMITED)


def _tensors(data: Bytes, values: Fields, entries: int) -> tuple[Fields, Ints]:
    """Find the tensor of each entry, which may come in pieces, and its kind."""
    fields = _delimited(find_fields(data, values.owner, values.start, values.stop))
    fields = fields.only(np.isin(fields.number, (wire.FLOAT32, wire.FLOAT64, wire.INT32, wire.BYTES)))
    kinds = np.full(entries, wire.NOTHING, np.int64)
    last = fields.only(fields.last_of_each())
    kinds[last.owner] = last.number
    other = fields.only(fields.number != kinds[fields.owner])
    valid_from = np.zeros(entries, np.int64)
    last = other.only(other.last_of_each())
    valid_from[last.owner] = last.stop
    return fields.only(fields.start > valid_from[fields.owner]), kinds


def _contents(fields: Fields, kinds: Ints) -> Fields:
    """Keep the fields that tensors are made of, and check the sizes of packed numbers."""
    kind = kinds[fields.owner]
    packed = fields.wire_type == wire.LENGTH_DELIMITED
    is_value = fields.number == wire.VALUES
    known = is_value & (kind == wire.BYTES) & packed
    for sort, unpacked in _UNPACKED.items():
        known |= is_value & (kind == sort) & (packed | (fields.wire_type == unpacked))
    whole = np.isin(fields.number, (wire.KEYS, wire.SHAPE))
    known |= whole & (packed | (fields.wire_type == wire.VARINT))
    for sort, item_bytes in ITEM_BYTES.items():
        _check_items(fields, is_value & (kind == sort) & packed, item_bytes)
    return fields.only(known)


def _check_items(fields: Fields, chosen: npt.NDArray[np.bool_], item_bytes: int) -> None:
    size = fields.stop - fields.start
    broken = np.flatnonzero(chosen & (size % item_bytes != 0))
    if broken.size:
        raise RecordIOError(
            f"Values of a tensor have a broken size: {size[broken[0]]} bytes; "
            f"expected a multiple of {item_bytes}",
            int(fields.start[broken[0]]),
        )
