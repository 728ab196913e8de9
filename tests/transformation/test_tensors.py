"""Tensors as columns, above all matrices and what other writers of records may do."""

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, SparseMatrix, Vectors, VectorUDT
from pyspark.sql.types import StructField, StructType

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import Record, decode, encode_tensors
from sagemaker_spark_py.transformation.records import encode_column
from sagemaker_spark_py.transformation.rows import to_batch, to_rows
from sagemaker_spark_py.transformation.tensors import read_tensor

MATRIX, VECTOR = StructField("m", MatrixUDT()), StructField("v", VectorUDT())
MATRICES = [
    DenseMatrix(2, 3, [1, 2, 3, 4, 5, 6], True),
    SparseMatrix(2, 3, [0, 1, 2], [0, 2], [7.0, 8.0], True),
    DenseMatrix(2, 3, [1, 2, 3, 4, 5, 6]),
    SparseMatrix(2, 3, [0, 0, 0, 0], [], []),
    SparseMatrix(2, 3, [0, 2, 2, 3], [0, 1, 1], [1.0, 2.0, 3.0]),
]


def values_of(column):
    return [row[0] for row in to_rows(pa.RecordBatch.from_arrays([column], names=["c"]))]


def sparse_tensor(keys, shape, values=None):
    record = Record()
    tensor = record.features["values"].float32_tensor
    tensor.keys.extend(keys)
    tensor.shape.extend(shape)
    tensor.values.extend(values or [float(key) for key in keys])
    payload = record.SerializeToString()
    header = np.array([0xCED7230A, len(payload)], "<u4").tobytes()
    return decode(header + payload + bytes(-len(payload) % 4)).features["values"]


@pytest.mark.parametrize("chosen", [MATRICES, MATRICES[:1], MATRICES[3:], MATRICES[3:4]], ids=len)
def test_matrices_come_back_as_they_were(chosen):
    column = to_batch([(matrix,) for matrix in chosen], StructType([MATRIX])).column(0)
    records = b"".join(encode_column(column, name="m").to_pylist())
    found = read_tensor(decode(records).features["values"], MATRIX)
    assert found.type == column.type
    for before, after in zip(chosen, values_of(found), strict=True):
        assert type(after) is type(before)
        np.testing.assert_array_equal(after.toArray(), before.toArray())


def test_a_vector_is_no_matrix():
    tensor = decode(encode_tensors({"values": np.ones((3, 4))}).data).features["values"]
    with pytest.raises(DataError, match="record 0 has 0 dimensions"):
        read_tensor(tensor, MATRIX)


def test_keys_in_any_order_are_sorted():
    assert values_of(read_tensor(sparse_tensor([4, 1, 3], [5]), VECTOR)) == [
        Vectors.sparse(5, [1, 3, 4], [1.0, 3.0, 4.0])
    ]
    (matrix,) = values_of(read_tensor(sparse_tensor([5, 0], [2, 3], [5.0, 9.0]), MATRIX))
    np.testing.assert_array_equal(matrix.toArray(), [[9, 0, 0], [0, 0, 5]])


def test_a_place_with_two_values_is_refused():
    with pytest.raises(DataError, match="two values for one place"):
        read_tensor(sparse_tensor([2, 2], [5]), VECTOR)
