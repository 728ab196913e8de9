"""recordIO-protobuf of the first-party containers: training data and requests in, responses out."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from sagemaker_spark_py import recordio
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows
from sagemaker_spark_py.errors import ContainerError, DataError, RecordIOError

if TYPE_CHECKING:
    from sagemaker_spark_py.recordio import Tensor

_MAGIC = 0xCED7230A
_FRAME_BYTES = 8


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
    """Write one record per row, with each output as a float32 tensor in the ``label`` map.

    All records have the same layout, so one is built and its numbers are replaced in all copies at once.
    """
    values = {key: _two_dimensional(column) for key, column in columns.items()}
    record, slots = _template({key: column.shape[1] for key, column in values.items()})
    rows = len(next(iter(values.values())))
    records = np.tile(np.frombuffer(record, dtype=np.uint8), (rows, 1))
    for key, column in values.items():
        numbers = np.ascontiguousarray(column, dtype="<f4").view(np.uint8)
        records[:, slots[key] : slots[key] + numbers.shape[1]] = numbers
    return records.tobytes()


def _two_dimensional(column: np.ndarray) -> np.ndarray:
    return np.asarray(column).reshape(len(column), -1)


def label_message(values: Mapping[str, Sequence[float]]) -> bytes:
    """Return one unframed record with a float32 tensor for each key in the ``label`` map."""
    return b"".join(_label_entry(key, np.asarray(numbers, dtype="<f4")) for key, numbers in values.items())


def frame(message: bytes) -> bytes:
    """Return a message as a RecordIO record: magic, length, message, padding."""
    return struct.pack("<II", _MAGIC, len(message)) + message + bytes(-len(message) % 4)


def _template(widths: dict[str, int]) -> tuple[bytes, dict[str, int]]:
    """Return one framed record of zeros, and where the numbers of each key begin in it."""
    message, slots = b"", {}
    for key, width in widths.items():
        message += _label_entry(key, np.zeros(width, dtype="<f4"))
        slots[key] = _FRAME_BYTES + len(message) - 4 * width
    return frame(message), slots


def _label_entry(key: str, numbers: np.ndarray) -> bytes:
    """Return Record.label's entry for one key, a float32 tensor; the numbers come last."""
    tensor = _field(1, numbers.tobytes())
    return _field(2, _field(1, key.encode()) + _field(2, _field(2, tensor)))


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
