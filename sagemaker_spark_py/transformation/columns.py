"""Arrow columns as Spark sends them, read into NumPy arrays without touching single rows.

What Spark calls a Vector or a Matrix arrives as an Arrow struct of its fields, and is known by them. Row
numbers in messages count from 0 within the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sagemaker_spark_py.errors import DataError, SchemaError
from sagemaker_spark_py.transformation.features import Array, Features, rectangle

VECTOR_FIELDS = ("type", "size", "indices", "values")
"""Fields of the struct that stands for a Spark Vector (pyspark.ml.linalg.VectorUDT.sqlType)."""
MATRIX_FIELDS = ("type", "numRows", "numCols", "colPtrs", "rowIndices", "values", "isTransposed")
"""Fields of the struct that stands for a Spark Matrix (pyspark.ml.linalg.MatrixUDT.sqlType)."""
SPARSE, DENSE = 0, 1
"""Values of the field ``type`` in both."""

_READABLE = "a vector, an array of numbers or numeric columns"


def read_features(column: pa.Array, *, name: str, dim: int | None = None) -> Features:
    """Read one column of vectors, arrays of numbers, or structs of numbers.

    Parameters
    ----------
    column : pyarrow.Array
        One entry per row; slices are fine.
    name : str
        Name of the column, for messages.
    dim : int, optional
        Size that each row must have.

    Raises
    ------
    DataError
        If a row is null, holds a null, is inconsistent, or has another size than `dim`.
    SchemaError
        If the column's type holds no numbers.
    """
    features = _reader(column.type)(column, name)
    if dim is not None:
        features.require_dim(dim)
    return features


def read_columns(columns: Sequence[pa.Array], names: Sequence[str], *, dim: int | None = None) -> Features:
    """Read numeric columns as the values of one dense vector per row.

    Raises
    ------
    DataError
        If a value is null, or there are not `dim` columns.
    SchemaError
        If a column is not numeric.
    """
    table = np.column_stack([read_numbers(c, name=n) for c, n in zip(columns, names, strict=True)])
    features = rectangle(", ".join(names), table)
    if dim is not None:
        features.require_dim(dim)
    return features


def read_numbers(column: pa.Array, *, name: str) -> Array:
    """Read a column of numbers or booleans, for example labels.

    Returns
    -------
    ndarray, shape (rows,)
        Of the column's own dtype; booleans and decimals as float64.

    Raises
    ------
    DataError
        If a row is null.
    SchemaError
        If the column is not numeric.
    """
    if not is_number(column.type):
        raise SchemaError(f"Column {name!r} has the wrong type: {column.type}; expected a number.")
    refuse_nulls(column, name, "a number")
    return to_numpy(column)


def is_vector(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is that of Spark's vectors."""
    return _has_fields(kind, VECTOR_FIELDS) and _is_list(kind.field("values").type)


def is_matrix(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is that of Spark's matrices."""
    return _has_fields(kind, MATRIX_FIELDS) and _is_list(kind.field("values").type)


def read_lists(column: pa.Array, name: str) -> tuple[Array, Array]:
    """Return (indptr, values) of a column of lists; a null list counts as an empty one.

    Raises
    ------
    DataError
        If a list holds a null.
    """
    if not len(column):
        return np.zeros(1, np.int64), to_numpy(pa.array([], column.type.value_type))
    if column.null_count:
        # The place of a null list may hide values, which must not be taken for those of its neighbours.
        column = pc.if_else(column.is_valid(), column, pa.scalar([], column.type))
    offsets = np.asarray(column.offsets).astype(np.int64)
    child = column.values.slice(offsets[0], offsets[-1] - offsets[0])
    indptr = offsets - offsets[0]
    if child.null_count:
        entry = _first_null(child)
        row = int(np.searchsorted(indptr, entry, side="right")) - 1
        raise DataError(
            f"Column {name!r} holds a null: value {entry - indptr[row]} of row {row} of the batch; "
            "expected numbers only. Fill or drop it first."
        )
    return indptr, to_numpy(child)


def _reader(kind: pa.DataType) -> Callable[[pa.Array, str], Features]:
    if is_vector(kind):
        return _read_vectors
    if _is_list(kind) and is_number(kind.value_type):
        return _read_arrays
    if pa.types.is_struct(kind) and kind.num_fields and all(is_number(field.type) for field in kind):
        return _read_structs
    return _refuse_type


def _refuse_type(column: pa.Array, name: str) -> Features:
    raise SchemaError(f"Column {name!r} has the wrong type: {column.type}; expected {_READABLE}.")


def _read_arrays(column: pa.Array, name: str) -> Features:
    refuse_nulls(column, name, "an array")
    indptr, values = read_lists(column, name)
    return Features(name, values, indptr, np.diff(indptr))


def _read_structs(column: pa.StructArray, name: str) -> Features:
    refuse_nulls(column, name, "a struct")
    names = [f"{name}.{field.name}" for field in column.type]
    columns = [column.field(i) for i in range(column.type.num_fields)]
    return read_columns(columns, names)


def _read_vectors(column: pa.StructArray, name: str) -> Features:
    refuse_nulls(column, name, "a vector")
    is_sparse = to_numpy(column.field("type")) == SPARSE
    indptr, values = read_lists(column.field("values"), name)
    lengths = np.diff(indptr)
    if not is_sparse.any():
        return Features(name, values, indptr, lengths)
    sizes = to_numpy(column.field("size").fill_null(0)).astype(np.int64)
    dims = np.where(is_sparse, sizes, lengths)
    lists = column.field("indices").filter(pa.array(is_sparse))
    starts, indices = read_lists(lists, name)
    if (np.diff(starts) != lengths[is_sparse]).any():
        raise DataError(f"Column {name!r} holds a sparse vector whose indices and values differ in number.")
    require_inside(name, indices, dims[is_sparse], starts, np.flatnonzero(is_sparse))
    return Features(name, values, indptr, dims, indices, is_sparse)


def refuse_nulls(column: pa.Array, name: str, expected: str) -> None:
    """Raise a DataError that names the first row that is null."""
    if column.null_count:
        raise DataError(
            f"Column {name!r} is null: row {_first_null(column)} of the batch ({column.null_count} of "
            f"{len(column)} rows); expected {expected}. Fill or drop these rows first."
        )


def require_inside(name: str, indices: Array, dims: Array, starts: Array, rows: Array) -> None:
    """Raise a DataError for an index that is not below the size of its row, one of the sparse `rows`."""
    wrong = np.flatnonzero((indices < 0) | (indices >= np.repeat(dims, np.diff(starts))))
    if len(wrong):
        at = int(np.searchsorted(starts, wrong[0], side="right")) - 1
        raise DataError(
            f"Column {name!r} has an index out of range: {indices[wrong[0]]} in row {rows[at]} of the batch; "
            f"expected 0 to {dims[at] - 1}."
        )


def _first_null(column: pa.Array) -> int:
    return int(pc.index(column.is_null(), True).as_py())


def to_numpy(numbers: pa.Array) -> Array:
    """Return numbers without nulls as they are; booleans, decimals and half floats as float64."""
    kind = numbers.type
    if pa.types.is_decimal(kind):
        numbers = numbers.cast(pa.string())  # Arrow's own way to floats often misses the nearest one
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)) or pa.types.is_float16(kind):
        numbers = numbers.cast(pa.float64())
    return np.asarray(numbers)


def is_number(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is a number's or a boolean's."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(test(kind) for test in tests)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _has_fields(kind: pa.DataType, names: Sequence[str]) -> bool:
    return bool(pa.types.is_struct(kind)) and [field.name for field in kind] == list(names)
