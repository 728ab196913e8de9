"""The codec of ``sagemaker<3``; runs in an environment that has it."""

import io
import time

from answering import answer, own_output

RESULTS = own_output()

import numpy as np  # noqa: E402
from sagemaker.amazon.common import (  # noqa: E402
    read_records,
    write_numpy_to_dense_tensor,
    write_spmatrix_to_sparse_tensor,
)


def _dense(rows, columns, seed):
    return np.random.default_rng(seed).random((rows, columns), dtype=np.float32)


def _sparse(rows, columns, density, seed):
    import scipy.sparse

    chosen = np.random.default_rng(seed)
    kept = chosen.random((rows, columns)) < density
    return scipy.sparse.csr_matrix(np.where(kept, chosen.random((rows, columns), dtype=np.float32), 0))


def encode_dense(rows, columns, seed):
    """Return the seconds of writing a matrix and labels."""
    matrix, labels = _dense(rows, columns, seed), np.zeros(rows, np.float32)
    begin = time.perf_counter()
    write_numpy_to_dense_tensor(io.BytesIO(), matrix, labels)
    return time.perf_counter() - begin


def encode_sparse(rows, columns, density, seed):
    """Return the seconds of writing a sparse matrix and labels."""
    matrix, labels = _sparse(rows, columns, density, seed), np.zeros(rows, np.float32)
    begin = time.perf_counter()
    write_spmatrix_to_sparse_tensor(io.BytesIO(), matrix, labels)
    return time.perf_counter() - begin


def decode_dense(rows, columns, seed):
    """Return the seconds of reading records and copying their values into a matrix."""
    file = io.BytesIO()
    write_numpy_to_dense_tensor(file, _dense(rows, columns, seed), np.zeros(rows, np.float32))
    file.seek(0)
    begin = time.perf_counter()
    matrix = np.empty((rows, columns), np.float32)
    for row, record in enumerate(read_records(file)):
        matrix[row] = record.features["values"].float32_tensor.values
    return time.perf_counter() - begin


def decode_sparse(rows, columns, density, seed):
    """Return the seconds of reading sparse records into arrays of places and values."""
    file = io.BytesIO()
    write_spmatrix_to_sparse_tensor(file, _sparse(rows, columns, density, seed), np.zeros(rows, np.float32))
    file.seek(0)
    begin = time.perf_counter()
    tensors = [record.features["values"].float32_tensor for record in read_records(file)]
    np.concatenate([np.array(tensor.keys, np.int64) for tensor in tensors])
    np.concatenate([np.array(tensor.values, np.float32) for tensor in tensors])
    return time.perf_counter() - begin


answer({f.__name__: f for f in (encode_dense, encode_sparse, decode_dense, decode_sparse)}, RESULTS)
