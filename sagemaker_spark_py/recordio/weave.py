"""Records of different lengths, written field by field into all records at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import varints, wire
from sagemaker_spark_py.recordio.arrays import Floats
from sagemaker_spark_py.recordio.fixed import around, delimited
from sagemaker_spark_py.recordio.ragged import Bytes, Flags, Ints, copy_runs, offsets, windows
from sagemaker_spark_py.recordio.varints import Whole

_BLOCK_ROWS = 1 << 12
"""So many rows are written at a time, so that the places written to stay in the processor's cache."""

_LABEL_HEAD = around(wire.LABEL, wire.DEFAULT_NAME, 1)[0]


class Rows(NamedTuple):
    """One float32 tensor per row, and perhaps a label.

    Attributes
    ----------
    values : array of little-endian float32
        Numbers of all rows, row i's are ``values[indptr[i]:indptr[i + 1]]``.
    indptr : array of int64, shape (n + 1,)
    keys : array of integers
        Keys of all rows, row i's are ``keys[key_indptr[i]:key_indptr[i + 1]]``.
    key_indptr : array of int64, shape (n + 1,)
    shapes : array of int64, shape (n, rank)
        Dimensions of each tensor.
    shaped : array of bool, shape (n,)
        Rows whose shape is written.
    labels : array of little-endian float32, shape (n,), or None
    name : str
        Of the tensor.
    """

    values: Floats
    indptr: Ints
    keys: Whole
    key_indptr: Ints
    shapes: Ints
    shaped: Flags
    labels: Floats | None
    name: str = wire.DEFAULT_NAME

    @property
    def name_field(self) -> bytes:
        """The name as it is written."""
        return delimited(wire.NAME, self.name.encode())


class _Sizes(NamedTuple):
    """Bytes of the parts of each record, from the inside out; arrays of shape (n,)."""

    floats: Ints
    keys: Ints
    shape: Ints
    tensor: Ints
    value: Ints
    entry: Ints
    payload: Ints


def weave(rows: Rows) -> tuple[Bytes, Ints]:
    """Encode rows; returns the records' bytes and their n + 1 offsets."""
    sizes = _measure(rows)
    keys = varints.encode(rows.keys)
    key_starts = offsets(sizes.keys)[:-1]
    bounds = offsets(wire.FRAME_BYTES + sizes.payload + -sizes.payload % wire.ALIGNMENT_BYTES)
    data = np.zeros(int(bounds[-1]), np.uint8)
    for first in range(0, len(rows.shaped), _BLOCK_ROWS):
        block = slice(first, first + _BLOCK_ROWS)
        part = _Sizes(*(column[block] for column in sizes))
        cursors = _Cursors(data, bounds[:-1][block])
        _write_head(cursors, part, rows.name_field)
        cursors.runs(rows.values.view(np.uint8), 4 * rows.indptr[:-1][block], part.floats)
        cursors.head_if_filled(wire.KEYS, part.keys)
        cursors.runs(keys, key_starts[block], part.keys)
        _write_shape(cursors, part, rows.shapes[block], rows.shaped[block])
        if rows.labels is not None:
            cursors.constant(_LABEL_HEAD)
            cursors.words(rows.labels[block])
    return data, bounds


def _measure(rows: Rows) -> _Sizes:
    floats = 4 * np.diff(rows.indptr)
    keys = varints.run_sizes(rows.keys, rows.key_indptr)
    shape = np.sum([varints.sizes(dimension) for dimension in rows.shapes.T], axis=0) * rows.shaped
    tensor = _field_bytes(floats) + _field_bytes(keys) + _field_bytes(shape)
    value = _head_bytes(tensor) + tensor
    entry = len(rows.name_field) + _head_bytes(value) + value
    label_bytes = 0 if rows.labels is None else len(_LABEL_HEAD) + 4
    payload = _head_bytes(entry) + entry + label_bytes
    large = np.flatnonzero(payload > wire.MAX_PAYLOAD_BYTES)
    if large.size:
        raise DataError(
            f"Row {large[0]} is too large for one record: {payload[large[0]]} bytes; "
            f"expected at most {wire.MAX_PAYLOAD_BYTES}. Use fewer columns or sparse rows."
        )
    return _Sizes(floats, keys, shape, tensor, value, entry, payload)


def _head_bytes(content_bytes: Ints) -> Ints:
    return 1 + varints.sizes(content_bytes)


def _field_bytes(content_bytes: Ints) -> Ints:
    """Bytes of a length-delimited field, which is left out when it is empty."""
    return (_head_bytes(content_bytes) + content_bytes) * (content_bytes > 0)


class _Cursors:
    """Places in a buffer, one per record, where the next bytes of each are written."""

    def __init__(self, data: Bytes, at: Ints) -> None:
        self._data = data
        self._at = at.copy()

    def constant(self, content: bytes) -> None:
        """Write the same bytes."""
        self._write(np.frombuffer(content, f"V{len(content)}"), slice(None))

    def words(self, numbers: npt.NDArray[np.generic]) -> None:
        """Write each record's number as it lies in memory."""
        self._write(numbers.view(f"V{numbers.itemsize}"), slice(None))

    def varints(self, numbers: Ints, records: Ints | None = None) -> None:
        """Write a number to each record, or to each of these records."""
        sizes = varints.sizes(numbers)
        for size in np.flatnonzero(np.bincount(sizes)):
            same = np.flatnonzero(sizes == size)
            items = varints.cells(numbers[same]).view(f"V{size}").ravel()
            self._write(items, same if records is None else records[same])

    def head(self, field: int, content_bytes: Ints) -> None:
        """Write tag and length of a field."""
        self.constant(bytes([wire.tag(field)]))
        self.varints(content_bytes)

    def head_if_filled(self, field: int, content_bytes: Ints) -> None:
        """Write tag and length of a field to the records where it has content."""
        filled = np.flatnonzero(content_bytes)
        self._write(np.frombuffer(bytes([wire.tag(field)]), "V1"), filled)
        self.varints(content_bytes[filled], filled)

    def runs(self, stream: Bytes, starts: Ints, lengths: Ints) -> None:
        """Write each record's run of a stream."""
        copy_runs(stream, starts, self._data, self._at, lengths)
        self._at += lengths

    def _write(self, items: npt.NDArray[np.void], records: Ints | slice) -> None:
        at = self._at[records]
        if at.size:
            windows(self._data, items.itemsize)[at] = items
            self._at[records] = at + items.itemsize


def _write_head(cursors: _Cursors, sizes: _Sizes, name: bytes) -> None:
    cursors.constant(wire.MAGIC.to_bytes(4, "little"))
    cursors.words(sizes.payload.astype("<u4"))
    cursors.head(wire.FEATURES, sizes.entry)
    cursors.constant(name)
    cursors.head(wire.VALUE, sizes.value)
    cursors.head(wire.FLOAT32, sizes.tensor)
    cursors.head_if_filled(wire.VALUES, sizes.floats)


def _write_shape(cursors: _Cursors, sizes: _Sizes, shapes: Ints, shaped: Flags) -> None:
    cursors.head_if_filled(wire.SHAPE, sizes.shape)
    written = np.flatnonzero(shaped)
    for dimension in shapes[written].T:
        cursors.varints(dimension, written)
