"""Spark schemas: what a serializer may ask of a DataFrame, and how columns look in Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import pyarrow as pa
from pyspark.ml.linalg import MatrixUDT, VectorUDT
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import ArrayType, BooleanType, DataType, NumericType, StructField, StructType

from sagemaker_spark_py.errors import SchemaError

# Instants travel in UTC; newer Sparks want to be told.
_ZONE: dict[str, Any] = {"timezone": "UTC"} if "timezone" in signature(to_arrow_type).parameters else {}

Columns = str | tuple[str, ...]
"""One column of vectors or arrays, or several numeric columns."""


def as_columns(columns: str | Sequence[str]) -> Columns:
    """Return column names in a form that can be hashed and compared."""
    return columns if isinstance(columns, str) else tuple(columns)


def names_of(columns: Columns) -> list[str]:
    """Return the names of the columns as a list."""
    return [columns] if isinstance(columns, str) else list(columns)


def require_features(schema: StructType, columns: Columns, *, matrices: bool = False) -> None:
    """Check that a schema has the feature columns.

    Parameters
    ----------
    schema : StructType
        Of the DataFrame.
    columns : str or tuple of str
        A column of vectors or arrays of numbers, or several numeric columns.
    matrices : bool
        Whether a column of matrices will do as well.

    Raises
    ------
    SchemaError
        If a column is missing or of another type.
    """
    if not isinstance(columns, str):
        for name in columns:
            require_number(schema, name)
        return
    kind = field_of(schema, columns).dataType
    if not (is_vector_like(kind) or (matrices and isinstance(kind, MatrixUDT))):
        raise SchemaError(
            f"Column {columns!r} has the wrong type: {kind.simpleString()}; expected a vector"
            f"{', a matrix' if matrices else ''} or an array of numbers. "
            "Name a list of columns to use several numeric columns."
        )


def require_number(schema: StructType, name: str) -> None:
    """Raise a SchemaError if the column is missing or neither numeric nor boolean."""
    if not is_number(schema, name):
        kind = field_of(schema, name).dataType
        raise SchemaError(
            f"Column {name!r} has the wrong type: {kind.simpleString()}; expected a number or a boolean."
        )


def is_number(schema: StructType, name: str) -> bool:
    """Tell whether a column is numeric or boolean."""
    return isinstance(field_of(schema, name).dataType, (NumericType, BooleanType))


def field_of(schema: StructType, name: str) -> StructField:
    """Return a field by its exact name.

    Raises
    ------
    SchemaError
        If there is none, or more than one.
    """
    found = [field for field in schema.fields if field.name == name]
    if len(found) != 1:
        problem = "is ambiguous" if found else "is missing"
        raise SchemaError(f"Column {name!r} {problem}; expected one of that name among: {_listed(schema)}.")
    return found[0]


def is_vector_like(kind: DataType) -> bool:
    """Tell whether a Spark type is a vector or an array of numbers."""
    is_array = isinstance(kind, ArrayType) and isinstance(kind.elementType, (NumericType, BooleanType))
    return isinstance(kind, VectorUDT) or is_array


def arrow_schema(schema: StructType) -> pa.Schema:
    """Return the Arrow schema in which Spark takes columns of a Spark schema."""
    return pa.schema(
        [pa.field(f.name, to_arrow_type(f.dataType, **_ZONE), f.nullable) for f in schema.fields]
    )


def as_nullable(schema: StructType) -> StructType:
    """Return a schema whose columns may be null, for predictions of rows that need not be sent."""
    return StructType([StructField(f.name, f.dataType, True, f.metadata) for f in schema.fields])


def _listed(schema: StructType) -> str:
    names = [repr(name) for name in schema.names]
    return ", ".join(names[:20] + ["…"] * (len(names) > 20)) or "(no columns)"
