"""Bytes and arrays: recordIO-protobuf records.

``FORMAT.md`` in this package describes the format.
"""

from __future__ import annotations

from typing import Any

from sagemaker_spark_py.recordio.decode import Decoded, decode
from sagemaker_spark_py.recordio.encode import (
    Encoded,
    encode_dense,
    encode_rows,
    encode_sparse,
    encode_tensors,
)
from sagemaker_spark_py.recordio.files import (
    read_records,
    write_numpy_to_dense_tensor,
    write_spmatrix_to_sparse_tensor,
)
from sagemaker_spark_py.recordio.frames import Frames, find_frames, whole_bytes
from sagemaker_spark_py.recordio.join import join_records
from sagemaker_spark_py.recordio.tensor import Csr, Tensor

__all__ = [
    "Csr",
    "Decoded",
    "Encoded",
    "Frames",
    "Record",
    "Tensor",
    "decode",
    "encode_dense",
    "encode_rows",
    "encode_sparse",
    "encode_tensors",
    "find_frames",
    "join_records",
    "read_records",
    "whole_bytes",
    "write_numpy_to_dense_tensor",
    "write_spmatrix_to_sparse_tensor",
]


def __getattr__(name: str) -> Any:
    """Import protobuf only for those who ask for its messages."""
    if name == "Record":
        from sagemaker_spark_py.recordio.record_pb2 import Record

        return Record
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
