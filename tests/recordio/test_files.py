"""The file functions that the SageMaker Python SDK had."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.errors import DataError, RecordIOError
from sagemaker_spark_py.recordio import (
    decode,
    files,
    read_records,
    write_numpy_to_dense_tensor,
    write_spmatrix_to_sparse_tensor,
)

from .judge import NAMES, Golden, frame, framed, message, messages
from .wild import field

FORMATS = [sparse.csr_array, sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array, sparse.lil_array]
ROWS = np.array([[0, 1.5, 0, 2], [0, 0, 0, 0], [9, 0, 0, 0]])


def written(write, *args, **named):
    file = io.BytesIO()
    assert write(file, *args, **named) is None
    return file.getvalue()


@pytest.mark.parametrize("name", [name for name in NAMES if Golden(name).sort == "dense"])
def test_dense_files_are_amazons(name):
    golden = Golden(name)
    assert written(write_numpy_to_dense_tensor, golden.dense, golden.labels) == golden.bytes


@pytest.mark.parametrize("name", [name for name in NAMES if Golden(name).is_sparse.all()])
def test_sparse_files_are_amazons(name):
    golden = Golden(name)
    matrix = sparse.csr_array((np.concatenate(golden.values), golden.indices, golden.indptr))
    matrix.resize(len(golden.values), golden.dims[0])
    assert written(write_spmatrix_to_sparse_tensor, matrix, golden.labels) == golden.bytes


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
def test_every_sparse_format_is_written(make, dtype):
    rows = ROWS.astype(dtype)
    wanted = [message([1.5 if dtype[0] == "f" else 1, 2], [1, 3], [4], 1), message(shape=[4], label=2)]
    wanted.append(message([9], [0], [4], 3))
    assert written(write_spmatrix_to_sparse_tensor, make(rows), np.array([1, 2, 3])) == framed(wanted)


def test_explicit_zeros_and_the_order_of_entries_are_kept():
    matrix = sparse.csr_array(([0.0, 3.0, 4.0], [2, 0, 2], [0, 2, 3]), (2, 3))
    wanted = [message([0, 3], [2, 0], [3]), message([4], [2], [3])]
    assert written(write_spmatrix_to_sparse_tensor, matrix) == framed(wanted)


def test_spare_room_behind_the_entries_is_not_written():
    matrix = sparse.csr_array(ROWS)
    matrix.data, matrix.indices = np.append(matrix.data, 7), np.append(matrix.indices, 1)
    wanted = written(write_spmatrix_to_sparse_tensor, sparse.csr_array(ROWS))
    assert written(write_spmatrix_to_sparse_tensor, matrix) == wanted


def test_large_arrays_are_written_in_chunks(monkeypatch):
    monkeypatch.setattr(files, "_CHUNK_BYTES", 100)
    rows, labels = np.arange(120.0).reshape(10, 12), np.arange(10)
    records = [message(row, label=label) for row, label in zip(rows, labels, strict=True)]
    assert written(write_numpy_to_dense_tensor, rows, labels) == framed(records)
    records = [message(row[row != 0], row.nonzero()[0].tolist(), [12], i) for i, row in enumerate(rows)]
    assert written(write_spmatrix_to_sparse_tensor, sparse.csr_array(rows), labels) == framed(records)


class ShortWrites(io.RawIOBase):
    """An unbuffered file that takes a few bytes at a time."""

    def __init__(self):
        self.content = b""

    def writable(self):
        return True

    def write(self, data):
        self.content += bytes(data[:7])
        return min(len(data), 7)


def test_unbuffered_files_get_everything():
    file = ShortWrites()
    write_numpy_to_dense_tensor(file, ROWS)
    assert file.content == written(write_numpy_to_dense_tensor, ROWS)


def test_no_rows_write_nothing():
    assert written(write_numpy_to_dense_tensor, np.empty((0, 5)), []) == b""
    assert written(write_spmatrix_to_sparse_tensor, sparse.csr_array((0, 5)), []) == b""


def test_rows_without_columns():
    assert written(write_numpy_to_dense_tensor, np.empty((2, 0)), [1, 2]) == framed(
        [message(label=1), message(label=2)]
    )


@pytest.mark.parametrize(
    ("write", "args", "error", "text"),
    [
        (write_numpy_to_dense_tensor, (np.ones(3),), DataError, "wrong rank: 1"),
        (write_numpy_to_dense_tensor, (np.ones((3, 2)), np.ones(2)), DataError, r"wrong shape: \(2,\)"),
        (write_numpy_to_dense_tensor, (np.ones((3, 2)), np.ones((3, 1))), DataError, "wrong shape"),
        (write_numpy_to_dense_tensor, (np.array([["a"]]),), DataError, "unusable type"),
        (write_numpy_to_dense_tensor, (np.ones((1, 1)), [1j]), DataError, "unusable type"),
        (
            write_spmatrix_to_sparse_tensor,
            (ROWS,),
            TypeError,
            "not sparse: ndarray; expected one of scipy.sparse",
        ),
        (write_spmatrix_to_sparse_tensor, (sparse.csr_array(ROWS), [1]), DataError, r"wrong shape: \(1,\)"),
        (write_spmatrix_to_sparse_tensor, (sparse.csr_array(ROWS), list("abc")), DataError, "unusable type"),
        (
            write_spmatrix_to_sparse_tensor,
            (sparse.csr_array(ROWS * 1j),),
            DataError,
            "unusable type: complex",
        ),
        (write_spmatrix_to_sparse_tensor, (sparse.coo_array(ROWS[0]),), DataError, "wrong rank: 1"),
    ],
)
def test_what_does_not_fit_is_refused_before_a_byte_is_written(write, args, error, text):
    file = io.BytesIO()
    with pytest.raises(error, match=text):
        write(file, *args)
    assert file.getvalue() == b""


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_read(name):
    golden = Golden(name)
    assert read_records(io.BytesIO(golden.bytes)) == messages(golden.bytes)


def test_reading_starts_where_the_file_stands():
    file = io.BytesIO(b"x" + framed([message([1])]))
    file.seek(1)
    assert read_records(file) == [message([1])]


def test_truncation_is_noticed():
    data = written(write_numpy_to_dense_tensor, np.ones((2, 1)))
    for cut in range(1, len(data)):
        if cut != len(data) // 2:
            with pytest.raises(RecordIOError):
                read_records(io.BytesIO(data[:cut]))


@pytest.mark.parametrize("payload", [b"\x0a\x05", b"\x0a\x02\x0a\x05"])
def test_payloads_that_are_no_messages_are_refused(payload):
    with pytest.raises(RecordIOError, match="Payload is not a Record message") as raised:
        read_records(io.BytesIO(frame(b"") + frame(payload)))
    assert raised.value.offset == 16


def test_text_that_is_no_text_is_refused_by_every_protobuf_runtime():
    """The one in pure Python raises a UnicodeDecodeError; others may read the record."""
    script = (
        "import io\n"
        "from sagemaker_spark_py.errors import RecordIOError\n"
        "from sagemaker_spark_py.recordio import read_records\n"
        "try:\n"
        f"    read_records(io.BytesIO({frame(field(3, bytes([255])))!r}))\n"
        "except RecordIOError as error:\n"
        "    assert error.offset == 8\n"
        "else:\n"
        "    raise AssertionError('read')\n"
    )
    root = str(Path(files.__file__).parents[2])
    environment = {"PYTHONPATH": root, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_files_are_read_by_decode():
    data = written(write_spmatrix_to_sparse_tensor, sparse.csr_array(ROWS), [1, 2, 3])
    assert decode(data).features["values"].dense().tolist() == ROWS.tolist()
