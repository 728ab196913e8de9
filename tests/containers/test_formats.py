from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.containers.formats import (
    CSV,
    JSON,
    JSON_LINES,
    RECORDIO,
    MediaType,
    choose_accept,
    decode_request,
    encode_response,
    label_size,
    read_csv,
)
from sagemaker_spark_py.errors import ContainerError

from .harness import decode_labels, recordio, sparse_recordio

ALL = (JSON, JSON_LINES, RECORDIO, CSV)
ROWS = np.array([[1.5, 0, -2], [0, 3, 0]], np.float32)


def _instances(*items: object) -> bytes:
    return json.dumps({"instances": items}).encode()


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("text/csv", "text/csv", {}),
        ("text/csv;label_size=0", "text/csv", {"label_size": "0"}),
        ("Text/CSV ; Label_Size = 2 ;", "text/csv", {"label_size": "2"}),
        ("application/json; verbose=true", "application/json", {"verbose": "true"}),
        ("", "", {}),
    ],
)
def test_media_types_are_split(text: str, name: str, parameters: dict[str, str]) -> None:
    assert MediaType.parse(text) == (name, parameters)


def test_csv_has_labels_first() -> None:
    rows = read_csv(b"1,2,3\n4,5,6\r\n\n", 1)
    np.testing.assert_array_equal(rows.features, [[2, 3], [5, 6]])
    np.testing.assert_array_equal(rows.labels, [1, 4])
    assert rows.features.dtype == np.float32
    assert read_csv(b"1,2\n", 0).labels is None
    np.testing.assert_array_equal(read_csv(b"1,2,3\n", 2).labels, [[1, 2]])


@pytest.mark.parametrize("body", [b"1,2\n3\n", b"a,b\n", b"1,,2\n", b"\xff\xfe,1\n", b"#1,2\n"])
def test_csv_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ContainerError, match="CSV cannot be read"):
        read_csv(body, 0)


def test_csv_of_labels_only_is_refused() -> None:
    with pytest.raises(ContainerError, match="1 columns; expected 1 label columns and features"):
        read_csv(b"1\n2\n", 1)


def test_label_size_must_be_a_number() -> None:
    assert label_size(MediaType.parse("text/csv"), 1) == 1
    with pytest.raises(ContainerError, match="'many'"):
        label_size(MediaType.parse("text/csv;label_size=many"), 1)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (CSV, b"1.5,0,-2\n0,3,0"),
        ("text/csv; label_size=0", b"1.5,0,-2\n0,3,0\n"),
        ("text/csv;label_size=1", b"9,1.5,0,-2\n9,0,3,0\n"),
        (JSON, _instances({"features": [1.5, 0, -2]}, {"data": {"features": {"values": [0, 3, 0]}}})),
        (
            JSON,
            _instances({"features": [1.5, 0, -2], "configuration": {}}, {"features": {"values": [0, 3, 0]}}),
        ),
        (JSON_LINES, b'{"features": [1.5, 0, -2]}\n\n{"features": [0, 3, 0]}\n'),
        (RECORDIO, recordio(ROWS)),
    ],
)
def test_dense_requests_are_decoded(content_type: str, body: bytes) -> None:
    features = decode_request(body, content_type, ALL)
    np.testing.assert_array_equal(features, ROWS)
    assert features.dtype == np.float32


