"""Arrays to records: whole batches, no Python per row.

Every number is written as float32, because the algorithms refuse other tensors: doubles are rounded,
too large ones become infinite, integers beyond 2**24 lose their last digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import arrays, wire
from sagemaker_spark_py.recordio.fixed import Column, records
from sagemaker_spark_py.recordio.ragged import Bytes, Flags, Ints, offsets
from sagemaker_spark_py.recordio.weave import Rows, weave


class Encoded(NamedTuple):
    """Framed records, one after the other.

    Attributes
    ----------
    data : array of uint8, shape (total_bytes,)
        All records, contiguous.
    offsets : array of int64, shape (n + 1,)
        Record i is ``data[offsets[i]:offsets[i + 1]]``, padding included.
    """

    data: Bytes
    offsets: Ints


def encode_dense(values: npt.ArrayLike, labels: npt.ArrayLike | None = None) -> Encoded:
    """Encode dense rows as ``features["values"]``.

    Parameters
    ----------
    values : array of real numbers, shape (n, d), or (n, rows, columns) and more for matrices
        Vectors are written without a shape, matrices row by row with theirs.
    labels : array of real numbers, shape (n,), optional
        Written as ``label["values"]``.

    Returns
    -------
    Encoded
        n records of the same length.

    Raises
    ------
    DataError
        If an array is not of real numbers or the shapes do not fit.

    Examples
    --------
    >>> from sagemaker_spark_py.recordio import encode_dense
    >>> encode_dense([[1.0, 2.0], [3.0, 4.0]], labels=[0, 1]).offsets
    array([  0,  52, 104])
    """
    features = arrays.real_numbers(values, "values")
    if features.ndim < 2:
        raise DataError(
            f"Array values has the wrong rank: {features.ndim}; expected rows and columns. "
            "Reshape one row to (1, d)."
        )
    label = {} if labels is None else {wire.DEFAULT_NAME: arrays.labels(labels, len(features))}
    return encode_tensors({wire.DEFAULT_NAME: features}, label)


def encode_tensors(
    features: Mapping[str, npt.ArrayLike], label: Mapping[str, npt.ArrayLike] | None = None
) -> Encoded:
    """Encode dense tensors under names of your own, for example an algorithm's answers as `label`.

    Parameters
    ----------
    features, label : mapping of name to array of real numbers, shape (n,), (n, d) or more
        One-dimensional arrays give one number per record. Arrays of more than two dimensions are
        written with the shape of one row. There must be at least one array.

    Returns
    -------
    Encoded
        n records of the same length.

    Raises
    ------
    DataError
        If an array is not of real numbers, or the arrays differ in length.
    """
    columns = [_column(wire.FEATURES, name, array) for name, array in features.items()]
    columns += [_column(wire.LABEL, name, array) for name, array in (label or {}).items()]
    rows = [(column.name, len(column.values)) for column in columns]
    if len({count for _, count in rows}) != 1:
        raise DataError(f"Tensors differ in number of rows: {rows}; expected one number for all.")
    table = records(columns)
    return Encoded(table.reshape(-1), np.arange(len(table) + 1, dtype=np.int64) * table.shape[1])


def _column(field: int, name: str, array: npt.ArrayLike) -> Column:
    numbers = arrays.real_numbers(array, name)
    if numbers.ndim == 0:
        raise DataError(f"Tensor {name!r} is a single number; expected one entry per row.")
    shape = numbers.shape[1:] if numbers.ndim > 2 else ()
    count = int(np.prod(numbers.shape[1:], dtype=np.int64))
    return Column(field, name, numbers.reshape(len(numbers), count), shape)


def encode_sparse(
    indptr: npt.ArrayLike,
    indices: npt.ArrayLike,
    values: npt.ArrayLike,
    dim: int,
    labels: npt.ArrayLike | None = None,
    *,
    fill_empty: bool = False,
) -> Encoded:
    """Encode the rows of a CSR matrix as sparse ``features["values"]`` of shape ``[dim]``.

    Parameters
    ----------
    indptr : array of int, shape (n + 1,)
        Row i has the entries from ``indptr[i]`` to ``indptr[i + 1]``.
    indices : array of int
        Column of each entry, from 0. Written in the order given, explicit zeros included.
    values : array of real numbers
        Value of each entry.
    dim : int
        Number of columns.
    labels : array of real numbers, shape (n,), optional
        Written as ``label["values"]``.
    fill_empty : bool, default False
        Give rows without entries an explicit zero in column 0. SageMaker's own writer does not, but
        XGBoost's reader fails at a sparse row that has a shape only.

    Returns
    -------
    Encoded
        n records.

    Raises
    ------
    DataError
        If arrays do not fit together or an index lies outside of the row.
    """
    rows = max(np.size(indptr) - 1, 0)
    return encode_rows(
        np.ones(rows, np.bool_),
        indptr,
        indices,
        values,
        np.full(rows, dim),
        labels,
        fill_empty=fill_empty,
    )


def encode_rows(
    is_sparse: npt.ArrayLike,
    indptr: npt.ArrayLike,
    indices: npt.ArrayLike,
    values: npt.ArrayLike,
    dims: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    *,
    shapes: npt.ArrayLike | None = None,
    fill_empty: bool = False,
    name: str = wire.DEFAULT_NAME,
) -> Encoded:
    """Encode rows of which each is dense or sparse, laid out as Arrow holds Spark's vectors.

    Parameters
    ----------
    is_sparse : array of bool, shape (n,)
    indptr : array of int, shape (n + 1,)
        Row i has the values from ``indptr[i]`` to ``indptr[i + 1]``.
    indices : array of int
        Places of the values of the sparse rows only, one sparse row after the other.
    values : array of real numbers
        Values of all rows.
    dims : array of int, shape (n,)
        Numbers that each row stands for; those of dense vectors are not used.
    labels : array of real numbers, shape (n,), optional
    shapes : array of int, shape (n, rank), optional
        For matrices, whose numbers and places count row by row: dimensions of each, dense or sparse.
        Vectors need none: sparse ones are written with the shape ``[dim]``, dense ones without.
    fill_empty, name : bool, str
        As in `encode_sparse`; of the tensor.

    Returns
    -------
    Encoded
        Where all rows are dense `encode_dense` is several times faster.

    Raises
    ------
    DataError
        If arrays do not fit together.
    """
    sparse = arrays.flags(is_sparse, "is_sparse")
    sizes = arrays.sizes(dims, len(sparse), "dims")
    rows = _check_rows(sparse, indptr, indices, values, sizes)._replace(name=name)
    if shapes is not None:
        rows = _with_shapes(rows, shapes, sparse, sizes)
    if labels is not None:
        rows = rows._replace(labels=arrays.floats(arrays.labels(labels, len(sparse)), "labels"))
    return Encoded(*weave(_fill(rows, sparse & (sizes > 0)) if fill_empty else rows))


def _check_rows(
    sparse: Flags, indptr: npt.ArrayLike, indices: npt.ArrayLike, values: npt.ArrayLike, sizes: Ints
) -> Rows:
    bounds = arrays.bounds(indptr, len(sparse))
    floats, bounds = arrays.cut(arrays.floats(values, "values"), bounds)
    key_bounds = offsets(np.diff(bounds) * sparse)
    keys = arrays.integers(indices, "indices")
    arrays.check_indices(keys, key_bounds, np.where(sparse, sizes, 0))
    return Rows(floats, bounds, keys, key_bounds, sizes[:, None], sparse, None)


def _with_shapes(rows: Rows, shapes: npt.ArrayLike, sparse: Flags, sizes: Ints) -> Rows:
    arrays.check_dense(~sparse, rows.indptr, sizes)
    return rows._replace(shapes=arrays.shapes(shapes, sizes), shaped=np.ones(len(sparse), np.bool_))


def _fill(rows: Rows, chosen: Flags) -> Rows:
    """Give the chosen rows, where they have no entries, a zero in the first place."""
    bare = chosen & (np.diff(rows.indptr) == 0)
    return rows._replace(
        values=np.insert(rows.values, rows.indptr[:-1][bare], 0),
        indptr=offsets(np.diff(rows.indptr) + bare),
        keys=np.insert(rows.keys, rows.key_indptr[:-1][bare], 0),
        key_indptr=offsets(np.diff(rows.key_indptr) + bare),
    )
