"""Feature columns as recordIO-protobuf records."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import Encoded, encode_rows, encode_tensors, join_records, wire
from sagemaker_spark_py.transformation.columns import is_matrix, read_features
from sagemaker_spark_py.transformation.features import Array, Features
from sagemaker_spark_py.transformation.matrices import read_matrices


def encode_column(
    column: pa.Array, *, name: str, labels: Array | None = None, dim: int | None = None
) -> pa.LargeBinaryArray:
    """Return one record per row of a column of vectors, matrices, arrays of numbers, or structs of numbers.

    Parameters
    ----------
    column : pyarrow.Array
        One entry per row; slices are fine.
    name : str
        Name of the column, for messages.
    labels : ndarray, shape (rows,), optional
        Written as float32.
    dim : int, optional
        Size that each vector must have; matrices are not checked.

    Raises
    ------
    DataError
        If a row is null, inconsistent or of the wrong size, or a finite number is too large for float32.
    SchemaError
        If the column's type holds no numbers.
    """
    if is_matrix(column.type):
        return encode_features(read_matrices(column, name=name), labels)
    return encode_features(read_features(column, name=name, dim=dim), labels)


def encode_named(tensors: Mapping[str, Features], labels: Array | None = None) -> pa.LargeBinaryArray:
    """Return one record per row, with several tensors of these names; otherwise as `encode_features`."""
    (first, features), *others = tensors.items()
    parts = [_encode(features, labels, first)]
    return _payloads(join_records([*parts, *(_encode(some, None, name) for name, some in others)]))


def encode_features(features: Features, labels: Array | None = None) -> pa.LargeBinaryArray:
    """Return one record per row, over one contiguous buffer.

    Parameters
    ----------
    features : Features
        Written as float32: dense rows as they are, sparse ones with their positions, matrices with their
        shape.
    labels : ndarray, shape (rows,), optional
        Written as float32.

    Raises
    ------
    DataError
        If a finite number is too large for float32.
    """
    return _payloads(_encode(features, labels, wire.DEFAULT_NAME))


def _encode(features: Features, labels: Array | None, name: str) -> Encoded:
    values = _float32(features.values, features.indptr, features.name)
    if features.is_rectangular and features.shapes is None:
        table = values.reshape(len(features), features.dim)
        return encode_tensors({name: table}, {} if labels is None else {wire.DEFAULT_NAME: labels})
    is_sparse = np.zeros(len(features), bool) if features.is_sparse is None else features.is_sparse
    indices = () if features.indices is None else features.indices
    rows = (is_sparse, features.indptr, indices, values, features.dims)
    return encode_rows(*rows, labels, shapes=features.shapes, name=name)


def _float32(values: Array, indptr: Array, name: str) -> Array:
    """Round to float32, which is all that SageMaker's algorithms take, but not to infinity."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    lost = np.isinf(rounded)
    lost[lost] = np.isfinite(values[lost])
    if lost.any():
        entry = int(lost.argmax())
        row = int(np.searchsorted(indptr, entry, side="right")) - 1
        raise DataError(
            f"Column {name!r} holds a number too large for float32: {values[entry]:g} in row {row} of the "
            "batch; expected at most 3.4e38. Scale the column first."
        )
    return rounded


def _payloads(encoded: Encoded) -> pa.LargeBinaryArray:
    buffers = [None, pa.py_buffer(encoded.offsets), pa.py_buffer(encoded.data)]
    return pa.Array.from_buffers(pa.large_binary(), len(encoded.offsets) - 1, buffers)
