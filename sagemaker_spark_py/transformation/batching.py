"""Payloads packed into request bodies under a limit of bytes and one of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation.features import Array

MAX_COVERED_ROWS = 1_000_000
"""A body covers no more rows than about this, so that what waits for its answer stays bounded even where rows
are tiny or most of them are not sent."""


class Body(NamedTuple):
    """What one request carries.

    Attributes
    ----------
    data : bytes or memoryview
        The payloads one after the other; a view into the payloads' buffer where they come from one array.
    rows : int
        How many payloads; 0 if all rows that it covers are without one.
    first_row, last_row : int
        The rows it covers, counted from 0 over all arrays, rows without a payload included.
    offsets : int64 array, shape (rows + 1,)
        Where each payload begins in `data`, and the end.
    numbers : range or int64 array, shape (rows,)
        The row of each payload.
    """

    data: bytes | memoryview
    rows: int
    first_row: int
    last_row: int
    offsets: Array
    numbers: Array | range

    def part(self, start: int, stop: int) -> Body:
        """Return the body of some of its payloads, a view: those from `start` to before `stop`."""
        first, end = int(self.offsets[start]), int(self.offsets[stop])
        numbers = self.numbers[start:stop]
        offsets = self.offsets[start : stop + 1] - first
        data = memoryview(self.data)[first:end]
        return Body(data, stop - start, int(numbers[0]), int(numbers[-1]), offsets, numbers)


def bodies(
    payloads: Iterable[pa.Array],
    max_bytes: int,
    max_rows: int | None = None,
    enough_bytes: Callable[[], int] | None = None,
) -> Iterator[Body]:
    """Pack payloads into as few bodies as their order allows.

    Parameters
    ----------
    payloads : iterable of pyarrow.Array of binary or large_binary
        As `RequestRowSerializer.serializeBatch` returns them; null for rows without a payload. They are taken
        one by one as bodies are asked for.
    max_bytes : int
        Most bytes of one body.
    max_rows : int, optional
        Most rows of one body.
    enough_bytes : callable, optional
        Asked when a body is begun: how many bytes it shall have, if more payloads than one fit in them.

    Yields
    ------
    Body
        In row order; together they cover every row once.

    Raises
    ------
    DataError
        If one payload alone has more than `max_bytes`.
    """
    yield from _packed(payloads, max_bytes, max_rows, enough_bytes or (lambda: max_bytes))


def _packed(
    payloads: Iterable[pa.Array], max_bytes: int, max_rows: int | None, enough: Callable[[], int]
) -> Iterator[Body]:
    draft = _Draft(0, enough())
    row = 0
    for array in payloads:
        run = _Run.of(array, row)
        at = 0
        while at < run.count:
            stop = draft.fitting(run, at, max_bytes, max_rows)
            if stop > at:
                draft.add(run, at, stop)
            elif draft.rows:
                yield draft.close(run.row(at) - 1)
                draft = _Draft(run.row(at), enough())
            else:
                raise _too_large(run, at, max_bytes)
            at = stop
        row += len(array)
        if row - draft.first_row >= MAX_COVERED_ROWS:
            yield draft.close(row - 1)
            draft = _Draft(row, enough())
    if row > draft.first_row:
        yield draft.close(row - 1)


@dataclass(frozen=True)
class _Run:
    """The payloads of one array without its nulls."""

    data: memoryview
    offsets: Array
    rows: Array | range

    @classmethod
    def of(cls, array: pa.Array, first_row: int) -> _Run:
        rows: Array | range = range(first_row, first_row + len(array))
        if array.null_count:
            rows = first_row + np.flatnonzero(array.is_valid())
            array = array.drop_null()
        array = array.cast(pa.large_binary())
        _, ends, data = array.buffers()
        offsets = np.frombuffer(ends or b"", np.int64)[array.offset : array.offset + len(array) + 1]
        return cls(memoryview(data or b""), offsets, rows)

    @property
    def count(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> int:
        return int(self.rows[index])

    def bytes(self, index: int) -> int:
        return int(self.offsets[index + 1] - self.offsets[index])

    def fitting(self, start: int, room_bytes: int, room_rows: int) -> int:
        """Return the end of the longest run of payloads from `start` that fits."""
        end = int(np.searchsorted(self.offsets, self.offsets[start] + room_bytes, side="right")) - 1
        return min(end, start + room_rows)

    def slice(self, start: int, stop: int) -> memoryview:
        return self.data[self.offsets[start] : self.offsets[stop]]


@dataclass
class _Draft:
    """A body that is being filled."""

    first_row: int
    enough_bytes: int
    rows: int = 0
    bytes: int = 0
    pieces: list[memoryview] = field(default_factory=list)
    offsets: list[Array] = field(default_factory=list)
    numbers: list[Array | range] = field(default_factory=list)

    def fitting(self, run: _Run, start: int, max_bytes: int, max_rows: int | None) -> int:
        """Return the end of the longest run of payloads from `start` that this body can take."""
        room = max(0, min(self.enough_bytes, max_bytes) - self.bytes)
        stop = run.fitting(start, room, run.count if max_rows is None else max_rows - self.rows)
        alone = stop == start and not self.rows and run.bytes(start) <= max_bytes
        return start + 1 if alone else stop

    def add(self, run: _Run, start: int, stop: int) -> None:
        piece = run.slice(start, stop)
        self.pieces.append(piece)
        self.offsets.append(run.offsets[start:stop] - run.offsets[start] + self.bytes)
        self.numbers.append(run.rows[start:stop])
        self.bytes += len(piece)
        self.rows += stop - start

    def close(self, last_row: int) -> Body:
        one = len(self.pieces) == 1
        data = self.pieces[0] if one else b"".join(self.pieces)
        offsets = np.concatenate([*self.offsets, np.array([self.bytes], np.int64)])
        numbers = self.numbers[0] if one else np.concatenate([np.empty(0, np.int64), *self.numbers])
        return Body(data, self.rows, self.first_row, last_row, offsets, numbers)


def _too_large(run: _Run, index: int, max_bytes: int) -> DataError:
    return DataError(
        f"Row {run.row(index)} of the partition is too large for one request: {run.bytes(index)} bytes; "
        "expected at most "
        f"{max_bytes}. Send fewer features, or use a way of inference with a higher limit."
    )
