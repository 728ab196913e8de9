"""The fields of protobuf messages: where each lies, not what it means.

Many messages are walked together: the first field of each, then the second of each that has one, so
the work per field is NumPy's. The last few messages are walked one by one, which is faster then and
keeps one message with very many fields from taking one round for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.ragged import Bytes, Ints, is_last
from sagemaker_spark_py.recordio.varints import MAX_BYTES, Uints, cut_number, long_number

_FEW = 128
_MAX_TAG = (1 << 32) - 1
_UINT64 = (1 << 64) - 1
_WIRE_TYPES = (wire.VARINT, wire.FIXED64, wire.LENGTH_DELIMITED, wire.FIXED32)
_FIXED_BYTES = {wire.FIXED64: 8, wire.FIXED32: 4}


class Fields(NamedTuple):
    """Fields of several messages, in the order in which they lie in the input.

    Attributes
    ----------
    owner : array of int64
        Number of the message that the field belongs to, as given by the caller.
    number, wire_type : arrays of int64
    start, stop : arrays of int64
        Where its content lies: for varints the varint itself, else what follows tag and length.
    """

    owner: Ints
    number: Ints
    wire_type: Ints
    start: Ints
    stop: Ints

    def only(self, chosen: npt.NDArray[np.bool_]) -> Fields:
        """Return some of the fields."""
        return Fields(*(column[chosen] for column in self))

    def last_of_each(self) -> npt.NDArray[np.bool_]:
        """Return which fields are the last of their owner."""
        return is_last(self.owner)


def find_fields(data: Bytes, owner: Ints, start: Ints, stop: Ints) -> Fields:
    """Find the fields of the messages ``data[start:stop]``, which lie one behind the other.

    Raises
    ------
    RecordIOError
        If a field is cut short, its message ends inside it, or its sort does not exist.
    """
    found: list[Fields] = []
    todo = start < stop
    owner, start, stop = owner[todo], start[todo], stop[todo]
    while len(owner) > _FEW:
        fields = _next_fields(data, owner, start, stop)
        found.append(fields)
        more = fields.stop < stop
        owner, start, stop = owner[more], fields.stop[more], stop[more]
    found.append(_walk_each(data, owner, start, stop))
    together = Fields(*map(np.concatenate, zip(*found, strict=True)))
    order = np.argsort(together.stop, kind="stable")
    return Fields(*(column[order] for column in together))


def _next_fields(data: Bytes, owner: Ints, at: Ints, stop: Ints) -> Fields:
    """Return the first field of each message."""
    tags, start = _read_varints(data, at, stop)
    bad = np.flatnonzero((tags < 8) | (tags > _MAX_TAG) | ~np.isin(tags & np.uint64(7), _WIRE_TYPES))
    if bad.size:
        raise _unknown_sort(int(tags[bad[0]]), int(at[bad[0]]))
    wire_type = (tags & np.uint64(7)).astype(np.int64)
    size = np.zeros(len(at), np.int64)
    for sort, fixed_bytes in _FIXED_BYTES.items():
        size[wire_type == sort] = fixed_bytes
    numbers = np.flatnonzero(wire_type == wire.VARINT)
    size[numbers] = _read_varints(data, start[numbers], stop[numbers])[1] - start[numbers]
    delimited = np.flatnonzero(wire_type == wire.LENGTH_DELIMITED)
    length, start[delimited] = _read_varints(data, start[delimited], stop[delimited])
    size[delimited] = np.minimum(length, np.uint64(len(data) + 1))
    long = np.flatnonzero(size > stop - start)
    if long.size:
        raise _too_long(int(start[long[0]]), int(stop[long[0]]))
    return Fields(owner, (tags >> np.uint64(3)).astype(np.int64), wire_type, start, start + size)


def _read_varints(data: Bytes, at: Ints, stop: Ints) -> tuple[Uints, Ints]:
    """Return the number at each place, and where it ends."""
    numbers = np.zeros(len(at), np.uint64)
    after = at.copy()
    unread = np.arange(len(at))
    for place in range(MAX_BYTES):
        if not unread.size:
            break
        here = at[unread] + place
        cut = np.flatnonzero(here >= stop[unread])
        if cut.size:
            raise cut_number(int(here[cut[0]]))
        byte = data[here]
        numbers[unread] |= (byte & 0x7F).astype(np.uint64) << np.uint64(7 * place)
        after[unread] = here + 1
        unread = unread[byte >= 0x80]
    if unread.size:
        raise long_number(int(at[unread[0]]))
    return numbers, after


def _walk_each(data: Bytes, owner: Ints, start: Ints, stop: Ints) -> Fields:
    view = data.data
    messages = zip(owner.tolist(), start.tolist(), stop.tolist(), strict=True)
    fields = [(one, *field) for one, at, end in messages for field in _walk(view, at, end)]
    return Fields(*np.array(fields, np.int64).reshape(-1, len(Fields._fields)).T)


def _walk(data: memoryview, at: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, start and stop of each field of one message."""
    while at < stop:
        tag, start = _read_varint(data, at, stop)
        number, wire_type = tag >> 3, tag & 7
        if not number or tag > _MAX_TAG or wire_type not in _WIRE_TYPES:
            raise _unknown_sort(tag, at)
        if wire_type == wire.LENGTH_DELIMITED:
            size, start = _read_varint(data, start, stop)
        elif wire_type == wire.VARINT:
            size = _read_varint(data, start, stop)[1] - start
        else:
            size = _FIXED_BYTES[wire_type]
        if size > stop - start:
            raise _too_long(start, stop)
        at = start + size
        yield number, wire_type, start, at


def _read_varint(data: memoryview, at: int, stop: int) -> tuple[int, int]:
    """Return the number at a place, and where it ends."""
    number = 0
    for place in range(MAX_BYTES):
        if at + place >= stop:
            raise cut_number(stop)
        byte = data[at + place]
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number & _UINT64, at + place + 1
    raise long_number(at)


def _unknown_sort(tag: int, at: int) -> RecordIOError:
    return RecordIOError(
        f"Field has an unknown sort: number {tag >> 3}, wire type {tag & 7}; "
        f"expected a number from 1 and one of the wire types {_WIRE_TYPES}",
        at,
    )


def _too_long(start: int, stop: int) -> RecordIOError:
    return RecordIOError(
        f"Field is longer than the message around it, which has {stop - start} bytes left", start
    )
