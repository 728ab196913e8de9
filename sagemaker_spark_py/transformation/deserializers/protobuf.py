"""Answers in recordIO-protobuf records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql.types import StructField, StructType

from sagemaker_spark_py.errors import DataError, RecordIOError, ResponseError, SettingError
from sagemaker_spark_py.recordio import Decoded, decode
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.tensors import read_tensor, require_readable


@dataclass(frozen=True)
class ProtobufResponseRowDeserializer(ResponseRowDeserializer):
    """Reads named tensors from the label map of each record.

    The type of a column decides how its tensor is read, whatever its length: a number wants exactly one
    value, a vector or an array takes any, a matrix wants two dimensions, text and binary take bytes. Of
    tensors of the same name in one record the last one counts.

    Parameters
    ----------
    schema : StructType
        Columns of numbers, vectors, matrices, arrays of numbers, text or binary.
    protobufKeys : sequence of str, optional
        Name of each column's tensor; by default the name of the column.
    """

    schema: StructType
    protobufKeys: Sequence[str] | None = None
    accepts = "application/x-recordio-protobuf"

    def __post_init__(self) -> None:
        """Refuse columns that no tensor can fill, and keys that do not fit the columns."""
        if self.protobufKeys is not None:
            object.__setattr__(self, "protobufKeys", tuple(self.protobufKeys))
            if len(self.protobufKeys) != len(self.schema.fields):
                raise SettingError(
                    f"protobufKeys has the wrong length: {len(self.protobufKeys)}; expected one name for "
                    f"each of the {len(self.schema.fields)} columns."
                )
        for column in self.schema.fields:
            require_readable(column)

    def placeOf(self, part: str) -> int | None:
        """Return the position of the column that a tensor fills."""
        keys = list(self.protobufKeys or self.schema.names)
        return keys.index(part) if part in keys else None

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the answer; executor side.

        Raises
        ------
        ResponseError
            If the answer is not made of records, or a tensor is missing or does not fit its column.
        """
        return read_answer(body, self.schema, self.protobufKeys or self.schema.names)


def read_answer(body: bytes, schema: StructType, keys: Sequence[str]) -> pa.RecordBatch:
    """Return the tensors named by `keys` in the label maps as the columns of a schema.

    Raises
    ------
    ResponseError
        See `ProtobufResponseRowDeserializer.deserializeBatch`.
    """
    try:
        answer = decode(body)
    except RecordIOError as error:
        raise ResponseError(f"The answer is not recordIO-protobuf: {error}.") from error
    columns = [_read(answer, key, column) for key, column in zip(keys, schema.fields, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(schema))


def _read(answer: Decoded, key: str, column: StructField) -> pa.Array:
    if not len(answer):
        return pa.array([], arrow_schema(StructType([column])).field(0).type)
    if key not in answer.label:
        raise ResponseError(
            f"The answer has no tensor {key!r} for column {column.name!r}; expected one in each record. "
            f"It has: {', '.join(map(repr, answer.label)) or 'none'}."
        )
    tensor = answer.label[key]
    try:
        return read_tensor(tensor, column)
    except (DataError, pa.ArrowException) as error:
        raise ResponseError(
            f"Tensor {key!r} of the answer does not fit column {column.name!r}: {error}; "
            f"expected {column.dataType.simpleString()}."
        ) from error
