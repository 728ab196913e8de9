"""Tensors as columns, above all matrices and what other writers of records may do."""

import io
import json
import pickle

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import DenseMatrix, DenseVector, MatrixUDT, SparseMatrix, Vectors, VectorUDT
from pyspark.sql.types import ArrayType, FloatType, IntegerType, StringType, StructField, StructType

from sagemaker_spark_py.errors import DataError, SchemaError, SettingError
from sagemaker_spark_py.persistence import decode as decode_value
from sagemaker_spark_py.persistence import encode as encode_value
from sagemaker_spark_py.recordio import Record, decode, encode_tensors, read_records
from sagemaker_spark_py.transformation.deserializers import ProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.records import encode_column
from sagemaker_spark_py.transformation.rows import to_batch, to_rows
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer
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


COLUMNS = StructType(
    [
        StructField("pixels", MatrixUDT()),
        StructField("words", VectorUDT()),
        StructField("list", ArrayType(FloatType())),
        StructField("n", IntegerType()),
        StructField("other", StringType()),
    ]
)
ROWS = [
    (MATRICES[0], Vectors.sparse(9, [2, 7], [1.0, 2.0]), [1.0, 2.5], 3, "a"),
    (MATRICES[1], Vectors.dense([1.0, 2.0]), [], 4, "b"),
    (MATRICES[3], Vectors.sparse(9, [], []), [9.0], 5, "c"),
]
TENSORS = {"image": "pixels", "bag": "words", "l": "list", "count": "n"}


def test_each_column_becomes_a_tensor_of_its_name():
    serializer = ProtobufRequestRowSerializer(COLUMNS, tensors=TENSORS)
    assert serializer.inputColumns(COLUMNS) == ["pixels", "words", "list", "n"]
    payloads = serializer.serializeBatch(to_batch(ROWS, COLUMNS)).to_pylist()
    for payload, row in zip(payloads, ROWS, strict=True):
        (record,) = read_records(io.BytesIO(payload))
        assert sorted(record.features) == sorted(TENSORS)
        image, bag = record.features["image"].float32_tensor, record.features["bag"].float32_tensor
        assert list(image.shape) == [2, 3]
        assert list(image.values) == (list(row[0].values) if row[0].toArray().any() else [])
        assert list(bag.values) == list(row[1].toArray()[row[1].toArray() != 0])
        assert list(bag.keys) == ([] if isinstance(row[1], DenseVector) else list(row[1].indices))
        assert list(record.features["l"].float32_tensor.values) == row[2]
        assert list(record.features["count"].float32_tensor.values) == [row[3]]


def test_an_answer_of_several_tensors_becomes_columns():
    answer = encode_tensors(
        {}, {"image": np.arange(12).reshape(2, 2, 3), "bag": [[1, 2], [3, 4]], "n": [5, 6]}
    )
    schema = StructType([COLUMNS["pixels"], COLUMNS["words"], COLUMNS["n"]])
    batch = ProtobufResponseRowDeserializer(schema, ["image", "bag", "n"]).deserializeBatch(answer.data, 2)
    rows = list(to_rows(batch))
    assert [row.n for row in rows] == [5, 6]
    assert rows[1].words == Vectors.dense([3.0, 4.0])
    np.testing.assert_array_equal(rows[1].pixels.toArray(), [[6, 7, 8], [9, 10, 11]])


@pytest.mark.parametrize("tensors", [{}, ["pixels"], {1: "pixels"}])
def test_what_is_no_mapping_of_tensors_is_refused(tensors):
    with pytest.raises(SettingError, match="tensors is not a mapping"):
        ProtobufRequestRowSerializer(tensors=tensors)


@pytest.mark.parametrize(("column", "problem"), [("pixel", "is missing"), ("other", "wrong type: string")])
def test_a_wrong_column_of_a_tensor_is_named(column, problem):
    with pytest.raises(SchemaError, match=f"'{column}'.*{problem}"):
        ProtobufRequestRowSerializer(COLUMNS, tensors={"image": "pixels", "x": column})


def test_it_survives_saving_and_pickling():
    serializer = ProtobufRequestRowSerializer(tensors=TENSORS)
    assert decode_value(json.loads(json.dumps(encode_value(serializer)))) == serializer
    assert pickle.loads(pickle.dumps(serializer)) == serializer
    assert serializer != ProtobufRequestRowSerializer()
