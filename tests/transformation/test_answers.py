"""Answers in text, in the forms that XGBoost's containers have given over the years, and in LibSVM lines."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.deserializers import (
    LibSVMResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.rows import to_rows

PLAIN = XGBoostCSVRowDeserializer()
CLASSES = XGBoostCSVRowDeserializer("class", probability_column_name="odds")


def predictions(body, rows, deserializer=PLAIN):
    return [tuple(row) for row in to_rows(deserializer.deserializeBatch(body, rows))]


@pytest.mark.parametrize(
    "body",
    [
        b"0.5,1e-3,-2",
        b"0.5,1.0E-3,-2.0,\n",
        b" 0.5 , 1e-3 , -2 \n",
        b"0.5\n1e-3\n-2\n",
        b"0.5\r\n1e-3\r\n-2\r\n",
        b"[0.5],[1e-3],[-2]",
        b"[0.5]\n[1e-3]\n[-2]\n",
    ],
)
def test_one_value_for_each_row(body):
    assert predictions(body, 3) == [(0.5,), (0.001,), (-2,)]


@pytest.mark.parametrize("body", [b"0.5", b"0.5\n", b"[0.5]", b"0.5,"])
def test_one_row(body):
    assert predictions(body, 1) == [(0.5,)]


@pytest.mark.parametrize(
    "body",
    [b"[0.3, 0.7],[0.6, 0.4]", b"[0.3, 0.7]\n[0.6, 0.4]\n", b"0.3,0.7\n0.6,0.4\n", b"[[0.3,0.7],[0.6,0.4]]"],
)
def test_values_of_several_classes(body):
    expected = [(1, Vectors.dense(0.3, 0.7)), (0, Vectors.dense(0.6, 0.4))]
    assert predictions(body, 2, CLASSES) == expected
    with pytest.raises(ResponseError, match="takes one value for each row: 2 found"):
        predictions(body, 2)


def test_classes_of_a_single_row():
    assert predictions(b"0.1,0.2,0.7", 1, CLASSES) == [(2, Vectors.dense(0.1, 0.2, 0.7))]


def test_probability_of_one_class():
    assert predictions(b"0.25,0.75", 2, CLASSES) == [
        (0, Vectors.dense(0.75, 0.25)),
        (1, Vectors.dense(0.25, 0.75)),
    ]


def test_values_that_are_no_finite_numbers():
    values = [value for (value,) in predictions(b"nan,inf,-inf,NaN,Infinity", 5)]
    assert [math.isnan(v) for v in values] == [True, False, False, True, False]
    assert values[1:3] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"", 1),
        (b"0.5", 2),
        (b"0.5,0.5,0.5", 2),
        (b"1\n2\n3", 2),
        (b"1\n2", 3),
        (b"[1,2],[3,4]", 4),
        (b"1,2\n3,4", 4),
    ],
)
def test_other_numbers_of_rows(body, rows):
    with pytest.raises(ResponseError, match=f"expected {rows}, one for each"):
        predictions(body, rows)


@pytest.mark.parametrize(
    "body", [b"oops", b"1,,3", b"1\n\n3", b"1,2\n3\n4", b"<html>\n</html>\n.", b"\x00\xff,1,2"]
)
def test_garbage_is_not_quoted(body):
    with pytest.raises(ResponseError, match="not a table of numbers") as caught:
        predictions(body, 3)
    assert "oops" not in str(caught.value)
    assert caught.value.__cause__ is None


@settings(deadline=None)
@given(st.lists(st.floats(width=64), min_size=1, max_size=20), st.sampled_from([",", "\n", ", "]))
def test_any_numbers(values, separator):
    found = [value for (value,) in predictions(separator.join(map(repr, values)).encode(), len(values))]
    np.testing.assert_array_equal(found, values)


def test_very_many_rows_in_one_line():
    body = b",".join([b"0.125"] * 300_000)
    assert PLAIN.deserializeBatch(body, 300_000).num_rows == 300_000


LIBSVM = LibSVMResponseRowDeserializer(4, "label", "features")


def test_libsvm_lines():
    expected = [(1, Vectors.sparse(4, [0, 3], [2.5, 3])), (-1.5, Vectors.sparse(4, [], []))]
    assert predictions(b"1 1:2.5 4:3\n-1.5\n", 2, LIBSVM) == expected
    assert predictions(b"  1.0   1:2.5\t4:3.0 \r\n\n-1.5\n", 2, LIBSVM) == expected
    assert predictions(b"", 0, LIBSVM) == []


@pytest.mark.parametrize(
    "body",
    [b"1 5:1", b"1 0:1", b"1 -1:1", b"1 1.5:1", b"1 nan:1", b"1 2", b"a 1:2", b"1 1:2:3", b"1:2 3", b"1 1:x"],
)
def test_broken_libsvm_lines(body):
    with pytest.raises(ResponseError):
        predictions(b"0 1:1\n" + body, 2, LIBSVM)


def test_negative_size():
    with pytest.raises(SettingError, match="dim is out of range: -1"):
        LibSVMResponseRowDeserializer(-1, "label", "features")
