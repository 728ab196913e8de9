"""Answers without their last row."""

import pytest

from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.spoiled import spoiled
from sagemaker_spark_py.recordio import decode, encode_tensors


@pytest.mark.parametrize(
    ("kind", "whole", "short"),
    [
        ("text/csv; charset=utf-8", b"1,2\n3,4\n", b"1,2\n"),
        ("text/csv", b"0.5,0.25,0.75", b"0.5,0.25"),
        ("application/jsonlines", b'{"a": 1}\n{"a": 2}', b'{"a": 1}\n'),
        (
            "application/json",
            b'{"model": "m", "predictions": [[1], [2]]}',
            b'{"model": "m", "predictions": [[1]]}',
        ),
        ("application/json", b"3", b"3"),
        ("application/x-recordio-protobuf", b"", b""),
    ],
)
def test_the_last_row_is_missing(kind, whole, short):
    assert spoiled(Answer(200, {"Content-Type": kind}, whole), "short").body == short


def test_the_last_record_is_missing():
    whole = encode_tensors({}, {"score": [1.0, 2.0, 3.0]}).data.tobytes()
    answer = Answer(200, {"Content-Type": "application/x-recordio-protobuf"}, whole)
    assert decode(spoiled(answer, "short").body).label["score"].dense().tolist() == [[1], [2]]


def test_an_error_stays_as_it_is():
    answer = Answer(424, {}, b"{}")
    assert spoiled(answer, "garbage") is answer