SPARSE_ITEM = {"data": {"features": {"keys": [1], "shape": [3], "values": [3]}}}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, _instances({"features": [1.5, 0, -2]}, SPARSE_ITEM)),
        (JSON_LINES, b'{"features": [1.5, 0, -2]}\n' + json.dumps(SPARSE_ITEM).encode()),
        (RECORDIO, sparse_recordio(ROWS)),
        (RECORDIO, recordio(ROWS[:1]) + sparse_recordio(ROWS[1:])),
    ],
)
def test_sparse_requests_stay_sparse(content_type: str, body: bytes) -> None:
    features = decode_request(body, content_type, ALL)
    assert sparse.issparse(features)
    np.testing.assert_array_equal(features.toarray(), ROWS)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"instances": {}}',
        b'{"instances": []}',
        b"{",
        b"\xff",
        _instances(1),
        _instances({}),
        _instances({"data": {}}),
        _instances({"features": 1}),
        _instances({"features": ["a"]}),
        _instances({"features": [1]}, {"features": [1, 2]}),
        _instances({"features": [[1]]}),
        _instances({"features": [1, None]}, SPARSE_ITEM),
        _instances(SPARSE_ITEM, {"features": [1, 2]}),
        _instances({"data": {"features": {"keys": [3], "shape": [3], "values": [1]}}}),
        _instances({"data": {"features": {"keys": [-1], "shape": [3], "values": [1]}}}),
        _instances({"data": {"features": {"keys": [0, 1], "shape": [3], "values": [1]}}}),
        _instances({"data": {"features": {"keys": [0], "values": [1]}}}),
    ],
)
def test_json_that_cannot_be_understood_is_refused(body: bytes) -> None:
    with pytest.raises(ContainerError, match=r"^unable to evaluate payload provided: ") as caught:
        decode_request(body, JSON, ALL)
    assert caught.value.status == 400


def test_an_unknown_content_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ContainerError, match=r"image/png is not supported; expected one of: text/csv"
    ) as caught:
        decode_request(b"x", "image/png", (CSV,))
    assert caught.value.status == 415
    with pytest.raises(ContainerError, match="none is not supported"):
        decode_request(b"x", "", (CSV,))


def test_an_empty_body_is_refused() -> None:
    with pytest.raises(ContainerError, match="the body is empty"):
        decode_request(b"\n", CSV, ALL)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (CSV, CSV),
        ("image/png, text/csv", CSV),
        ("application/JSON; verbose=true", JSON),
    ],
)
def test_the_first_accepted_type_that_is_offered_is_chosen(accept: str, chosen: str) -> None:
    assert choose_accept(accept, ALL).name == chosen


def test_parameters_of_the_accepted_type_are_kept() -> None:
    assert choose_accept("application/json; verbose=true", ALL).parameters == {"verbose": "true"}


def test_types_that_are_not_offered_are_refused() -> None:
    with pytest.raises(ContainerError, match="image/png is not supported") as caught:
        choose_accept("image/png", ALL)
    assert caught.value.status == 406


COLUMNS = {"score": np.array([0.5, 2.0]), "projection": np.array([[1.0], [3.0]])}


def test_json_has_one_object_per_row_under_the_wrapper() -> None:
    assert json.loads(encode_response(COLUMNS, JSON, "scores")) == {
        "scores": [{"score": 0.5, "projection": [1.0]}, {"score": 2.0, "projection": [3.0]}]
    }


def test_numbers_in_json_are_floats_of_single_precision() -> None:
    body = encode_response({"closest_cluster": np.array([1])}, JSON, "predictions")
    assert body == b'{"predictions": [{"closest_cluster": 1.0}]}'
    assert b"0.10000000149011612" in encode_response({"score": np.array([0.1])}, JSON_LINES, "")


def test_json_lines_have_no_wrapper() -> None:
    body = encode_response(COLUMNS, JSON_LINES, "scores")
    assert body == b'{"score": 0.5, "projection": [1.0]}\n{"score": 2.0, "projection": [3.0]}\n'


def test_csv_has_the_columns_in_order() -> None:
    columns = {"closest_cluster": np.array([1, 0]), "distance_to_cluster": np.array([3.0, 0.25])}
    assert encode_response(columns, CSV, "") == b"1.0,3.0\n0.0,0.25\n"


def test_recordio_has_the_outputs_in_the_label_map() -> None:
    columns = decode_labels(encode_response(COLUMNS, RECORDIO, ""))
    np.testing.assert_array_equal(columns["score"], [[0.5], [2.0]])
    np.testing.assert_array_equal(columns["projection"], [[1.0], [3.0]])
