"""Answers in JSON: what is picked, and what hostile ones come to."""

import datetime as dt
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.deserializers import (
    JSONLinesResponseRowDeserializer,
    JSONResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.rows import to_rows


def rows_of(deserializer, answer, rows):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return [tuple(row) for row in to_rows(deserializer.deserializeBatch(body, rows))]


def test_columns_are_picked_by_name():
    deserializer = JSONResponseRowDeserializer("label string, score double")
    answer = {"predictions": [{"score": 1, "label": "a", "more": []}, {"label": None, "score": None}]}
    assert rows_of(deserializer, answer, 2) == [("a", 1.0), (None, None)]


def test_columns_are_picked_by_paths():
    deserializer = JSONResponseRowDeserializer(
        "best double, all array<double>, first string, words array<string>",
        "outputs[*]",
        columnPaths=["scores[0]", "scores", 'tokens[0]["the text"]', 'tokens[*]["the text"]'],
    )
    answer = {"outputs": [{"scores": [0.5, 0.25], "tokens": [{"the text": "x"}, {"the text": "y"}]}]}
    assert rows_of(deserializer, answer, 1) == [(0.5, [0.5, 0.25], "x", ["x", "y"])]


def test_rows_may_be_values_and_lists():
    assert rows_of(JSONResponseRowDeserializer("p double"), {"predictions": [1, 2.5]}, 2) == [(1,), (2.5,)]
    vectors = JSONResponseRowDeserializer("p vector", "$[*]")
    assert rows_of(vectors, [[1, 2], [3, 4]], 2) == [(Vectors.dense(1, 2),), (Vectors.dense(3, 4),)]
    columns = JSONResponseRowDeserializer("a int, b double", "$[*]", columnPaths=["[0]", "[1]"])
    assert rows_of(columns, [[1, 2.5], [3.0, 4]], 2) == [(1, 2.5), (3, 4)]


def test_the_whole_answer_is_one_row():
    assert rows_of(JSONResponseRowDeserializer("generated_text string", "$"), {"generated_text": "é"}, 1) == [
        ("é",)
    ]


def test_a_path_that_ends_in_the_row():
    deserializer = JSONResponseRowDeserializer("label string, e vector", "data[*].item")
    answer = {"data": [{"item": {"label": "a", "e": [1]}}, {"item": {"label": "b", "e": None}}]}
    assert rows_of(deserializer, answer, 2) == [("a", Vectors.dense(1)), ("b", None)]


def test_values_of_every_type():
    deserializer = JSONResponseRowDeserializer(
        "n bigint, x float, d decimal(5,2), b boolean, t string, raw binary, day date, ts timestamp, "
        "tn timestamp_ntz, m map<string,int>, s struct<x:int,v:array<vector>>",
        "$",
    )
    row = {
        "n": 2**60 + 1,
        "x": 16777217,
        "d": 1.5,
        "b": False,
        "t": "",
        "raw": "AAE=",
        "day": "2024-02-29",
        "ts": "2024-02-29T01:00:00.5+01:00".replace(".5", ".500000"),
        "tn": "2024-02-29T01:00:00",
        "m": {"k": 3.0, "n": None},
        "s": {"x": None, "v": [[1, 2]]},
    }
    (found,) = rows_of(deserializer, row, 1)
    assert found[:7] == (2**60 + 1, 16777216.0, Decimal("1.50"), False, "", b"\x00\x01", dt.date(2024, 2, 29))
    utc = dt.datetime(2024, 2, 29, 0, 0, 0, 500000, dt.timezone.utc)
    assert found[7].astimezone(dt.timezone.utc) == utc
    assert found[8:10] == (dt.datetime(2024, 2, 29, 1), {"k": 3, "n": None})
    assert tuple(found[10]) == (None, [Vectors.dense(1, 2)])


def test_numbers_beyond_json_of_python_servers():
    found = rows_of(JSONResponseRowDeserializer("p double"), b'{"predictions": [NaN, -Infinity, 1e999]}', 3)
    assert math.isnan(found[0][0])
    assert found[1:] == [(-math.inf,), (math.inf,)]
    assert rows_of(JSONResponseRowDeserializer("p double"), {"predictions": [2**70]}, 1) == [(2.0**70,)]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("double", "1", "a text"),
        ("double", {"a": 1}, "an object with the keys 'a'"),
        ("double", [1], "a list of 1"),
        ("int", 1.5, "a number"),
        ("int", 2**40, "a number"),
        ("int", "1", "a text"),
        ("int", math.nan, "a number"),
        ("bigint", 10**30, "a number"),
        ("boolean", 1, "a number"),
        ("string", 1, "a number"),
        ("string", "\ud800", "a text"),
        ("vector", [1, None], "a list of 2"),
        ("vector", [[1]], "a list of 1"),
        ("vector", 1, "a number"),
        ("array<double>", {"0": 1}, "an object"),
        ("array<int>", [1.5], "a list of 1"),
        ("date", "yesterday", "a text"),
        ("timestamp", 1700000000, "a number"),
        ("binary", "*", "a text"),
        ("decimal(3,1)", "x", "a text"),
        ("struct<x:int>", {"y": 1}, "an object"),
        ("map<string,int>", [1], "a list"),
    ],
)
def test_a_value_that_does_not_fit_is_named_but_not_shown(kind, value, said):
    for deserializer in (
        JSONResponseRowDeserializer(f"p {kind}", "[*]"),
        JSONLinesResponseRowDeserializer(f"p {kind}"),
    ):
        rows = [{"p": None}, {"p": value}]
        lines = "\n".join(map(json.dumps, rows)).encode()
        body = (
            lines if isinstance(deserializer, JSONLinesResponseRowDeserializer) else json.dumps(rows).encode()
        )
        with pytest.raises(
            ResponseError, match=r"Column 'p' of the answer does not fit in row 1: "
        ) as caught:
            deserializer.deserializeBatch(body, 2)
        assert said in str(caught.value)
        assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON at character 0: 0 bytes"),
        (b"<html>", "not JSON"),
        (b'{"predictions": [1,]}', "not JSON at character"),
        (b'{"predictions": [1]} x', "not JSON at character 21"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 100_000, "not JSON: 100000 bytes"),
        (b'{"predictions": ' + b"9" * 5000 + b"}", "not JSON|no rows"),
        (b"null", r"no rows at 'predictions\[\*\]': nothing at '\$.predictions': null is at '\$'"),
        (b'{"error": "secret"}', r"an object with the keys 'error' is at '\$'"),
        (b'{"predictions": {"a": "secret"}}', r"nothing at '\$.predictions\[\*\]'"),
        (b'{"predictions": []}', "0 rows; expected 1"),
        (b'{"predictions": [1, 2]}', "2 rows; expected 1"),
        (b'{"predictions": [{"q": "secret"}]}', r"Row 0 of the answer has no column 'p': nothing at '\$.p'"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(body, message):
    with pytest.raises(ResponseError, match=message) as caught:
        JSONResponseRowDeserializer("p double").deserializeBatch(body, 1)
    assert "secret" not in str(caught.value)


@settings(deadline=None)
@given(st.binary(max_size=30) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["p", "predictions"]), inner),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()), st.integers(1, 3))  # fmt: skip
def test_any_answer_is_as_many_rows_as_were_sent_or_an_error(body, rows):
    for deserializer in (
        JSONResponseRowDeserializer("p double"),
        JSONResponseRowDeserializer("p string, q array<int>", "$"),
        JSONLinesResponseRowDeserializer("p vector"),
    ):
        try:
            batch = deserializer.deserializeBatch(body, rows)
        except ResponseError:
            continue
        assert batch.num_rows == rows


