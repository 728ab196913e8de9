"""Rows as a NumPy archive: one array of features, one of labels."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np

from sagemaker_spark_py.staging.rows import Rows

CHUNK_BYTES = 8 << 20
Entry = tuple[IO[bytes], tuple[int, ...]]
"""A file of numbers and the shape of their array."""


def npz_file(rows: Iterable[Rows]) -> Iterator[bytes]:
    """Yield the bytes of one ``.npz`` with ``features``, shape (rows, d), and, if there are any, ``labels``.

    Both are float32. An array's size stands before its numbers, so these wait in temporary files of the
    executor until the last row has come.
    """
    with tempfile.TemporaryFile() as features, tempfile.TemporaryFile() as labels:
        count, dim = 0, 0
        for some in map(Rows.float32, rows):
            numbers = np.ascontiguousarray(some.features.dense(), "<f4")
            count, dim = count + len(numbers), numbers.shape[1]
            features.write(numbers.data)
            if some.labels is not None:
                labels.write(np.ascontiguousarray(some.labels, "<f4").data)
        entries: dict[str, Entry] = {"features": (features, (count, dim))}
        if labels.tell():
            entries["labels"] = (labels, (count,))
        yield from _archive(entries)


def _archive(entries: dict[str, Entry]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, (numbers, shape) in entries.items():
            numbers.seek(0)
            # A fixed time: the same rows give the same bytes.
            member = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(member, "w", force_zip64=True) as entry:
                entry.write(_header(shape))
                while chunk := numbers.read(CHUNK_BYTES):
                    entry.write(chunk)
                    yield sink.drain()
    yield sink.drain()


def _header(shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    content = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, content)
    return header.getvalue()


class _Sink(io.RawIOBase):
    """A file that is read away behind the writer, which cannot seek in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def drain(self) -> bytes:
        """Return what was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
