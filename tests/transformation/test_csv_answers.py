"""Answers in comma-separated values, of any columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.deserializers import CSVResponseRowDeserializer
from sagemaker_spark_py.transformation.rows import to_rows


def read(schema, body, rows):
    return [tuple(row) for row in to_rows(CSVResponseRowDeserializer(schema).deserializeBatch(body, rows))]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_value_for_each_row(end):
    assert read("p double", b"1.5\n-2\n1e3" + end, 3) == [(1.5,), (-2.0,), (1000.0,)]
    assert read("p int", b"7" + end, 1) == [(7,)]
    assert read("p string", b"007" + end, 1) == [("007",)]


def test_columns_of_several_kinds():
    body = b'"cat, black",0.5,true\ndog,,false\n'
    expected = [("cat, black", 0.5, True), ("dog", None, False)]
    assert read("label string, score double, sure boolean", body, 2) == expected


def test_a_list_takes_the_values_that_are_left():
    body = b"3,0.25,0.5,0.25,x\n4,1,0,0,y\n"
    found = read("number bigint, probabilities vector, name string", body, 2)
    assert found == [(3, Vectors.dense(0.25, 0.5, 0.25), "x"), (4, Vectors.dense(1, 0, 0), "y")]
    assert read("a array<float>", b"1,2\n3,4", 2) == [([1, 2],), ([3, 4],)]


def test_empty_values_of_one_column_are_nulls_and_rows():
    assert read("p double", b"1\n\n3\n", 3) == [(1.0,), (None,), (3.0,)]


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_any_numbers(numbers):
    body = "\n".join(map(repr, numbers)).encode()
    assert read("p double", body, len(numbers)) == [(number,) for number in numbers]


@pytest.mark.parametrize(
    ("schema", "body", "rows", "message"),
    [
        ("p double", b"1\n2", 3, "2 rows; expected 3"),
        ("p double", b"", 1, "0 rows; expected 1"),
        ("p double", b"1\nx", 2, "not a table of numbers; expected 1 in each line"),
        ("p double, q double", b"1,2\n3", 2, "expected 2 in each line"),
        ("p double, q vector", b"1", 1, None),
        ("p double, q double, r vector", b"1", 1, "has 1 values in each row"),
        ("p int", b"1.5", 1, "not a table of int32"),
        ("v vector", b"1,\n2,3", 2, "'v' of the answer has an empty value"),
    ],
)
def test_answers_that_do_not_fit(schema, body, rows, message):
    if message is None:
        assert read(schema, body, rows) == [(1.0, Vectors.dense([]))]
        return
    with pytest.raises(ResponseError, match=message):
        read(schema, body, rows)


@pytest.mark.parametrize(
    ("schema", "message"),
    [("p timestamp", "cannot be filled"), ("a vector, b vector", "several columns of lists")],
)
def test_wrong_schemas(schema, message):
    with pytest.raises(SettingError, match=message):
        CSVResponseRowDeserializer(schema)
