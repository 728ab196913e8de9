"""NumPy arrays written as Arrow columns of Spark vectors and matrices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.transformation.columns import DENSE, SPARSE
from sagemaker_spark_py.transformation.features import Array, Features

_INTS = pa.field("element", pa.int32(), nullable=False)
_DOUBLES = pa.field("element", pa.float64(), nullable=False)
_FIELDS = (
    pa.field("type", pa.int8(), nullable=False),
    pa.field("size", pa.int32()),
    pa.field("indices", pa.list_(_INTS)),
    pa.field("values", pa.list_(_DOUBLES)),
)
_MATRIX_FIELDS = (
    pa.field("type", pa.int8(), nullable=False),
    pa.field("numRows", pa.int32(), nullable=False),
    pa.field("numCols", pa.int32(), nullable=False),
    pa.field("colPtrs", pa.list_(_INTS)),
    pa.field("rowIndices", pa.list_(_INTS)),
    pa.field("values", pa.list_(_DOUBLES)),
    pa.field("isTransposed", pa.bool_(), nullable=False),
)


def to_vectors(features: Features) -> pa.StructArray:
    """Return a column of Spark vectors: the inverse of `columns.read_features`.

    Parameters
    ----------
    features : Features
        Dense rows become dense vectors, sparse rows sparse ones. Values are widened to float64.
    """
    values = _lists(features.values.astype(np.float64), features.indptr, _DOUBLES)
    if features.is_sparse is None:
        rows = len(features)
        parts = [pa.array(np.full(rows, DENSE, np.int8)), pa.nulls(rows, pa.int32())]
        return pa.StructArray.from_arrays([*parts, pa.nulls(rows, pa.list_(_INTS)), values], fields=_FIELDS)
    dense = ~features.is_sparse
    kinds = pa.array(np.where(dense, DENSE, SPARSE).astype(np.int8))
    sizes = pa.array(features.dims.astype(np.int32), mask=dense)
    return pa.StructArray.from_arrays([kinds, sizes, _sparse_indices(features), values], fields=_FIELDS)


def to_matrices(features: Features) -> pa.StructArray:
    """Return a column of Spark matrices: the inverse of `matrices.read_matrices`.

    Parameters
    ----------
    features : Features
        With `shapes`; the positions of sparse rows ascend. Dense rows become dense matrices, sparse rows
        sparse ones, all stored row by row. Values are widened to float64.
    """
    assert features.shapes is not None
    rows = len(features)
    sparse = np.zeros(rows, bool) if features.is_sparse is None else features.is_sparse
    heights, widths = features.shapes.T
    lengths = np.diff(features.indptr) * sparse
    positions = np.empty(0, np.int64) if features.indices is None else features.indices
    columns = _lists(
        (positions % np.maximum(np.repeat(widths, lengths), 1)).astype(np.int32),
        np.append(0, np.cumsum(lengths)),
        _INTS,
        mask=~sparse,
    )
    parts = [
        pa.array(np.where(sparse, SPARSE, DENSE).astype(np.int8)),
        pa.array(heights.astype(np.int32)),
        pa.array(widths.astype(np.int32)),
        _row_pointers(features.shapes, sparse, lengths, positions),
        columns,
        _lists(features.values.astype(np.float64), features.indptr, _DOUBLES),
        pa.array(np.ones(rows, bool)),
    ]
    return pa.StructArray.from_arrays(parts, fields=_MATRIX_FIELDS)


def _row_pointers(shapes: Array, sparse: Array, lengths: Array, positions: Array) -> pa.ListArray:
    """Return where each line of the sparse matrices begins in its values, and where the last one ends."""
    sizes = np.where(sparse, shapes[:, 0] + 1, 0)
    starts = np.append(0, np.cumsum(sizes))
    widths = np.maximum(np.repeat(shapes[:, 1], lengths), 1)
    counts = np.bincount(np.repeat(starts[:-1], lengths) + positions // widths + 1, minlength=starts[-1])
    before = np.append(0, np.cumsum(lengths))[:-1]
    pointers = np.cumsum(counts) - np.repeat(before, sizes)
    return _lists(pointers.astype(np.int32), starts, _INTS, mask=~sparse)


def _sparse_indices(features: Features) -> pa.ListArray:
    """Return the positions of sparse rows' values; null for dense rows."""
    sparse, lengths = features.is_sparse, np.diff(features.indptr)
    assert sparse is not None
    indices = features.all_indices()[np.repeat(sparse, lengths)].astype(np.int32)
    offsets = np.append(0, np.cumsum(np.where(sparse, lengths, 0)))
    return _lists(indices, offsets, _INTS, mask=~sparse)


def _lists(values: Array, indptr: Array, element: pa.Field, mask: Array | None = None) -> pa.ListArray:
    nulls = None if mask is None else pa.array(~mask).buffers()[1]
    buffers = [nulls, pa.py_buffer(indptr.astype(np.int32))]
    return pa.ListArray.from_buffers(pa.list_(element), len(indptr) - 1, buffers, children=[pa.array(values)])
