"""recordIO-protobuf of the first-party containers: training data and requests in, responses out."""

from __future__ import annotations

import struct

import numpy as np
from scipy import sparse

from sagemaker_spark_py import recordio
from sagemaker_spark_py.containers.rows import Columns, Rows
from sagemaker_spark_py.errors import ContainerError, RecordIOError

_MAGIC = 0xCED7230A


def read_recordio(body: bytes) -> Rows:
    """Read records whose features and label are under the key ``values``."""
    try:
        decoded = recordio.decode(body)
    except RecordIOError as error:
        raise ContainerError(f"recordIO cannot be read: {error}") from error
    values = decoded.features["values"]
    labels = decoded.labels.get("values")
    features = (
        values.values.reshape(len(values.indptr) - 1, -1)
        if values.keys is None
        else sparse.csr_matrix((values.values, values.keys, values.indptr), shape=(len(values.indptr) - 1, 1))
    )
    return Rows(features.astype(np.float32), None if labels is None else labels.values.astype(np.float32))


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


def _template(widths: dict[str, int]) -> tuple[bytes, dict[str, int]]:
    """Return one framed record of zeros, and where the numbers of each key begin in it."""
    message, slots = b"", {}
    for key, width in widths.items():
        message += _label_entry(key, width)
        slots[key] = 8 + len(message) - 4 * width
    padding = bytes(-len(message) % 4)
    return struct.pack("<II", _MAGIC, len(message)) + message + padding, slots


def _label_entry(key: str, width: int) -> bytes:
    """Return Record.label's entry for one key, a float32 tensor of zeros; the numbers come last."""
    tensor = _field(1, bytes(4 * width))
    return _field(2, _field(1, key.encode()) + _field(2, _field(2, tensor)))


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
