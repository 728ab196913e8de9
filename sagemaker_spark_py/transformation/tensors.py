"""Named tensors of records and the columns that they come from or become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import MatrixUDT, VectorUDT
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

from sagemaker_spark_py.errors import DataError, SettingError
from sagemaker_spark_py.recordio import Tensor, wire
from sagemaker_spark_py.transformation.columns import is_matrix, is_number, read_columns, read_features
from sagemaker_spark_py.transformation.features import Array, Features
from sagemaker_spark_py.transformation.matrices import read_matrices
from sagemaker_spark_py.transformation.schemas import arrow_schema, field_of, require_features
from sagemaker_spark_py.transformation.vectors import to_matrices, to_vectors


def check_tensors(tensors: Mapping[str, str]) -> None:
    """Raise a SettingError unless these are columns by the names of tensors."""
    if not isinstance(tensors, Mapping) or not tensors or not all(isinstance(t, str) for t in tensors):
        raise SettingError(
            f"tensors is not a mapping of tensors to columns: {tensors!r}; expected one such as "
            "{'image': 'pixels'}."
        )


def require_tensors(schema: StructType, columns: Iterable[str]) -> None:
    """Check that columns can be written as tensors.

    Raises
    ------
    SchemaError
        If one is missing or holds neither numbers nor vectors, matrices or arrays of them.
    """
    for name in columns:
        if not _is_number(field_of(schema, name).dataType):
            require_features(schema, name, matrices=True)


def read_tensors(batch: pa.RecordBatch, tensors: Mapping[str, str]) -> dict[str, Features]:
    """Return the numbers of each tensor by its name; executor side.

    Raises
    ------
    DataError
        If a row is null or inconsistent.
    """
    return {tensor: _read_column(batch.column(name), name) for tensor, name in tensors.items()}


def _read_column(column: pa.Array, name: str) -> Features:
    if is_matrix(column.type):
        return read_matrices(column, name=name)
    return read_columns([column], [name]) if is_number(column.type) else read_features(column, name=name)


def require_readable(column: StructField) -> None:
    """Raise a SettingError if no tensor can fill a column."""
    _reader(column)


def read_tensor(tensor: Tensor, column: StructField) -> pa.Array:
    """Return one entry per record: a number wants exactly one value, a vector or an array takes any.

    Parameters
    ----------
    tensor : Tensor
        Of n records.
    column : StructField
        Its type is a number, a vector, a matrix, an array of numbers, text or binary.

    Raises
    ------
    DataError
        If a record has no such tensor, or one that does not fit; names the first.
    pyarrow.ArrowException
        If a number does not fit the column's type.
    """
    _require_kind(tensor, isinstance(column.dataType, (StringType, BinaryType)))
    return _reader(column)(tensor, arrow_schema(StructType([column])).field(0).type)


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
    if isinstance(kind, MatrixUDT):
        return _matrices
    if isinstance(kind, (StringType, BinaryType)):
        return _bytes
    if _is_number(kind):
        return _numbers
    if isinstance(kind, ArrayType) and _is_number(kind.elementType):
        return _arrays
    raise SettingError(
        f"Column {column.name!r} cannot be filled from records: {kind.simpleString()}; expected a number, a "
        "vector, a matrix, an array of numbers, text or binary."
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
    return to_vectors(_features(tensor))


def _matrices(tensor: Tensor, kind: pa.DataType) -> pa.Array:
    ranks = np.diff(tensor.shape_indptr)
    flat = np.flatnonzero(ranks != 2)
    if len(flat):
        raise DataError(f"record {flat[0]} has {ranks[flat[0]]} dimensions")
    tensor.csr()  # which checks values and keys against the shapes
    shapes = tensor.shapes.reshape(-1, 2).astype(np.int64)
    return to_matrices(replace(_features(tensor), shapes=shapes))


def _features(tensor: Tensor) -> Features:
    lengths = np.diff(tensor.indptr)
    is_sparse = (np.diff(tensor.key_indptr) > 0) | (lengths == 0)
    if not is_sparse.any():
        return Features("tensor", tensor.values, tensor.indptr, lengths)
    if ((lengths == 0) & (np.diff(tensor.shape_indptr) == 0)).any():
        raise DataError("it has neither values nor a shape")
    indptr, positions, values, dim = tensor.csr()
    rows = np.repeat(np.arange(len(tensor)), lengths)
    if not _ascend(rows, positions):
        # Spark's sparse vectors want ascending positions; writers of records need not care.
        order = np.lexsort((positions, rows))
        positions, values = positions[order], values[order]
        if not _ascend(rows, positions):
            raise DataError("it has two values for one place")
    return Features(
        "tensor", values, indptr, np.full(len(tensor), dim), positions[is_sparse[rows]], is_sparse
    )


def _ascend(rows: Array, positions: Array) -> bool:
    return bool(((np.diff(positions) > 0) | (np.diff(rows) > 0)).all())


def _bytes(tensor: Tensor, kind: pa.DataType) -> pa.Array:
    buffers = [None, pa.py_buffer(tensor.indptr), pa.py_buffer(np.ascontiguousarray(tensor.values))]
    return pa.Array.from_buffers(pa.large_binary(), len(tensor), buffers).cast(kind)
