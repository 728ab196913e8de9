"""Arrow columns of Spark matrices, read into arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation.columns import (
    SPARSE,
    read_lists,
    refuse_nulls,
    require_inside,
    to_numpy,
)
from sagemaker_spark_py.transformation.features import Array, Features, count_from_zero


def read_matrices(column: pa.StructArray, *, name: str) -> Features:
    """Read a column of dense and sparse matrices.

    Parameters
    ----------
    column : pyarrow.StructArray
        With the fields of pyspark.ml.linalg.MatrixUDT; slices are fine.
    name : str
        Name of the column, for messages.

    Returns
    -------
    Features
        With `shapes`. Values and positions count row by row, whatever way Spark stores them.

    Raises
    ------
    DataError
        If a row is null or inconsistent.
    """
    refuse_nulls(column, name, "a matrix")
    shapes = np.column_stack([to_numpy(column.field(f)) for f in ("numRows", "numCols")]).astype(np.int64)
    is_sparse = to_numpy(column.field("type")) == SPARSE
    transposed = to_numpy(column.field("isTransposed")) != 0
    indptr, values = read_lists(column.field("values"), name)
    dims, lengths = shapes.prod(axis=1), np.diff(indptr)
    _require_full(name, lengths, np.where(is_sparse, lengths, dims))
    values = values[_row_by_row(indptr, shapes, transposed | is_sparse)]
    if not is_sparse.any():
        return Features(name, values, indptr, dims, shapes=shapes)
    sparse = column.filter(pa.array(is_sparse))
    starts, positions = _positions(sparse, name, transposed[is_sparse], lengths[is_sparse])
    require_inside(name, positions, dims[is_sparse], starts, np.flatnonzero(is_sparse))
    return Features(name, values, indptr, dims, positions, is_sparse, shapes)


def _row_by_row(indptr: Array, shapes: Array, as_stored: Array) -> Array:
    """Return, for each place of the values counted row by row, the place where it is stored."""
    lengths = np.diff(indptr)
    place = count_from_zero(indptr)
    rows, columns = (np.repeat(s, lengths) for s in shapes.T)
    by_column = (place % columns) * rows + place // columns
    order: Array = np.where(np.repeat(as_stored, lengths), place, by_column)
    order += np.repeat(indptr[:-1], lengths)
    return order


def _positions(column: pa.StructArray, name: str, transposed: Array, lengths: Array) -> tuple[Array, Array]:
    """Return (indptr, row * columns + column of each stored value) of sparse matrices, in storage order."""
    starts, pointers = read_lists(column.field("colPtrs"), name)
    entries, minor = read_lists(column.field("rowIndices"), name)
    counts = np.delete(np.diff(pointers), starts[1:-1] - 1)
    if counts.sum() != len(minor) or (np.diff(entries) != lengths).any():
        raise DataError(f"Column {name!r} holds a sparse matrix whose colPtrs, rowIndices and values differ.")
    # A segment is what one entry of colPtrs begins: a column, or a row of a transposed matrix.
    segment = count_from_zero(np.append(0, np.cumsum(np.diff(starts) - 1)))
    major = np.repeat(segment, counts)
    columns = np.repeat(to_numpy(column.field("numCols")).astype(np.int64), lengths)
    by_row = np.repeat(transposed, lengths)
    return entries, np.where(by_row, major * columns + minor, minor * columns + major)


def _require_full(name: str, found: Array, expected: Array) -> None:
    wrong = np.flatnonzero(found != expected)
    if len(wrong):
        raise DataError(
            f"Column {name!r} holds a dense matrix of the wrong size: {found[wrong[0]]} values in row "
            f"{wrong[0]} of the batch; expected {expected[wrong[0]]}."
        )
