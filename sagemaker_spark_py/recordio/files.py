"""Files of records, with the functions that the SageMaker Python SDK had for them.

Numbers of every real type become float32 tensors, since the algorithms refuse others (the SDK made
float64 and int32 tensors of float64 and int64 arrays, and refused the remaining types):

=======================================  ==============================================
type of `array` or `labels`              written
=======================================  ==============================================
float32                                  as is, bit by bit
float64, longdouble                      rounded; what is too large becomes infinite
float16, bool, integers up to 16 bits    exactly
integers of 32 and 64 bits               rounded to 24 significant bits
complex, object, text, dates             refused with a DataError
=======================================  ==============================================
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError, RecordIOError
from sagemaker_spark_py.recordio import arrays
from sagemaker_spark_py.recordio.encode import Encoded, encode_dense, encode_sparse
from sagemaker_spark_py.recordio.frames import find_frames
from sagemaker_spark_py.recordio.ragged import Ints

_CHUNK_BYTES = 8 << 20
"""About so much is encoded at a time, whatever the size of the array."""


def write_numpy_to_dense_tensor(
    file: BinaryIO, array: npt.ArrayLike, labels: npt.ArrayLike | None = None
) -> None:
    """Write each row of an array as a record with dense features.

    Parameters
    ----------
    file : binary file
        Open for writing.
    array : array of real numbers, shape (n, d)
        Becomes ``features["values"]``; see the table above for types.
    labels : array of real numbers, shape (n,), optional
        Becomes ``label["values"]``.

    Raises
    ------
    DataError
        If the array has no rows and columns, the type is not a real number's, or there is not one label
        per row. Nothing is written then.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_numpy_to_dense_tensor(file, np.eye(3), labels=np.arange(3))
    >>> file.tell()
    168
    """
    numbers = arrays.real_numbers(array, "array")
    if numbers.ndim < 2:
        raise DataError(f"Array has the wrong rank: {numbers.ndim}; expected rows and columns.")
    numbers_of_labels = None if labels is None else arrays.labels(labels, len(numbers))
    row_bytes = 4 * max(1, int(np.prod(numbers.shape[1:], dtype=np.int64)))
    for rows in _chunks(np.arange(len(numbers) + 1) * row_bytes):
        _write(file, encode_dense(numbers[rows], _take(numbers_of_labels, rows)))


def write_spmatrix_to_sparse_tensor(file: BinaryIO, array: Any, labels: npt.ArrayLike | None = None) -> None:
    """Write each row of a SciPy sparse matrix or array as a record with sparse features.

    Parameters
    ----------
    file : binary file
        Open for writing.
    array : sparse matrix or array of SciPy, shape (n, d)
        Of any format; all become CSR. Entries are written in its order, explicit zeros included. A row
        without entries is written as its shape only, as SageMaker does; XGBoost cannot read that, see
        `encode_sparse` for another way.
    labels : array of real numbers, shape (n,), optional
        Becomes ``label["values"]``.

    Raises
    ------
    TypeError
        If the array is not sparse.
    DataError
        If the array has no rows and columns, the type is not a real number's, or there is not one label
        per row. Nothing is written then.
    """
    if not hasattr(array, "tocsr"):
        raise TypeError(f"Array is not sparse: {type(array).__name__}; expected one of scipy.sparse.")
    if len(array.shape) != 2:
        raise DataError(f"Array has the wrong rank: {len(array.shape)}; expected rows and columns.")
    csr, (count, dim) = array.tocsr(), array.shape
    values = arrays.real_numbers(csr.data, "array")
    numbers_of_labels = None if labels is None else arrays.labels(labels, count)
    indptr = arrays.bounds(csr.indptr, count)
    arrays.check_indices(csr.indices[: indptr[-1]], indptr, np.full(count, dim))
    for rows in _chunks(8 * indptr + 64 * np.arange(count + 1)):
        bounds = indptr[rows.start : rows.stop + 1]
        entries = slice(bounds[0], bounds[-1])
        part = bounds - bounds[0], csr.indices[entries], values[entries]
        _write(file, encode_sparse(*part, dim, _take(numbers_of_labels, rows)))


def read_records(file: BinaryIO) -> list[Any]:
    """Read a file's records as protobuf messages; `decode` makes arrays of them and is far faster.

    Parameters
    ----------
    file : binary file
        Open for reading; read to its end.

    Returns
    -------
    list of Record

    Raises
    ------
    RecordIOError
        If the file is cut short anywhere or holds something else; its `offset` counts from where reading
        began.
    """
    from google.protobuf.message import DecodeError

    from sagemaker_spark_py.recordio.record_pb2 import Record

    data = file.read()
    frames = find_frames(data)
    records = []
    for start, stop in zip(frames.starts.tolist(), frames.stops.tolist(), strict=True):
        try:
            records.append(Record.FromString(data[start:stop]))
        except (DecodeError, ValueError) as error:  # ValueError: text that is not UTF-8
            raise RecordIOError(f"Payload is not a Record message: {error}", start) from error
    return records


def _chunks(bounds_bytes: Ints) -> Iterator[slice]:
    """Cut rows, of which row i lies between bounds i and i + 1, into chunks of at least one row."""
    first, rows = 0, len(bounds_bytes) - 1
    while first < rows:
        fitting = int(np.searchsorted(bounds_bytes, bounds_bytes[first] + _CHUNK_BYTES, "right")) - 1
        last = max(fitting, first + 1)
        yield slice(first, last)
        first = last


def _take(labels: npt.NDArray[np.generic] | None, rows: slice) -> npt.NDArray[np.generic] | None:
    return None if labels is None else labels[rows]


def _write(file: BinaryIO, encoded: Encoded) -> None:
    """Write everything, also to unbuffered files, which may take a part only."""
    rest = memoryview(encoded.data.data)
    while rest:
        written = file.write(rest)
        rest = rest[len(rest) if written is None else written :]
