"""Rows as Parquet: one column per number, the label first."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sagemaker_spark_py.staging.rows import Rows

ROW_GROUP_BYTES = 8 << 20
"""Values of one row group: little beside the memory of a worker, enough for thousands of columns."""


def parquet_file(rows: Iterable[Rows]) -> Iterator[bytes]:
    """Yield the bytes of one Parquet file with the columns ``label`` (if there is one), ``f0``, ``f1``, ...

    All columns are float32 and hold no null. Sparse rows are filled up with zeros.
    """
    sink, writer = _Sink(), None
    for group in _row_groups(rows):
        writer = writer or pq.ParquetWriter(sink, group.schema, use_dictionary=False, write_statistics=False)
        writer.write_table(group)
        yield sink.drain()
    if writer is not None:
        writer.close()
        yield sink.drain()


def _row_groups(rows: Iterable[Rows]) -> Iterator[pa.Table]:
    waiting: list[np.ndarray[Any, Any]] = []
    labelled = False
    for some in rows:
        labelled = some.labels is not None
        waiting.append(_columns(some))
        if sum(table.nbytes for table in waiting) >= ROW_GROUP_BYTES:
            yield _table(waiting, labelled)
            waiting = []
    if waiting:
        yield _table(waiting, labelled)


def _columns(rows: Rows) -> np.ndarray[Any, Any]:
    """Return float32 of shape (columns, rows), the label first."""
    narrow = rows.float32()
    numbers = np.ascontiguousarray(narrow.features.dense().T)
    return numbers if narrow.labels is None else np.vstack([narrow.labels, numbers])


def _table(pieces: list[np.ndarray[Any, Any]], labelled: bool) -> pa.Table:
    columns = np.concatenate(pieces, axis=1)
    names = ["label"] if labelled else []
    names += [f"f{i}" for i in range(len(columns) - len(names))]
    return pa.table(list(columns), names=names)


class _Sink(io.RawIOBase):
    """A file that is read away behind the writer, which only ever appends."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self._at += len(piece)
        return len(piece)

    def drain(self) -> bytes:
        """Return what was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
