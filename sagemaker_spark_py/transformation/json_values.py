"""Values of parsed JSON as Arrow columns of a Spark schema."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyspark.ml.linalg import DenseVector, VectorUDT
from pyspark.sql import types as t

from sagemaker_spark_py.errors import DataError, ResponseError, SettingError
from sagemaker_spark_py.transformation.columns import read_features
from sagemaker_spark_py.transformation.json_path import described
from sagemaker_spark_py.transformation.rows import whole
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.vectors import to_vectors

Convert = Callable[[Any], Any]

_UNFIT = (pa.ArrowException, DataError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def require_readable(schema: t.StructType) -> None:
    """Refuse columns of types that JSON cannot fill.

    Raises
    ------
    SettingError
        If there is one.
    """
    for field in schema.fields:
        if _converter(field.dataType) is None:
            raise SettingError(
                f"Column {field.name!r} cannot be filled from JSON: {field.dataType.simpleString()}; "
                "expected numbers, booleans, texts, dates, times, binary data, vectors, "
                "and arrays, maps and structs."
            )


def to_column(values: list[Any], field: t.StructField) -> pa.Array:
    """Return one column; lists of numbers become vectors, and texts dates, times or bytes, as its type says.

    Raises
    ------
    ResponseError
        If a value does not fit the column's type; names its row.
    """
    try:
        return _column(values, field)
    except _UNFIT as error:
        row = next((row for row, value in enumerate(values) if not _fits(value, field)), 0)
        raise ResponseError(
            f"Column {field.name!r} of the answer does not fit in row {row}: {described(values[row])}; "
            f"expected {field.dataType.simpleString()}."
        ) from (error if isinstance(error, ResponseError) else None)


def _fits(value: Any, field: t.StructField) -> bool:
    try:
        _column([value], field)
    except _UNFIT:
        return False
    return True


def _column(values: list[Any], field: t.StructField) -> pa.Array:
    kind = arrow_schema(t.StructType([field])).field(0).type
    if isinstance(field.dataType, VectorUDT):
        return _vectors(values, kind)
    if _is_plain(field.dataType):
        try:
            return pa.array(values, kind)
        except pa.ArrowInvalid:
            pass  # a whole number too large for Arrow, but not for a double
    convert = _converter(field.dataType)
    assert convert is not None
    return pa.array([convert(value) for value in values], kind)


def _vectors(values: list[Any], kind: pa.DataType) -> pa.Array:
    lists = _column(values, t.StructField("vectors", t.ArrayType(t.DoubleType())))
    vectors = to_vectors(read_features(lists.drop_null(), name="vectors"))
    if not lists.null_count:
        return vectors
    filled = iter(range(len(vectors)))
    return vectors.take(pa.array([None if value is None else next(filled) for value in values], pa.int64()))


def _is_plain(kind: t.DataType) -> bool:
    """Tell whether Arrow itself takes such values as they are, and refuses all others."""
    if isinstance(kind, t.ArrayType):
        return _is_plain(kind.elementType)
    return isinstance(kind, (t.DoubleType, t.FloatType, t.StringType, t.BooleanType))


def _converter(kind: t.DataType) -> Convert | None:
    """Return what turns a value into one that Arrow takes; None for types that JSON cannot fill."""
    if isinstance(kind, t.ArrayType):
        return _list_of(_converter(kind.elementType))
    if isinstance(kind, t.MapType):
        return _map_of(_converter(kind.valueType)) if isinstance(kind.keyType, t.StringType) else None
    if isinstance(kind, t.StructType):
        return _struct_of({field.name: _converter(field.dataType) for field in kind.fields})
    for kinds, convert in _CONVERTERS:
        if isinstance(kind, kinds):
            return _unless_none(convert)
    return None


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _list_of(inner: Convert | None) -> Convert | None:
    return inner and _unless_none(lambda value: [inner(entry) for entry in _instance(value, list)])


def _map_of(inner: Convert | None) -> Convert | None:
    return inner and _unless_none(
        lambda value: [(key, inner(entry)) for key, entry in _instance(value, dict).items()]
    )


def _struct_of(inner: dict[str, Convert | None]) -> Convert | None:
    known = {name: convert for name, convert in inner.items() if convert}
    if len(known) < len(inner):
        return None
    return _unless_none(lambda value: {name: convert(value[name]) for name, convert in known.items()})


def _instance(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value


def _number(value: Any) -> float:
    return float(_instance(value, (int, float)))  # type: ignore[arg-type]


def _time(value: Any) -> datetime:
    """Read ISO 8601; a time without a zone is one of UTC."""
    time = datetime.fromisoformat(_instance(value, str).replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


_CONVERTERS: tuple[tuple[Any, Convert], ...] = (
    (t.IntegralType, whole),
    ((t.DoubleType, t.FloatType), _number),
    (t.BooleanType, lambda value: _instance(value, bool)),
    (t.StringType, lambda value: _instance(value, str)),
    (t.DecimalType, lambda value: Decimal(str(_instance(value, (int, float, str))))),  # type: ignore[arg-type]
    (t.BinaryType, lambda value: base64.b64decode(_instance(value, str), validate=True)),
    (t.DateType, lambda value: date.fromisoformat(_instance(value, str))),
    (t.TimestampType, _time),
    (t.TimestampNTZType, lambda value: datetime.fromisoformat(_instance(value, str))),
    (VectorUDT, lambda value: VectorUDT().serialize(DenseVector([_number(entry) for entry in value]))),
)
