"""Records of one layout: a template row repeated, with holes where the numbers go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.ragged import Bytes
from sagemaker_spark_py.recordio.varints import encode_one

Numbers = npt.NDArray[np.generic]


class Column(NamedTuple):
    """One named tensor of all rows.

    Attributes
    ----------
    field : int
        ``wire.FEATURES`` or ``wire.LABEL``.
    name : str
        Its name in that map.
    values : array of shape (n, count)
        Real numbers of any type.
    shape : tuple of int
        Written with each tensor unless empty.
    """

    field: int
    name: str
    values: Numbers
    shape: tuple[int, ...] = ()


class _Template(NamedTuple):
    record: bytes
    holes: list[int]


def records(columns: Sequence[Column]) -> Bytes:
    """Encode rows as a table of shape (n, record_bytes); there must be at least one column."""
    template = _template(columns)
    rows, stride = len(columns[0].values), len(template.record)
    table = np.empty((rows, stride), np.uint8)
    at = 0
    for column, hole in zip(columns, template.holes, strict=True):
        _fill(table[:, at:hole], template.record[at:hole])
        at = hole + 4 * column.values.shape[1]
        _narrow(column.values, table[:, hole:at])
    _fill(table[:, at:], template.record[at:])
    return table


def _fill(target: Bytes, content: bytes) -> None:
    target[...] = np.frombuffer(content, np.uint8)


def _narrow(values: Numbers, target: Bytes) -> None:
    """Write numbers as float32; what is too large becomes infinite."""
    if values.size:
        with np.errstate(over="ignore", invalid="ignore"):
            target.view("<f4")[...] = values


def _template(columns: Sequence[Column]) -> _Template:
    record = bytearray(wire.FRAME_BYTES)
    holes = []
    for column in columns:
        head, tail = around(column.field, column.name, column.values.shape[1], column.shape)
        holes.append(len(record) + len(head))
        record += head + bytes(4 * column.values.shape[1]) + tail
    payload_bytes = len(record) - wire.FRAME_BYTES
    if payload_bytes > wire.MAX_PAYLOAD_BYTES:
        raise DataError(
            f"Row is too large for one record: {payload_bytes} bytes; "
            f"expected at most {wire.MAX_PAYLOAD_BYTES}. Use fewer columns or sparse rows."
        )
    record[:4] = wire.MAGIC.to_bytes(4, "little")
    record[4:8] = payload_bytes.to_bytes(4, "little")
    return _Template(bytes(record) + bytes(wire.padding(payload_bytes)), holes)


def around(field: int, name: str, count: int, shape: tuple[int, ...] = ()) -> tuple[bytes, bytes]:
    """Return the bytes of a map entry with a float32 tensor before and after its `count` numbers."""
    floats_bytes = 4 * count
    after = delimited(wire.SHAPE, b"".join(map(encode_one, shape))) if shape else b""
    before = _head(wire.VALUES, floats_bytes) if count else b""
    before = _head(wire.FLOAT32, len(before) + floats_bytes + len(after)) + before
    before = _head(wire.VALUE, len(before) + floats_bytes + len(after)) + before
    before = delimited(wire.NAME, name.encode()) + before
    return _head(field, len(before) + floats_bytes + len(after)) + before, after


def delimited(field: int, content: bytes) -> bytes:
    """Return a length-delimited field."""
    return _head(field, len(content)) + content


def _head(field: int, content_bytes: int) -> bytes:
    return bytes([wire.tag(field)]) + encode_one(content_bytes)
