"""Numbers as text, whole batches at a time.

Numbers are written in the shortest form that reads back as the same number of the same width: ``1.5``,
``0``, ``1e-7``, ``nan``, ``inf``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sagemaker_spark_py.transformation.features import Array

TEXT = pa.large_string()
"""64-bit offsets: the text of one batch may pass 2 GiB."""

_SMALL = 1024
"""Counts and pixels, whole numbers below this, are looked up: that is three times as fast as writing them."""

_NOTHING = pa.scalar("", TEXT)


def texts(numbers: Array) -> pa.LargeStringArray:
    """Return the text of each number."""
    if numbers.dtype.kind == "f" and _are_small(numbers[:_SMALL]) and _are_small(numbers):
        return pc.cast(pa.array(np.arange(_SMALL)), TEXT).take(pa.array(numbers.astype(np.int64)))
    return pc.cast(pa.array(numbers), TEXT)


def _are_small(numbers: Array) -> bool:
    """Tell whether all numbers are whole, not negative and below _SMALL."""
    near = (numbers >= 0) & (numbers < _SMALL) & ~np.signbit(numbers)
    return bool(near.all()) and bool((numbers == np.floor(numbers)).all())


def glue(*parts: pa.Array | str) -> pa.LargeStringArray:
    """Return, row by row, the parts one after the other; a plain string stands in each row."""
    return pc.binary_join_element_wise(*(_scalar(part) for part in parts), _NOTHING)


def join_runs(cells: pa.LargeStringArray, indptr: Array, separator: str) -> pa.LargeStringArray:
    """Return one text per run of cells, with the separator between its cells."""
    runs = pa.LargeListArray.from_arrays(pa.array(indptr), cells)
    return pc.binary_join(runs, pa.scalar(separator, TEXT))


def as_runs(cells: pa.LargeStringArray, indptr: Array) -> pa.LargeStringArray:
    """Return one text per run of cells, which follow each other directly; nothing is copied."""
    _, offsets, data = cells.buffers()
    bounds = np.frombuffer(offsets, np.int64)[cells.offset : cells.offset + len(cells) + 1][indptr]
    return pa.Array.from_buffers(TEXT, len(indptr) - 1, [None, pa.py_buffer(bounds), data])


def as_payloads(lines: pa.LargeStringArray) -> pa.LargeBinaryArray:
    """Return text as UTF-8 bytes; nothing is copied."""
    return lines.cast(pa.large_binary())


def _scalar(part: pa.Array | str) -> pa.Array | pa.Scalar:
    return pa.scalar(part, TEXT) if isinstance(part, str) else part