def test_lines():
    lines = JSONLinesResponseRowDeserializer("score double, label string")
    body = b'{"score": 1, "label": "a"},\r\n\n{"label": "\\u2028\xe2\x80\xa8", "score": 2}\n'
    assert rows_of(lines, body, 2) == [(1, "a"), (2, "\u2028\u2028")]
    assert rows_of(JSONLinesResponseRowDeserializer("x int", "out[0]"), b'{"out": [5]}', 1) == [(5,)]
    with pytest.raises(ResponseError, match="2 rows; expected 3"):
        lines.deserializeBatch(body, 3)
    with pytest.raises(ResponseError, match="Line 2 is not JSON at character 1"):
        lines.deserializeBatch(b'{"score": 1, "label": "a"}\n{x', 2)
    with pytest.raises(ResponseError, match="Row 1 of the answer has no row: nothing at"):
        JSONLinesResponseRowDeserializer("x int", "out").deserializeBatch(b'{"out": 1}\n{}', 2)


def test_lines_that_are_json_only_together_are_refused():
    with pytest.raises(ResponseError, match="Line 1 is not JSON"):
        JSONLinesResponseRowDeserializer("x int").deserializeBatch(b"[1\n2]", 2)


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (JSONResponseRowDeserializer, {"schema": "p dubble"}, "schema cannot be read"),
        (JSONResponseRowDeserializer, {"schema": "p double", "path": "a..b"}, "Path cannot be read"),
        (JSONResponseRowDeserializer, {"schema": "p double", "columnPaths": ["a", "b"]}, "wrong length: 2"),
        (JSONResponseRowDeserializer, {"schema": "p double", "columnPaths": ["a["]}, "Path cannot be read"),
        (JSONResponseRowDeserializer, {"schema": "p map<int,int>"}, "'p' cannot be filled from JSON"),
        (JSONResponseRowDeserializer, {"schema": "p array<map<int,int>>"}, "'p' cannot be filled from JSON"),
        (JSONLinesResponseRowDeserializer, {"schema": "p double", "path": "[*]"}, "several rows for a line"),
    ],
)
def test_wrong_settings(cls, arguments, message):
    with pytest.raises(SettingError, match=message):
        cls(**arguments)
