"""What holds for every serializer and every deserializer that the package offers: no exceptions."""

import copy
import inspect
import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import Row
from pyspark.sql.types import (
    ArrayType,
    DayTimeIntervalType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from sagemaker_spark_py.errors import DataError, ResponseError, SchemaError
from sagemaker_spark_py.persistence import decode, encode
from sagemaker_spark_py.recordio import encode_tensors
from sagemaker_spark_py.transformation import deserializers, serializers
from sagemaker_spark_py.transformation.batching import bodies
from sagemaker_spark_py.transformation.rows import to_batch, to_rows
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer

SCHEMA = StructType(
    [
        StructField("label", DoubleType()),
        StructField("features", VectorUDT()),
        StructField("text", StringType()),
    ]
)
ROWS = [Row(label=float(i), features=Vectors.dense(i, 2, 0.5), text=f"{i} \u00e9") for i in range(6)]
ROWS += [Row(label=9.0, features=Vectors.sparse(3, [1], [4.0]), text="")]


def of_all(module, base):
    found = [getattr(module, name) for name in module.__all__]
    return [cls for cls in found if issubclass(cls, base) and cls is not base]


SERIALIZERS = of_all(serializers, serializers.RequestRowSerializer)
DESERIALIZERS = of_all(deserializers, deserializers.ResponseRowDeserializer)

VECTOR_SERIALIZERS = [cls for cls in SERIALIZERS if issubclass(cls, VectorSerializer)]

ARGUMENTS = {
    "dim": 3,
    "labelColumnName": "label",
    "featuresColumnName": "features",
    "schema": StructType(SCHEMA.fields[:2]),
}
"""For the required arguments of constructors."""

MANY_ROWS = {"separator": "\n"}
"""For arguments that by default allow a single row."""

OTHERS = {"dtype": "float64", "path": "rows", "separator": ";"}
"""Other values of arguments that do not take any text."""


def made(cls):
    parameters = inspect.signature(cls).parameters.values()
    required = {p.name: ARGUMENTS[p.name] for p in parameters if p.default is p.empty}
    return cls(**required, **{p.name: MANY_ROWS[p.name] for p in parameters if p.name in MANY_ROWS})


@pytest.fixture(params=SERIALIZERS, ids=lambda cls: cls.__name__)
def serializer(request):
    return made(request.param)


@pytest.fixture(params=VECTOR_SERIALIZERS, ids=lambda cls: cls.__name__)
def vector_serializer(request):
    return made(request.param)


@pytest.fixture(params=DESERIALIZERS, ids=lambda cls: cls.__name__)
def deserializer(request):
    return made(request.param)


def batch_for(serializer, rows, schema=SCHEMA):
    return to_batch(rows, schema).select(serializer.inputColumns(schema))


def test_all_are_there():
    assert {cls.__name__ for cls in SERIALIZERS} >= {
        "ProtobufRequestRowSerializer",
        "LibSVMRequestRowSerializer",
    }
    assert len(DESERIALIZERS) == 16


# Values.


@pytest.mark.parametrize("cls", SERIALIZERS + DESERIALIZERS, ids=lambda cls: cls.__name__)
def test_is_a_value(cls):
    one, same = made(cls), made(cls)
    assert one == same
    assert hash(one) == hash(same)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert decode(json.loads(json.dumps(encode(one)))) == one
    arguments = {name: getattr(one, name) for name in inspect.signature(cls).parameters}
    for name, value in arguments.items():
        if isinstance(value, (str, bool, StructType)):
            assert cls(**{**arguments, name: OTHERS.get(name) or other_than(value)}) != one


def other_than(value):
    if isinstance(value, StructType):
        return StructType([StructField("other", DoubleType())])
    return not value if isinstance(value, bool) else value + "x"


@pytest.mark.parametrize("cls", SERIALIZERS + DESERIALIZERS, ids=lambda cls: cls.__name__)
def test_arguments_are_attributes_that_cannot_be_changed(cls):
    value = made(cls)
    for name in inspect.signature(cls).parameters:
        before = getattr(value, name)
        with pytest.raises(AttributeError):
            setattr(value, name, "changed")
        assert getattr(value, name) == before


@pytest.mark.parametrize("base", [serializers.RequestRowSerializer, deserializers.ResponseRowDeserializer])
def test_bases_cannot_be_made(base):
    with pytest.raises(TypeError, match="must implement"):
        base()
    with pytest.raises(TypeError, match="Incomplete must implement"):
        type("Incomplete", (base,), {})()


# Serializers.


def test_content_type(serializer):
    assert serializer.contentType.split("/")[0] in ("text", "application")


def test_schema_is_checked_and_kept_where_asked(serializer):
    serializer.validateSchema(SCHEMA)
    assert serializer.schema is None
    serializer.setSchema(SCHEMA)
    assert serializer.schema == SCHEMA
    assert replace(made(type(serializer)), schema=SCHEMA) == serializer
    assert hash(replace(serializer, schema=None)) == hash(serializer)


def replaced(name, kind):
    return StructType([StructField(f.name, kind if f.name == name else f.dataType) for f in SCHEMA.fields])


def column_of(serializer):
    """The column that a serializer with default arguments cannot do without."""
    return "text" if hasattr(serializer, "textColumnName") else "features"


def assert_refuses(serializer, wrong, column):
    with pytest.raises(SchemaError, match=f"'{column}' has the wrong type"):
        serializer.setSchema(wrong)
    assert serializer.schema is None
    with pytest.raises(SchemaError):
        type(serializer)(schema=wrong)


@pytest.mark.parametrize("kind", [StringType(), ArrayType(StringType()), StructType([]), DoubleType()])
def test_features_of_the_wrong_type_are_refused(vector_serializer, kind):
    assert_refuses(vector_serializer, replaced("features", kind), "features")


@pytest.mark.parametrize("kind", [StructType([]), DayTimeIntervalType(), MapType(LongType(), StringType())])
def test_columns_of_the_wrong_type_are_refused(serializer, kind):
    column = column_of(serializer)
    assert_refuses(serializer, replaced(column, kind), column)


def test_missing_columns_are_refused(serializer):
    column = column_of(serializer)
    with pytest.raises(SchemaError, match=f"'{column}' is missing; expected one of that name among: 'label'"):
        serializer.validateSchema(StructType(SCHEMA.fields[:1]))


@pytest.mark.parametrize("kind", [VectorUDT(), ArrayType(DoubleType()), ArrayType(IntegerType())])
def test_vectors_and_arrays_will_do(vector_serializer, kind):
    vector_serializer.validateSchema(replaced("features", kind))


def test_several_columns_will_do(vector_serializer):
    several = type(vector_serializer)(featuresColumnName=["b", "a"])
    schema = StructType([StructField(n, DoubleType()) for n in ("a", "b", "c")])
    several.validateSchema(schema)
    assert several.inputColumns(schema) == ["b", "a"]
    with pytest.raises(SchemaError, match="'b' has the wrong type: string"):
        several.validateSchema(StructType([StructField("a", DoubleType()), StructField("b", StringType())]))


def test_one_payload_for_each_row(serializer):
    payloads = serializer.serializeBatch(batch_for(serializer, ROWS))
    assert payloads.type == pa.large_binary()
    assert (len(payloads), payloads.null_count) == (len(ROWS), 0)
    (body,) = bodies([payloads], 1 << 20)
    assert bytes(body.data) == b"".join(payloads.to_pylist())


def test_the_frame_around_rows_is_within_what_it_says(serializer):
    payloads = serializer.serializeBatch(batch_for(serializer, ROWS)).to_pylist()
    limit = serializer.maxRows or len(ROWS)
    assert limit >= 1
    for rows in {1, limit}:
        joined = b"".join(payloads[:rows])
        for given in (joined, memoryview(joined)):
            body = serializer.wrapBody(given, rows)
            assert 0 < len(bytes(body)) <= len(joined) + serializer.frameBytes
    if not serializer.frameBytes and not isinstance(serializer, serializers.NpyRequestRowSerializer):
        assert serializer.wrapBody(joined, 1) is joined


def test_rows_and_batches_give_the_same_bytes(serializer):
    payloads = serializer.serializeBatch(batch_for(serializer, ROWS)).to_pylist()
    assert [serializer.serializeRow(row) for row in ROWS] == payloads
    parts = [batch_for(serializer, ROWS)[at : at + 2] for at in range(0, len(ROWS), 2)]
    assert [p for part in parts for p in serializer.serializeBatch(part).to_pylist()] == payloads


def test_rows_without_label_can_be_sent(serializer):
    schema = StructType(SCHEMA.fields[1:])
    serializer.validateSchema(schema)
    assert serializer.inputColumns(schema) == [column_of(serializer)]
    rows = [row[1:] for row in ROWS]
    assert len(serializer.serializeBatch(batch_for(serializer, rows, schema))) == len(rows)


def test_no_rows_no_payloads(serializer):
    assert serializer.serializeBatch(batch_for(serializer, [])).to_pylist() == []
    assert serializer.serializeBatch(batch_for(serializer, ROWS)[:0]).to_pylist() == []


def test_nulls_are_refused(serializer):
    with pytest.raises(DataError, match=f"Column '{column_of(serializer)}' is null: row 1"):
        serializer.serializeBatch(batch_for(serializer, [ROWS[0], Row(label=1.0, features=None, text=None)]))


# Deserializers.


def answer_for(deserializer, rows):
    """An answer in the format of the deserializer, and the rows that it says."""
    if deserializer.accepts == "text/csv":
        return "".join(f"{i}.5\n" for i in range(rows)).encode(), [(i + 0.5,) for i in range(rows)]
    if deserializer.accepts == "text/x-libsvm":
        lines = "".join(f"{i} 2:{i}.5\n" for i in range(rows))
        return lines.encode(), [(float(i), Vectors.sparse(3, [1], [i + 0.5])) for i in range(rows)]
    if deserializer.accepts == "text/plain":
        return b"caf\xc3\xa9\n" * rows, [("caf\u00e9",)] * rows
    if deserializer.accepts == "application/x-npy":
        file = io.BytesIO()
        np.save(file, np.arange(rows, dtype=np.float32))
        return file.getvalue(), [(float(i),) for i in range(rows)]
    if "json" in deserializer.accepts:
        found = [{"label": i, "features": [i, 0.5]} for i in range(rows)]
        expected = [(float(i), Vectors.dense(i, 0.5)) for i in range(rows)]
        if deserializer.accepts == "application/json":
            return json.dumps({"predictions": found}).encode(), expected
        return "".join(f"{json.dumps(row)}\n" for row in found).encode(), expected
    fields = deserializer.schema.fields
    names = [f.name for f in fields]
    columns = [np.arange(rows) + k for k, _ in enumerate(fields)]
    vectors = [isinstance(f.dataType, VectorUDT) for f in fields]
    tensors = {
        n: np.column_stack([c, c]) if is_vector else c
        for n, c, is_vector in zip(names, columns, vectors, strict=True)
    }
    expected = [
        tuple(Vectors.dense(c[i], c[i]) if v else c[i] for c, v in zip(columns, vectors, strict=True))
        for i in range(rows)
    ]
    return encode_tensors({}, tensors).data.tobytes(), expected


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_answers_are_read(deserializer, rows):
    body, expected = answer_for(deserializer, rows)
    batch = deserializer.deserializeBatch(body, rows)
    assert batch.schema == arrow_schema(deserializer.schema)
    assert [tuple(row) for row in to_rows(batch)] == expected


def test_answer_of_another_number_of_rows_is_never_stretched(deserializer):
    for sent, answered in [(5, 4), (5, 6), (1, 2), (2, 1), (3, 0)]:
        body, _ = answer_for(deserializer, max(answered, 1))
        try:
            found = deserializer.deserializeBatch(body if answered else b"", sent).num_rows
        except ResponseError:
            continue
        assert found == answered != sent


@pytest.mark.parametrize("cut", [1, 3, 5])
@pytest.mark.parametrize("garbage", [b"<html>busy</html>", b"\x00\x01\x02", b'{"predictions": []}'])
def test_garbage_is_refused(deserializer, garbage, cut):
    if deserializer.accepts != "text/plain":
        with pytest.raises(ResponseError):
            deserializer.deserializeBatch(garbage, 1)
    body, _ = answer_for(deserializer, 3)
    with pytest.raises(ResponseError):
        deserializer.deserializeBatch(body + garbage[:cut] + b"#", 3)


def test_one_or_the_other_way_to_deserialize(deserializer):
    with pytest.raises(NotImplementedError, match="call deserializeBatch"):
        deserializer.deserializeResponse(b"")
