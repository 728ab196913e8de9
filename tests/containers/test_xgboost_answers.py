from __future__ import annotations

import json
import math

import numpy as np
import pytest

from sagemaker_spark_py.containers.formats import CSV, JSON, JSON_LINES, RECORDIO
from sagemaker_spark_py.containers.xgboost_answers import encode_plain, encode_selected
from sagemaker_spark_py.errors import ContainerError
from sagemaker_spark_py.recordio import decode, find_frames

from .harness import decode_labels

ONE = np.array([0.25, 0.75], np.float32)
MANY = np.array([[0.125, 0.875], [0.5, 0.25]], np.float32)
KEYS = [
    "predicted_label",
    "labels",
    "probability",
    "probabilities",
    "raw_score",
    "raw_scores",
    "predicted_score",
]


def test_csv_has_a_line_per_row() -> None:
    assert encode_plain(ONE, CSV) == b"0.25\n0.75\n"
    assert encode_plain(MANY, CSV) == b"0.125,0.875\n0.5,0.25\n"


def test_json_has_a_score_per_row() -> None:
    assert json.loads(encode_plain(ONE, JSON)) == {"predictions": [{"score": 0.25}, {"score": 0.75}]}
    assert json.loads(encode_plain(MANY, JSON))["predictions"][0] == {"score": [0.125, 0.875]}


@pytest.mark.parametrize("accept", [JSON_LINES, RECORDIO])
def test_other_formats_have_no_encoder(accept: str) -> None:
    with pytest.raises(ContainerError) as caught:
        encode_plain(ONE, accept)
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("objective", "prediction", "expected"),
    [
        ("binary:logistic", 0.75, [1, [0, 1], 0.75, [0.25, 0.75], 0.75, [0.25, 0.75], None]),
        ("binary:logistic", 0.5, [0, [0, 1], 0.5, [0.5, 0.5], 0.5, [0.5, 0.5], None]),
        ("multi:softprob", [0.125, 0.875], [1, [0, 1], 0.875, [0.125, 0.875], 0.875, [0.125, 0.875], None]),
        ("binary:logitraw", -2.0, [0, [0, 1], None, None, -2.0, [3.0, -2.0], None]),
        ("binary:hinge", 1.0, [1.0, [0, 1], None, None, 1.0, [0.0, 1.0], None]),
        ("multi:softmax", 1.0, [1.0, [0, 1], None, None, 1.0, [0.0, 1.0], None]),
        ("reg:squarederror", 7.5, [None] * 6 + [7.5]),
    ],
)
def test_content_is_selected_by_objective(objective: str, prediction: object, expected: list[object]) -> None:
    body = encode_selected(np.array([prediction], np.float32), KEYS, objective, 2, JSON)
    (item,) = json.loads(body)["predictions"]
    for key, value in zip(KEYS, expected, strict=True):
        assert math.isnan(item[key]) if value is None else item[key] == value, key


def test_what_an_objective_has_not_is_no_json_number() -> None:
    assert b'"predicted_score": NaN' in encode_selected(ONE, ["predicted_score"], "binary:logistic", 0, JSON)


def test_an_objective_without_selectable_content_is_an_error() -> None:
    with pytest.raises(ContainerError, match="`rank:pairwise` unsupported") as caught:
        encode_selected(ONE, ["predicted_label"], "rank:pairwise", 0, JSON)
    assert caught.value.status == 500


def test_json_lines_and_csv_keep_the_order_of_the_keys() -> None:
    keys = ["probabilities", "predicted_label"]
    lines = encode_selected(ONE, keys, "binary:logistic", 0, JSON_LINES).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"probabilities": [0.75, 0.25], "predicted_label": 0},
        {"probabilities": [0.25, 0.75], "predicted_label": 1},
    ]
    assert encode_selected(ONE, keys, "binary:logistic", 0, CSV) == b'"[0.75, 0.25]",0\n"[0.25, 0.75]",1'


def test_recordio_repeats_all_rows_before() -> None:
    rows = np.array([0.1, 0.6, 0.9, 0.3], np.float32)
    body = encode_selected(rows, ["predicted_label", "probabilities"], "binary:logistic", 0, RECORDIO)
    starts, stops = find_frames(body)
    lengths = stops - starts
    np.testing.assert_array_equal(lengths, lengths[0] * np.arange(1, 5))
    for columns in (
        decode_labels(body),
        {name: tensor.dense() for name, tensor in decode(body).label.items()},
    ):
        np.testing.assert_array_equal(columns["predicted_label"][:, 0], [0, 1, 1, 0])
        np.testing.assert_allclose(columns["probabilities"][:, 1], rows)
