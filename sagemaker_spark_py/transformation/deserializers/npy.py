"""Answers that are one NumPy array."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import ArrayType, BooleanType, DataType, NumericType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer, wrong_count
from sagemaker_spark_py.transformation.features import Array, rectangle
from sagemaker_spark_py.transformation.schemas import arrow_schema, is_vector_like
from sagemaker_spark_py.transformation.vectors import to_vectors


@dataclass(frozen=True)
class NpyResponseRowDeserializer(ResponseRowDeserializer):
    """Reads an array of the shape ``(rows,)`` or ``(rows, values)``, in NumPy's format.

    Parameters
    ----------
    schema : str or StructType
        The columns, for example ``"prediction double"`` or ``"probabilities vector"``. Each column of numbers
        takes one of a row's values, and one column of vectors or arrays those that are left.
    """

    schema: Any = "prediction double"
    accepts = "application/x-npy"

    def __post_init__(self) -> None:
        """Read the schema."""
        object.__setattr__(self, "schema", as_schema(self.schema))
        for column in self.schema.fields:
            if not (_is_number(column.dataType) or is_vector_like(column.dataType)):
                raise SettingError(
                    f"Column {column.name!r} cannot be filled from an array: "
                    f"{column.dataType.simpleString()}; expected a number, a vector or an array of numbers."
                )
        if sum(not _is_number(column.dataType) for column in self.schema.fields) > 1:
            raise SettingError(
                f"schema has several columns of lists: {self.schema.simpleString()}; expected one at most."
            )

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the array; executor side.

        Raises
        ------
        ResponseError
            If the answer is no such array, or its values do not fit the columns.
        """
        table = _table(body)
        if len(table) != rows:
            raise wrong_count(len(table), rows)
        shares = self._shares(table.shape[1])
        ends = np.cumsum(shares)
        columns = [
            _column(table[:, end - share : end], field)
            for field, share, end in zip(self.schema.fields, shares, ends, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(self.schema))

    def _shares(self, width: int) -> list[int]:
        """Return how many of a row's values each column takes."""
        single = [_is_number(column.dataType) for column in self.schema.fields]
        left = width - sum(single)
        if left < 0 or (left and all(single)):
            raise ResponseError(
                f"The answer has {width} values in each row; expected {self.schema.simpleString()}."
            )
        return [1 if is_number else left for is_number in single]


def _table(body: bytes) -> Array:
    file = io.BytesIO(body)
    try:
        array = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, MemoryError) as error:
        raise ResponseError(
            f"The answer is not an array in NumPy's format: {len(body)} bytes ({type(error).__name__})."
        ) from None
    if file.read(1):
        raise ResponseError("The answer goes on behind its array; expected one array.")
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        raise ResponseError(
            f"The answer is an array of {array.dtype} of {array.ndim} dimensions; expected numbers of 1 or 2."
        )
    # Arrow knows neither the other byte order nor, everywhere, half floats.
    array = array.astype(
        np.float32 if array.dtype == np.float16 else array.dtype.newbyteorder("="), copy=False
    )
    return array[:, np.newaxis] if array.ndim == 1 else array


def _column(values: Array, field: StructField) -> pa.Array:
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


def _is_number(kind: DataType) -> bool:
    return isinstance(kind, (NumericType, BooleanType))
