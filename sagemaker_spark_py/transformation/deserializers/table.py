"""Answers that are a table: a row of values for each row that was sent."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import ArrayType, BooleanType, DataType, NumericType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.features import Array, rectangle
from sagemaker_spark_py.transformation.schemas import arrow_schema, is_vector_like
from sagemaker_spark_py.transformation.vectors import to_vectors


def require_table(schema: StructType, singles: tuple[type[DataType], ...] = ()) -> None:
    """Refuse columns that values of a table cannot fill.

    Parameters
    ----------
    schema : StructType
        Numbers and booleans take one value of a row each, and one column of vectors or arrays those that are
        left.
    singles : tuple of types
        What else takes one value.

    Raises
    ------
    SettingError
        If there is another kind of column, or a second list.
    """
    lists = [c for c in schema.fields if is_vector_like(c.dataType)]
    for column in schema.fields:
        if not (column in lists or is_number(column.dataType) or isinstance(column.dataType, singles)):
            raise SettingError(
                f"Column {column.name!r} cannot be filled from a table: {column.dataType.simpleString()}; "
                "expected a number, a vector or an array of numbers."
            )
    if len(lists) > 1:
        raise SettingError(
            f"schema has several columns of lists: {schema.simpleString()}; expected one at most."
        )


def shares(schema: StructType, width: int) -> list[int]:
    """Return how many of a row's `width` values each column takes.

    Raises
    ------
    ResponseError
        If there are too few or too many.
    """
    lists = [is_vector_like(column.dataType) for column in schema.fields]
    left = width - lists.count(False)
    if left < 0 or (left and not any(lists)):
        raise ResponseError(f"The answer has {width} values in each row; expected {schema.simpleString()}.")
    return [left if is_list else 1 for is_list in lists]


def to_column(values: Array, field: StructField) -> pa.Array:
    """Return a column of numbers or lists, of values of the shape ``(rows, share)``.

    Raises
    ------
    ResponseError
        If a number does not fit the column.
    """
    kind = arrow_schema(StructType([field])).field(0).type
    try:
        if isinstance(field.dataType, VectorUDT):
            return to_vectors(rectangle(field.name, np.ascontiguousarray(values)))
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        if isinstance(field.dataType, ArrayType):
            bounds = np.arange(len(values) + 1) * values.shape[1]
            return pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), flat).cast(kind)
        return flat.cast(kind)
    except pa.ArrowException:
        raise ResponseError(
            f"Column {field.name!r} of the answer does not fit: {values.dtype}; "
            f"expected {field.dataType.simpleString()}."
        ) from None


def is_number(kind: DataType) -> bool:
    """Tell whether a column takes one number."""
    return isinstance(kind, (NumericType, BooleanType))
