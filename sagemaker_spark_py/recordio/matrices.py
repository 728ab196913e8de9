"""Batches of matrices, laid out as Arrow holds Spark's, to records."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import arrays
from sagemaker_spark_py.recordio.arrays import Floats
from sagemaker_spark_py.recordio.encode import Encoded, encode_checked
from sagemaker_spark_py.recordio.ragged import Flags, Ints, offsets
from sagemaker_spark_py.recordio.varints import Whole
from sagemaker_spark_py.recordio.weave import Rows


class Matrices(NamedTuple):
    """n matrices of any sizes, dense or sparse.

    Attributes
    ----------
    is_sparse, is_transposed : array of bool, shape (n,)
        Matrices lie column by column in `values`, transposed ones row by row.
    num_rows, num_cols : array of int, shape (n,)
    indptr : array of int, shape (n + 1,)
        Matrix i has the values from ``indptr[i]`` to ``indptr[i + 1]``.
    values : array of real numbers
        Values of all matrices.
    pointers : array of int
        Of the sparse matrices only, one after the other: where each column starts among the matrix's own
        values, and where the last one ends; of transposed ones each row.
    indices : array of int
        Of the sparse matrices only: the row of each value; of transposed ones the column.
    """

    is_sparse: npt.ArrayLike
    is_transposed: npt.ArrayLike
    num_rows: npt.ArrayLike
    num_cols: npt.ArrayLike
    indptr: npt.ArrayLike
    values: npt.ArrayLike
    pointers: npt.ArrayLike = ()
    indices: npt.ArrayLike = ()


class _Layout(NamedTuple):
    """What `Matrices` says of where the values belong, checked."""

    sparse: Flags
    transposed: Flags
    rows: Ints
    cols: Ints
    bounds: Ints


def encode_matrices(matrices: Matrices, labels: npt.ArrayLike | None = None) -> Encoded:
    """Encode matrices as ``features["values"]`` of shape ``[rows, columns]``.

    Dense matrices are written row by row; of sparse ones each value has the key
    ``row * columns + column``, in the order in which they are stored.

    Parameters
    ----------
    matrices : Matrices
    labels : array of real numbers, shape (n,), optional
        Written as ``label["values"]``.

    Returns
    -------
    Encoded
        n records.

    Raises
    ------
    DataError
        If arrays do not fit together or an index lies outside of its matrix.
    """
    sparse = arrays.flags(matrices.is_sparse, "is_sparse")
    bounds = arrays.bounds(matrices.indptr, len(sparse))
    values, bounds = arrays.cut(arrays.floats(matrices.values, "values"), bounds)
    layout = _layout(matrices, sparse, bounds)
    key_bounds = offsets(np.diff(bounds) * sparse)
    keys = _keys(layout, matrices, key_bounds)
    shapes = np.stack([layout.rows, layout.cols], axis=1)
    shaped = np.ones(len(sparse), np.bool_)
    rows = Rows(_by_rows(values, layout), bounds, keys, key_bounds, shapes, shaped, None)
    return encode_checked(rows, labels)


def _layout(matrices: Matrices, sparse: Flags, bounds: Ints) -> _Layout:
    transposed = arrays.flags(matrices.is_transposed, "is_transposed")
    arrays.per_row(transposed, len(sparse), "is_transposed")
    rows = arrays.sizes(matrices.num_rows, len(sparse), "num_rows")
    cols = arrays.sizes(matrices.num_cols, len(sparse), "num_cols")
    return _Layout(sparse, transposed, rows, cols, bounds)


def _by_rows(values: Floats, layout: _Layout) -> Floats:
    """Return the values with those of dense matrices row by row."""
    counts = np.diff(layout.bounds)
    wrong = np.flatnonzero(~layout.sparse & (counts != layout.rows * layout.cols))
    if wrong.size:
        row = wrong[0]
        raise DataError(
            f"Matrix {row} has the wrong number of values: {counts[row]}; "
            f"expected {layout.rows[row]} times {layout.cols[row]}."
        )
    by_columns = ~layout.sparse & ~layout.transposed
    matrix = np.repeat(np.arange(len(counts)), counts * by_columns)
    places = np.flatnonzero(np.repeat(by_columns, counts))
    row, col = np.divmod(places - layout.bounds[matrix], layout.cols[matrix])
    ordered: Floats = values.copy()
    ordered[places] = values[layout.bounds[matrix] + col * layout.rows[matrix] + row]
    return ordered


def _keys(layout: _Layout, matrices: Matrices, key_bounds: Ints) -> Ints:
    """Return the key of each value of the sparse matrices."""
    indices = arrays.integers(matrices.indices, "indices").astype(np.int64)
    lines = np.where(layout.transposed, layout.rows, layout.cols)
    arrays.check_indices(indices, key_bounds, np.where(layout.transposed, layout.cols, layout.rows))
    line = _lines(
        arrays.integers(matrices.pointers, "pointers"),
        lines[layout.sparse],
        np.diff(key_bounds)[layout.sparse],
    )
    matrix = np.repeat(np.arange(len(lines)), np.diff(key_bounds))
    transposed = layout.transposed[matrix]
    row, col = np.where(transposed, line, indices), np.where(transposed, indices, line)
    keys: Ints = row * layout.cols[matrix] + col
    return keys


def _lines(pointers: Whole, lines: Ints, counts: Ints) -> Ints:
    """Return the column, of transposed matrices the row, of each value of the sparse matrices."""
    starts = offsets(lines + 1)
    if pointers.shape != (starts[-1],):
        raise DataError(
            f"Array pointers has the wrong shape: {pointers.shape}; expected ({starts[-1]},), "
            "one per column of the sparse matrices and one more for each."
        )
    sizes: Ints = np.delete(np.diff(pointers.astype(np.int64)), starts[1:-1] - 1)
    line_bounds = offsets(lines)
    right = (pointers[starts[:-1]] == 0) & (pointers[starts[1:] - 1] == counts)
    if (sizes < 0).any() or not right.all():
        raise DataError(
            "Array pointers does not ascend from 0 to the number of values in each sparse matrix."
        )
    return np.repeat(np.arange(line_bounds[-1]) - np.repeat(line_bounds[:-1], lines), sizes)
