"""The named tensors of a batch of records, put together from where their numbers lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.fields import Fields
from sagemaker_spark_py.recordio.layout import Layout
from sagemaker_spark_py.recordio.ragged import Bytes, Ints, gather, is_last, offsets
from sagemaker_spark_py.recordio.tensor import Numbers, Tensor
from sagemaker_spark_py.recordio.varints import decode_runs

_DTYPES = {wire.FLOAT32: "<f4", wire.FLOAT64: "<f8", wire.INT32: "<i4", wire.BYTES: "u1"}


class Columns(Mapping[str, Tensor]):
    """The tensors of one of the two maps, by name; each is put together when it is first asked for."""

    def __init__(self, batch: Batch, number: int) -> None:
        self._batch = batch
        self._entries = _entries_by_name(batch.data, batch.layout, number)
        self._made: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._made:
            self._made[name] = self._make(self._entries[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _make(self, entries: Ints) -> Tensor:
        return self._batch.tensor(entries)


class UniformColumns(Columns):
    """The tensors of records that equal the first one, whose batch is given, in all but their floats."""

    def __init__(self, first: Batch, number: int, table: Bytes) -> None:
        super().__init__(first, number)
        self._table = table

    def _make(self, entries: Ints) -> Tensor:
        tensor = super()._make(entries)
        floats = self._batch.layout.contents_of(wire.VALUES, wire.FLOAT32, wire.FLOAT64)
        pieces = floats.only(floats.owner == entries[-1])
        if not len(pieces.owner):
            return tensor.repeat(len(self._table), np.tile(tensor.values, len(self._table)))
        places = zip(pieces.start, pieces.stop, strict=True)
        values = np.concatenate([self._table[:, start:stop] for start, stop in places], axis=1)
        return tensor.repeat(len(self._table), values.ravel().view(tensor.values.dtype))


class _Runs(NamedTuple):
    """Numbers of contents: those of content i are ``values[bounds[i]:bounds[i + 1]]``."""

    owner: Ints
    values: Numbers
    bounds: Ints

    def of(self, record_of_entry: Ints, records: int) -> tuple[Numbers, Ints]:
        """Return the numbers of the entries that have a record, and their bounds by record."""
        record = record_of_entry[self.owner]
        chosen, counts = record >= 0, np.diff(self.bounds)
        values = self.values if chosen.all() else self.values[np.repeat(chosen, counts)]
        return values, _bounds(record[chosen], counts[chosen], records)


def _bounds(record: Ints, counts: Ints, records: int) -> Ints:
    """Return the bounds by record of pieces with so many numbers each."""
    # The sums are floats, which are exact below 2**53.
    return offsets(np.bincount(record, counts, records).astype(np.int64))


class Batch:
    """A batch whose integers are decoded, and whose floats still lie in the input."""

    def __init__(self, data: Bytes, layout: Layout) -> None:
        self.data = data
        self.layout = layout
        tensors = (wire.FLOAT32, wire.FLOAT64, wire.INT32)
        self.keys = self._integers(layout.contents_of(wire.KEYS, *tensors))
        self.shapes = self._integers(layout.contents_of(wire.SHAPE, *tensors))
        self.int32 = self._integers(layout.contents_of(wire.VALUES, wire.INT32))

    def _integers(self, contents: Fields) -> _Runs:
        return _Runs(contents.owner, *decode_runs(self.data, contents.start, contents.stop))

    def tensor(self, entries: Ints) -> Tensor:
        """Put the tensor of these entries together; of each record's the last one counts."""
        record = self.layout.entries.owner[entries]
        last = is_last(record)
        record_of_entry = np.full(len(self.layout.kinds), -1)
        record_of_entry[entries[last]] = record[last]
        kinds = np.full(self.layout.records, wire.NOTHING)
        kinds[record[last]] = self.layout.kinds[entries[last]]
        values, indptr = self._values(kinds, record_of_entry)
        keys, key_indptr = self.keys.of(record_of_entry, len(kinds))
        shapes, shape_indptr = self.shapes.of(record_of_entry, len(kinds))
        return Tensor(kinds, values, indptr, keys, key_indptr, shapes, shape_indptr)

    def _values(self, kinds: Ints, record_of_entry: Ints) -> tuple[Numbers, Ints]:
        """Return the values of all records, whatever their kinds, and their bounds."""
        present = [kind for kind in _DTYPES if (kinds == kind).any()] or [wire.FLOAT32]
        parts = [self._values_of(kind, record_of_entry, len(kinds)) for kind in present]
        if len(parts) == 1:
            return parts[0]
        indptr = np.sum([bounds for _, bounds in parts], axis=0)
        values = np.empty(indptr[-1], np.result_type(*(numbers for numbers, _ in parts)))
        with np.errstate(invalid="ignore"):  # a signalling NaN, which is a value as good as any
            for kind, (numbers, _) in zip(present, parts, strict=True):
                values[np.repeat(kinds == kind, np.diff(indptr))] = numbers
        return values, indptr

    def _values_of(self, kind: int, record_of_entry: Ints, records: int) -> tuple[Numbers, Ints]:
        if kind == wire.INT32:
            values, bounds = self.int32.of(record_of_entry, records)
            return values.astype("<u4").view("<i4"), bounds
        contents = self.layout.contents_of(wire.VALUES, kind)
        record = record_of_entry[contents.owner]
        start, stop = contents.start[record >= 0], contents.stop[record >= 0]
        counts = (stop - start) // np.dtype(_DTYPES[kind]).itemsize
        values = gather(self.data, start, stop).view(_DTYPES[kind])
        return values, _bounds(record[record >= 0], counts, records)


def _entries_by_name(data: Bytes, layout: Layout, number: int) -> dict[str, Ints]:
    """Return the entries of a map that have the same name, for each name."""
    start, size = np.zeros((2, len(layout.kinds)), np.int64)
    start[layout.names.owner] = layout.names.start
    size[layout.names.owner] = layout.names.stop - layout.names.start
    mine = layout.entries.number == number
    found = {}
    for name_bytes in np.unique(size[mine]):
        entries = np.flatnonzero(mine & (size == name_bytes))
        for same in _split_by_bytes(data, start[entries], int(name_bytes)):
            first = start[entries[same[0]]]
            found[read_text(data, first, first + name_bytes)] = entries[same]
    return found


def _split_by_bytes(data: Bytes, starts: Ints, size: int) -> list[Ints]:
    """Group the runs of this size that have the same bytes; returns the numbers of each group."""
    texts = gather(data, starts, starts + size).reshape(len(starts), size)
    if (texts == texts[0]).all():
        return [np.arange(len(starts))]
    _, group = np.unique(texts.view(f"V{size}").ravel(), return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def read_text(data: Bytes, start: int, stop: int) -> str:
    """Decode the text at a place of the input."""
    try:
        return data[start:stop].tobytes().decode()
    except UnicodeDecodeError as error:
        raise RecordIOError(f"Text is not UTF-8: {error.reason}", int(start) + error.start) from error
