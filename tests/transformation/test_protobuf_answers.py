"""Answers in records: what AWS's reader gets wrong, and the types of columns."""

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DateType,
    DoubleType,
    FloatType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.recordio import Record, encode_tensors
from sagemaker_spark_py.transformation.deserializers import (
    LDAProtobufResponseRowDeserializer,
    PCAProtobufResponseRowDeserializer,
    ProtobufResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.rows import to_rows


def framed(*payloads):
    frames = (b"\x0a\x23\xd7\xce" + len(p).to_bytes(4, "little") + p + bytes(-len(p) % 4) for p in payloads)
    return b"".join(frames)


def record(kind="float32_tensor", keys=(), shape=(), **tensors):
    made = Record()
    for name, values in tensors.items():
        tensor = getattr(made.label[name], kind)
        tensor.values.extend(values)
        tensor.keys.extend(keys)
        tensor.shape.extend(shape)
        tensor.SetInParent()
    return made.SerializeToString()


def read(kind, *records, name="x"):
    deserializer = ProtobufResponseRowDeserializer(StructType([StructField(name, kind)]))
    batch = deserializer.deserializeBatch(framed(*records), len(records))
    return [row[0] for row in to_rows(batch)]


@pytest.mark.parametrize("values", [[1.5], [1.5, 2.5], [0.0], [0.0, 0.0, 0.0]])
def test_a_vector_column_gives_vectors_of_any_length(values):
    assert read(VectorUDT(), record(x=values)) == [Vectors.dense(values)]


@pytest.mark.parametrize("cls", [PCAProtobufResponseRowDeserializer, LDAProtobufResponseRowDeserializer])
def test_projection_on_one_component(cls):
    body = framed(record(projection=[0.5], topic_mixture=[0.5]))
    (row,) = to_rows(cls().deserializeBatch(body, 1))
    assert row[0] == Vectors.dense(0.5)


@pytest.mark.parametrize("values", [[], [1.0, 2.0]])
def test_a_number_column_wants_exactly_one_value(values):
    with pytest.raises(ResponseError, match=r"'x' of the answer does not fit column 'x': .*expected double"):
        read(DoubleType(), record(x=[1.0]), record(x=values))


@pytest.mark.parametrize("kind", ["float32_tensor", "float64_tensor", "int32_tensor"])
def test_every_kind_of_number(kind):
    assert read(DoubleType(), record(kind, x=[3])) == [3.0]
    assert read(VectorUDT(), record(kind, x=[3, 4])) == [Vectors.dense(3, 4)]


def test_sparse_answers_keep_their_index():
    records = [
        record(x=[7.0], keys=[2], shape=[4]),
        record(x=[], shape=[4]),
        record(x=[1.0, 2.0], keys=[0, 3], shape=[4]),
    ]
    expected = [Vectors.sparse(4, [2], [7]), Vectors.sparse(4, [], []), Vectors.sparse(4, [0, 3], [1, 2])]
    assert read(VectorUDT(), *records) == expected
    assert read(ArrayType(DoubleType()), *records) == [list(v.toArray()) for v in expected]


def test_dense_and_sparse_answers_in_one_body():
    records = [record(x=[1.0, 2.0]), record(x=[5.0], keys=[1], shape=[2])]
    assert read(VectorUDT(), *records) == [Vectors.dense(1, 2), Vectors.sparse(2, [1], [5])]


def test_the_last_tensor_of_a_name_counts():
    growing = [b"".join(record(x=[float(i)]) for i in range(n + 1)) for n in range(4)]
    assert read(DoubleType(), *growing) == [0, 1, 2, 3]


def test_columns_of_other_types():
    assert read(LongType(), record(x=[3.0])) == [3]
    assert read(FloatType(), record("float64_tensor", x=[0.5])) == [0.5]
    assert read(BooleanType(), record(x=[1.0]), record(x=[0.0])) == [True, False]
    assert read(ArrayType(LongType()), record(x=[1.0, 2.0]), record(x=[])) == [[1, 2], []]


def test_text_and_bytes():
    made = Record()
    made.label["x"].bytes.value.append("grün".encode())
    assert read(StringType(), made.SerializeToString()) == ["grün"]
    assert read(BinaryType(), made.SerializeToString()) == ["grün".encode()]
    with pytest.raises(ResponseError, match="it holds bytes; expected double"):
        read(DoubleType(), made.SerializeToString())
    with pytest.raises(ResponseError, match="it holds numbers; expected string"):
        read(StringType(), record(x=[1.0]))


def test_numbers_that_do_not_fit_their_type():
    with pytest.raises(ResponseError, match="expected bigint"):
        read(LongType(), record(x=[1.5]))


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (record(y=[1.0]), "no tensor 'x' for column 'x'; .* It has: 'y'"),
        (Record().SerializeToString(), "It has: none"),
        (record(x=[]), "neither values nor a shape"),
        (record(x=[1.0], keys=[4], shape=[4]), "key of 4 or more"),
        (record(x=[1.0, 2.0], keys=[1], shape=[4]), "one key per value"),
    ],
)
def test_broken_answers(broken, problem):
    with pytest.raises(ResponseError, match=problem):
        read(VectorUDT(), broken)


def test_tensor_missing_from_some_records():
    with pytest.raises(ResponseError, match="record 1 has none"):
        read(DoubleType(), record(x=[1.0]), record(y=[1.0]))


def test_keys_name_the_tensors():
    schema = StructType([StructField("a", DoubleType()), StructField("b", VectorUDT())])
    deserializer = ProtobufResponseRowDeserializer(schema, ["score", "projection"])
    batch = deserializer.deserializeBatch(framed(record(score=[1.0], projection=[2.0], more=[3.0])), 1)
    assert [tuple(row) for row in to_rows(batch)] == [(1.0, Vectors.dense(2.0))]
    assert deserializer.protobufKeys == ("score", "projection")


def test_keys_must_fit_the_columns():
    with pytest.raises(
        SettingError, match="protobufKeys has the wrong length: 2; expected one name for each of the 1"
    ):
        ProtobufResponseRowDeserializer(StructType([StructField("a", DoubleType())]), ["a", "b"])


@pytest.mark.parametrize("kind", [DateType(), ArrayType(StringType()), StructType([])])
def test_columns_that_no_tensor_fills(kind):
    with pytest.raises(SettingError, match="'a' cannot be filled from records"):
        ProtobufResponseRowDeserializer(StructType([StructField("a", kind)]))


def test_large_answers_are_read_whole():
    values = np.arange(200_000, dtype=np.float32)
    schema = StructType([StructField("x", DoubleType())])
    body = encode_tensors({}, {"x": values}).data.tobytes()
    batch = ProtobufResponseRowDeserializer(schema).deserializeBatch(body, len(values))
    assert batch.column(0).equals(pa.array(values.astype(np.float64)))
