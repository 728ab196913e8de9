"""recordIO-protobuf of the first-party containers: training data and requests in, responses out."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from sagemaker_spark_py import recordio
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows
from sagemaker_spark_py.errors import ContainerError, DataError, RecordIOError
from sagemaker_spark_py.recordio import Tensor


def read_recordio(body: bytes, float32_only: bool = False) -> Rows:
    """Read records whose features and label are under the key ``values``.

    Parameters
    ----------
    body : bytes
        Framed records.
    float32_only : bool
        Whether tensors of other types are refused, as some algorithms do.

    Returns
    -------
    Rows
        CSR features if a record is sparse.
    """
    try:
        decoded = recordio.decode(body)
        features, label = decoded.features.get("values"), decoded.label.get("values")
        if features is None:
            raise ContainerError("records have no features under the key 'values'")
        for tensor in (features, label) if float32_only else ():
            _check_float32(tensor)
        return Rows(_matrix(features), None if label is None else _labels(label))
    except (RecordIOError, DataError) as error:
        raise ContainerError(f"recordIO cannot be read: {error}") from error


def _check_float32(tensor: Tensor | None) -> None:
    if tensor is not None and tensor.values.dtype != np.float32:
        raise ContainerError(f"records hold {tensor.values.dtype} tensors; expected Float32 tensors only")


def _matrix(tensor: Tensor) -> Matrix:
    if len(tensor.keys) or (np.diff(tensor.indptr) == 0).any():
        csr = tensor.csr()
        parts = (csr.values.astype(np.float32), csr.indices, csr.indptr)
        return sparse.csr_matrix(parts, shape=(len(tensor), csr.dim))
    return np.asarray(tensor.dense(), dtype=np.float32)


def _labels(tensor: Tensor) -> np.ndarray:
    labels = np.asarray(tensor.dense(), dtype=np.float32)
    return labels[:, 0] if labels.shape[1] == 1 else labels


def write_recordio(columns: Columns) -> bytes:
    """Write one record per row, with each output as a float32 tensor in the ``label`` map."""
    return recordio.encode_tensors({}, columns).data.tobytes()
