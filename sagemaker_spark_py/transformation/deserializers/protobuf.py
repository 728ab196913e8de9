"""Answers in recordIO-protobuf records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    NumericType,
    StringType,
    StructField,
    StructType,
)

from sagemaker_spark_py.errors import DataError, RecordIOError, ResponseError, SettingError
from sagemaker_spark_py.recordio import Decoded, Tensor, decode, wire
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.vectors import to_vectors


@dataclass(frozen=True)
class ProtobufResponseRowDeserializer(ResponseRowDeserializer):
    """Reads named tensors from the label map of each record.

    The type of a column decides how its tensor is read, whatever its length: a number wants exactly one
    value, a vector or an array takes any, text and binary take bytes. Of tensors of the same name in one
    record the last one counts.

    Parameters
    ----------
    schema : StructType
        Columns of numbers, vectors, arrays of numbers, text or binary.
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
            _reader(column)

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
    kind = arrow_schema(StructType([column])).field(0).type
    if not len(answer):
        return pa.array([], kind)
    if key not in answer.label:
        raise ResponseError(
            f"The answer has no tensor {key!r} for column {column.name!r}; expected one in each record. "
            f"It has: {', '.join(map(repr, answer.label)) or 'none'}."
        )
    tensor = answer.label[key]
    try:
        _require_kind(tensor, isinstance(column.dataType, (StringType, BinaryType)))
        return _reader(column)(tensor, kind)
    except (DataError, pa.ArrowException) as error:
        raise ResponseError(
            f"Tensor {key!r} of the answer does not fit column {column.name!r}: {error}; "
            f"expected {column.dataType.simpleString()}."
        ) from error


def _require_kind(tensor: Tensor, wants_bytes: bool) -> None:
    missing = np.flatnonzero(tensor.kinds == wire.NOTHING)
    if len(missing):
        raise DataError(f"record {missing[0]} has none")
    if ((tensor.kinds == wire.BYTES) != wants_bytes).any():
        raise DataError(f"it holds {'numbers' if wants_bytes else 'bytes'}")


def _reader(column: StructField) -> Callable[[Tensor, pa.DataType], pa.Array]:
    kind = column.dataType
    if isinstance(kind, VectorUDT):
        return _vectors
    if isinstance(kind, (StringType, BinaryType)):
        return _bytes
    if _is_number(kind):
        return _numbers
    if isinstance(kind, ArrayType) and _is_number(kind.elementType):
        return _arrays
    raise SettingError(
        f"Column {column.name!r} cannot be filled from records: {kind.simpleString()}; expected a number, a "
        "vector, an array of numbers, text or binary."
    )


def _is_number(kind: DataType) -> bool:
    return isinstance(kind, (NumericType, BooleanType))


def _numbers(tensor: Tensor, kind: pa.DataType) -> pa.Array:
    return pa.array(tensor.dense(1).reshape(-1)).cast(kind)


def _arrays(tensor: Tensor, kind: pa.DataType) -> pa.Array:
    values, indptr = tensor.values, tensor.indptr
    if len(tensor.keys):
        table = tensor.dense()
        values, indptr = table.reshape(-1), np.arange(len(table) + 1) * table.shape[1]
    return pa.ListArray.from_arrays(pa.array(indptr.astype(np.int32)), pa.array(values)).cast(kind)


def _vectors(tensor: Tensor, kind: pa.DataType) -> pa.Array:
    lengths = np.diff(tensor.indptr)
    is_sparse = (np.diff(tensor.key_indptr) > 0) | (lengths == 0)
    if not is_sparse.any():
        return to_vectors(Features("answer", tensor.values, tensor.indptr, lengths))
    if ((lengths == 0) & (np.diff(tensor.shape_indptr) == 0)).any():
        raise DataError("it has neither values nor a shape")
    indptr, positions, values, dim = tensor.csr()
    positions = positions[np.repeat(is_sparse, lengths)]
    return to_vectors(Features("answer", values, indptr, np.full(len(tensor), dim), positions, is_sparse))


def _bytes(tensor: Tensor, kind: pa.DataType) -> pa.Array:
    buffers = [None, pa.py_buffer(tensor.indptr), pa.py_buffer(np.ascontiguousarray(tensor.values))]
    return pa.Array.from_buffers(pa.large_binary(), len(tensor), buffers).cast(kind)
