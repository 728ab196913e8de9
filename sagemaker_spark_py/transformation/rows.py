"""Arrow batches as Spark Rows and back, for serializers and deserializers that work row by row.

What Arrow alone cannot tell apart is told by its fields: a struct with the fields of a Vector is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import DenseVector, Matrix, MatrixUDT, SparseVector, Vector, VectorUDT
from pyspark.sql import Row
from pyspark.sql.types import (
    ArrayType,
    DataType,
    IntegralType,
    MapType,
    StructField,
    StructType,
    UserDefinedType,
)

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.columns import DENSE, MATRIX_FIELDS, is_matrix, is_vector
from sagemaker_spark_py.transformation.schemas import arrow_schema


def to_rows(batch: pa.RecordBatch) -> Iterator[Row]:
    """Yield the rows of a batch as pyspark gives them: vectors, matrices, nested Rows, local times."""
    make = Row(*batch.schema.names)
    for values in zip(*(_to_python(column) for column in batch.columns), strict=True):
        yield make(*values)


def batch_of(row: Row) -> pa.RecordBatch:
    """Return a batch of one row; types are taken from its values."""
    columns = [pa.array([_from_python(value)], _type_of(value)) for value in row]
    return pa.RecordBatch.from_arrays(columns, names=row.__fields__)


def to_batch(rows: Iterable[Sequence[Any]], schema: StructType) -> pa.RecordBatch:
    """Return rows as a batch in the Arrow types of a Spark schema.

    Raises
    ------
    ResponseError
        If a row has another number of values than the schema, or a value does not fit its type.
    """
    width = len(schema.fields)
    rows = [_checked(row, width) for row in rows]
    columns = [
        _column([row[i] for row in rows], field, arrow.type)
        for i, (field, arrow) in enumerate(zip(schema.fields, arrow_schema(schema), strict=True))
    ]
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(schema))


def _checked(row: Any, width: int) -> Sequence[Any]:
    if not isinstance(row, (tuple, list)) or len(row) != width:
        size = f"{len(row)} values" if isinstance(row, (tuple, list)) else type(row).__name__
        raise ResponseError(f"An answer row does not fit the schema: {size}; expected {width} values.")
    return row


def _column(values: list[Any], field: StructField, kind: pa.DataType) -> pa.Array:
    plain = _plainer(field.dataType)
    try:
        return pa.array(values if plain is None else [plain(value) for value in values], kind)
    except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
        raise ResponseError(
            f"Answer column {field.name!r} holds a value of the wrong type; "
            f"expected {field.dataType.simpleString()}."
        ) from error


def _plainer(kind: DataType) -> Callable[[Any], Any] | None:
    """Return what turns values of a type into what Arrow takes; None if Arrow takes them as they are."""
    if isinstance(kind, UserDefinedType):
        return _unless_none(kind.serialize)
    if isinstance(kind, IntegralType):
        return _unless_none(whole)
    if isinstance(kind, ArrayType):
        return _each(_plainer(kind.elementType))
    if isinstance(kind, MapType):
        return _unless_none(lambda value: list(value.items()))
    if isinstance(kind, StructType):
        inner = [_plainer(field.dataType) or _same for field in kind.fields]
        return _unless_none(lambda value: tuple(f(v) for f, v in zip(inner, value, strict=True)))
    return None


def _each(inner: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if inner is None else _unless_none(lambda values: [inner(value) for value in values])


def _unless_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def whole(value: Any) -> int:
    """Return an integer; Arrow would cut off what is behind the point."""
    if value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _same(value: Any) -> Any:
    return value


def _type_of(value: Any) -> pa.DataType | None:
    udt = VectorUDT() if isinstance(value, Vector) else MatrixUDT() if isinstance(value, Matrix) else None
    return None if udt is None else arrow_schema(StructType([StructField("value", udt)])).field(0).type


def _from_python(value: Any) -> Any:
    if isinstance(value, Vector):
        return VectorUDT().serialize(value)
    return MatrixUDT().serialize(value) if isinstance(value, Matrix) else value


def _to_python(column: pa.Array) -> list[Any]:
    kind = column.type
    if is_vector(kind):
        return _vectors(column)
    if is_matrix(kind):
        return [_matrix(value) for value in column.to_pylist()]
    if pa.types.is_struct(kind):
        return _structs(column)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [None if not entry.is_valid else _to_python(entry.values) for entry in column]
    if pa.types.is_map(kind):
        return [None if entry is None else dict(entry) for entry in column.to_pylist()]
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # pyspark shows an instant in the machine's own time, without a zone.
        return [t and t.astimezone().replace(tzinfo=None) for t in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def _structs(column: pa.StructArray) -> list[Any]:
    make = Row(*[field.name for field in column.type])
    fields = zip(*(_to_python(column.field(i)) for i in range(column.type.num_fields)), strict=True)
    valid = column.is_valid().to_pylist()
    return [make(*values) if ok else None for ok, values in zip(valid, fields, strict=True)]


def _vectors(column: pa.StructArray) -> list[Vector | None]:
    return [_vector(entry) if entry.is_valid else None for entry in column]


def _vector(entry: pa.StructScalar) -> Vector:
    values = np.asarray(entry["values"].values)
    if entry["type"].as_py() == DENSE:
        return DenseVector(values)
    return SparseVector(entry["size"].as_py(), np.asarray(entry["indices"].values), values)


def _matrix(value: dict[str, Any] | None) -> Matrix | None:
    return None if value is None else MatrixUDT().deserialize(tuple(value[field] for field in MATRIX_FIELDS))
