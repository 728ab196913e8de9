"""Rows as JSON, judged by Python's own reader."""

import base64
import datetime as dt
import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql.types import DayTimeIntervalType, StringType, StructField, StructType

from sagemaker_spark_py.errors import DataError, SchemaError, SettingError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers import (
    JSONLinesResponseRowDeserializer,
    JSONResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.json_text import json_texts
from sagemaker_spark_py.transformation.rows import to_batch, to_rows
from sagemaker_spark_py.transformation.serializers import (
    JSONLinesRequestRowSerializer,
    JSONRequestRowSerializer,
)

MIXED = as_schema(
    "t string, n int, x float, v vector, a array<array<double>>, m map<string,int>, "
    's struct<x:int,`y"z`:string>, d date, ts timestamp, tn timestamp_ntz, b binary, dec decimal(10,2), '
    "bo boolean"
)
FULL = (
    'quote " slash \\ line\n nul \x00 é \u2028 😀',
    -1,
    0.1,
    Vectors.dense(1, 2.5),
    [[1.5], []],
    {'k"': 1},
    (1, "q"),
    dt.date(2024, 1, 2),
    dt.datetime(2024, 1, 2, 3, 4, 5, 6, dt.timezone.utc),
    dt.datetime(2024, 1, 2),
    b"\x00xx",
    Decimal("1.50"),
    True,
)
SAID = {
    "t": FULL[0],
    "n": -1,
    "x": 0.1,
    "v": [1, 2.5],
    "a": [[1.5], []],
    "m": {'k"': 1},
    "s": {"x": 1, 'y"z': "q"},
    "d": "2024-01-02",
    "ts": "2024-01-02T03:04:05.000006Z",
    "tn": "2024-01-02T00:00:00.000000",
    "b": base64.b64encode(b"\x00xx").decode(),
    "dec": 1.5,
    "bo": True,
}
NOTHING = dict.fromkeys(SAID)


def body_of(serializer, batch):
    payloads = serializer.serializeBatch(batch).to_pylist()
    return serializer.wrapBody(b"".join(payloads), len(payloads))


def test_every_type_as_an_object_per_row():
    batch = to_batch([FULL, (None,) * len(FULL), FULL], MIXED)
    serializer = JSONRequestRowSerializer(MIXED.names)
    serializer.validateSchema(MIXED)
    assert json.loads(body_of(serializer, batch)) == {"instances": [SAID, NOTHING, SAID]}
    assert json.loads(body_of(serializer, batch[1:2])) == {"instances": [NOTHING]}
    assert json.loads(body_of(serializer, batch[2:])) == {"instances": [SAID]}
    lines = b"".join(JSONLinesRequestRowSerializer(MIXED.names).serializeBatch(batch).to_pylist())
    assert [json.loads(line) for line in lines.splitlines()] == [SAID, NOTHING, SAID]


def test_one_column_is_the_row_itself():
    schema = as_schema("features array<int>")
    batch = to_batch([([1, 2],), ([],), ([None],)], schema)
    assert body_of(JSONRequestRowSerializer(), batch) == b'{"instances": [[1,2],[],[null]]}'
    assert (
        body_of(JSONRequestRowSerializer(["features"]), batch[:1]) == b'{"instances": [{"features":[1,2]}]}'
    )


def test_sparse_vectors_of_several_sizes_are_written_out():
    schema = as_schema("features vector")
    rows = [Vectors.sparse(3, [1], [2.0]), None, Vectors.dense(7), Vectors.sparse(2, [], [])]
    batch = to_batch([(row,) for row in rows], schema)
    assert json.loads(body_of(JSONRequestRowSerializer(["features"]), batch))["instances"] == [
        {"features": row if row is None else list(row.toArray())} for row in rows
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.tuples(
    st.none() | TEXTS,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.lists(st.none() | TEXTS, max_size=3),
    st.none() | st.dictionaries(TEXTS, st.none() | st.booleans(), max_size=3),
)
ANY = as_schema("t string, x double, n bigint, w array<string>, m map<string,boolean>")


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6), st.integers(0, 2))
def test_rows_go_and_come_back(rows, skip):
    batch = to_batch(rows, ANY)[min(skip, len(rows) - 1) :]
    back = JSONResponseRowDeserializer(ANY, "instances[*]")
    body = body_of(JSONRequestRowSerializer(ANY.names), batch)
    assert list(to_rows(back.deserializeBatch(body, len(batch)))) == list(to_rows(batch))
    lines = body_of(JSONLinesRequestRowSerializer(ANY.names), batch)
    found = JSONLinesResponseRowDeserializer(ANY).deserializeBatch(lines, len(batch))
    assert list(to_rows(found)) == list(to_rows(batch))


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_texts_inside_of_a_template(words):
    batch = to_batch([(word, [word]) for word in words], as_schema("word string, list array<string>"))
    serializer = JSONLinesRequestRowSerializer(template='{"a": "<{word}>", "b": {word}, "c": "{list}"}')
    for word, line in zip(words, serializer.serializeBatch(batch).to_pylist(), strict=True):
        said = json.loads(line)
        assert (said["a"], said["b"], json.loads(said["c"])) == (f"<{word}>", word, [word])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not_are_named(value):
    for schema, row in [
        ("features double", value),
        ("features vector", Vectors.dense(1, value)),
        ("features vector", Vectors.sparse(9, [3], [value])),
        ("features array<array<double>>", [[], [1.0, value]]),
        ("features struct<x:double>", (value,)),
        ("features map<string,float>", {"k": value}),
    ]:
        kind = as_schema(schema)
        fine = {"vector": Vectors.dense(1)}.get(schema.split()[1])
        batch = to_batch([(fine,), (fine,), (row,)], kind)
        with pytest.raises(DataError, match=r"holds a number that JSON cannot say in row 2 of the batch"):
            JSONRequestRowSerializer(["features"]).serializeBatch(batch)


