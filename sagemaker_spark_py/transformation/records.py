"""Feature vectors as recordIO-protobuf records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import Encoded, encode_dense, encode_rows
from sagemaker_spark_py.transformation.features import Array, Features


def encode_records(features: Features, labels: Array | None = None) -> pa.LargeBinaryArray:
    """Return one record per row, over one contiguous buffer.

    Parameters
    ----------
    features : Features
        Written as float32, dense rows as they are and sparse ones with their positions; matrices keep their
        shape.
    labels : ndarray, shape (rows,), optional
        Written as float32.

    Raises
    ------
    DataError
        If a finite number is too large for float32.
    """
    values = _float32(features)
    if features.shapes is not None:
        return _payloads(_encode_matrices(features, values, labels))
    if features.is_rectangular:
        return _payloads(encode_dense(values.reshape(len(features), features.dim), labels))
    is_sparse = np.zeros(len(features), bool) if features.is_sparse is None else features.is_sparse
    indices = [] if features.indices is None else features.indices
    return _payloads(encode_rows(is_sparse, features.indptr, indices, values, features.dims, labels))


def _encode_matrices(features: Features, values: Array, labels: Array | None) -> Encoded:
    raise NotImplementedError


def _float32(features: Features) -> Array:
    """Round to float32, which is all that SageMaker's algorithms take."""
    with np.errstate(over="raise"):
        try:
            return features.values.astype(np.float32)
        except FloatingPointError as error:
            raise _overflow(features) from error


def _overflow(features: Features) -> DataError:
    with np.errstate(over="ignore"):
        lost = np.isinf(features.values.astype(np.float32)) & np.isfinite(features.values)
    entry = int(np.flatnonzero(lost)[0])
    return DataError(
        f"Column {features.name!r} holds a number too large for float32: {features.values[entry]:g} in row "
        f"{features.row_of_entry()[entry]} of the batch; expected at most 3.4e38. Scale the column first."
    )


def _payloads(encoded: Encoded) -> pa.LargeBinaryArray:
    buffers = [None, pa.py_buffer(encoded.offsets), pa.py_buffer(encoded.data)]
    return pa.Array.from_buffers(pa.large_binary(), len(encoded.offsets) - 1, buffers)