def test_what_json_cannot_say_is_refused():
    for kind in ("map<int,string>", "array<map<int,string>>", "struct<>"):
        with pytest.raises(SchemaError, match="'x' has the wrong type"):
            JSONRequestRowSerializer("x").validateSchema(as_schema(f"x {kind}"))
    with pytest.raises(SchemaError, match="'x' has the wrong type"):
        JSONRequestRowSerializer("x", schema=StructType([StructField("x", DayTimeIntervalType())]))
    with pytest.raises(SchemaError, match="JSON cannot say it"):
        json_texts(pa.array([1], pa.duration("s")), "x")


def test_a_template_alone_is_one_request_per_row():
    serializer = JSONRequestRowSerializer(template='{"inputs": {text}, "parameters": {"k": {n}, "x": {}}}')
    schema = as_schema("text string, n int, other vector")
    serializer.validateSchema(schema)
    assert serializer.inputColumns(schema) == ["text", "n"]
    assert (serializer.maxRows, serializer.frameBytes) == (1, 0)
    batch = to_batch([('a "b"', 1, None), (None, None, None)], schema)
    first, second = serializer.serializeBatch(batch).to_pylist()
    assert json.loads(first) == {"inputs": 'a "b"', "parameters": {"k": 1, "x": {}}}
    assert json.loads(second) == {"inputs": None, "parameters": {"k": None, "x": {}}}
    assert serializer.wrapBody(first, 1) == first


def test_a_template_in_a_body_is_many_rows_per_request():
    body = '{"signature": "é", "rows": [ {rows} ]}'
    serializer = JSONRequestRowSerializer(template='{"x": {n}}', body=body)
    batch = to_batch([(1,), (2,)], as_schema("n int"))
    whole = body_of(serializer, batch)
    assert json.loads(whole) == {"signature": "é", "rows": [{"x": 1}, {"x": 2}]}
    assert serializer.maxRows is None
    assert (
        len(whole) == len(b"".join(serializer.serializeBatch(batch).to_pylist())) + serializer.frameBytes - 1
    )


def test_a_null_inside_of_quotation_marks_is_refused():
    serializer = JSONRequestRowSerializer(template='{"inputs": "Say {text}"}')
    with pytest.raises(DataError, match="Column 'text' is null: row 1"):
        serializer.serializeBatch(to_batch([("a",), (None,)], as_schema("text string")))


def test_a_brace_that_begins_no_place():
    serializer = JSONRequestRowSerializer(template=r'{"a": "\u007bx} {x} { y } {}"}')
    (payload,) = serializer.serializeBatch(to_batch([("1",)], as_schema("x string"))).to_pylist()
    assert json.loads(payload) == {"a": "{x} 1 { y } {}"}


@pytest.mark.parametrize("template", ['{"a": {x}', "{x} {y}", '{"a": 1}', '"no place"', "", "{\"a\": '{x}'}"])
def test_wrong_templates_are_refused(template):
    for cls in (JSONRequestRowSerializer, JSONLinesRequestRowSerializer):
        with pytest.raises(SettingError, match="template "):
            cls(template=template)


def test_a_line_is_one_line():
    with pytest.raises(SettingError, match="several lines"):
        JSONLinesRequestRowSerializer(template='{"a":\n{x}}')


@pytest.mark.parametrize(
    "body", ["{}", '{"a": {rows}}', '{"a": [{rows}]', '{"a": "[{rows}]"}', "[[{rows}], 1"]
)
def test_wrong_bodies_are_refused(body):
    with pytest.raises(SettingError, match="body "):
        JSONRequestRowSerializer(body=body)


def test_a_missing_column_of_a_template_is_named():
    with pytest.raises(SchemaError, match="'txt' is missing"):
        JSONRequestRowSerializer(template='{"a": {txt}}').validateSchema(
            StructType([StructField("t", StringType())])
        )


def test_many_numbers_are_fast_enough_to_be_whole_arrays():
    """A batch of vectors makes no Python object per value: their text is one buffer."""
    values = np.random.default_rng(1).random((2000, 50))
    schema = StructType([StructField("features", VectorUDT())])
    batch = to_batch([(Vectors.dense(row),) for row in values], schema)
    found = json.loads(body_of(JSONRequestRowSerializer(), batch))["instances"]
    np.testing.assert_array_equal(found, values)
