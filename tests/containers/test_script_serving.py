"""Inference functions: defaults, context, content types, and what is refused."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from .harness import Host, serving
from .scripts import SERVE, hosted

IMAGE = "pytorch-inference:2.5.1-cpu-py311"
ROWS = np.array([[1.0, 2.0], [3.0, 4.0]])


def npy(array):
    body = io.BytesIO()
    np.save(body, array)
    return body.getvalue()


def test_the_defaults_read_and_write_json_csv_and_npy(tmp_path):
    with serving(hosted(tmp_path, SERVE, helper_module="factor = 3"), IMAGE) as endpoint:
        answer = endpoint.invoke(json.dumps(ROWS.tolist()).encode(), "application/json")
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert json.loads(answer.text) == (ROWS * 6).tolist()
        answer = endpoint.invoke(b"1,2\n3,4\n", "text/csv", "text/csv")
        assert answer.text == "6.0,12.0\n18.0,24.0\n"
        answer = endpoint.invoke(npy(ROWS), "application/x-npy", "application/x-npy")
        assert (np.load(io.BytesIO(answer.body)) == ROWS * 6).all()
        assert endpoint.invoke(b"[1]", "", "*/*").text == "[6.0]"
        assert endpoint.invoke(b"[1]", "application/json; charset=utf-8").text == "[6.0]"


def test_what_the_defaults_do_not_know_is_refused(tmp_path):
    with serving(hosted(tmp_path, SERVE, helper_module="factor = 1"), IMAGE) as endpoint:
        answer = endpoint.invoke(b"<x/>", "text/xml")
        assert answer.status == 415
        assert "'text/xml' is not supported by the default input_fn" in answer.text
        assert endpoint.invoke(b"[1]", "application/json", "text/xml").status == 406
        answer = endpoint.invoke(b"[1", "application/json")
        assert answer.status == 400
        assert "The body is not application/json" in answer.text
        pickled = io.BytesIO()
        np.save(pickled, np.array([{}]), allow_pickle=True)
        assert endpoint.invoke(pickled.getvalue(), "application/x-npy").status == 400


def test_own_functions_are_called_with_text_bytes_and_context(tmp_path):
    script = """
def model_fn(model_dir, context):
    return context.system_properties["model_dir"] == model_dir
def input_fn(body, content_type):
    return type(body).__name__, content_type
def predict_fn(data, model, context):
    return [*data, model]
def output_fn(prediction, accept):
    return f"{prediction} {accept}", "text/plain"
"""
    with serving(hosted(tmp_path, script), IMAGE) as endpoint:
        answer = endpoint.invoke(b"1", "text/csv", "a/b")
        assert (answer.text, answer.content_type) == ("['str', 'text/csv', True] a/b", "text/plain")
        assert endpoint.invoke(b"1", "x/y").text == "['bytes', 'x/y', True] application/json"


def test_transform_fn_takes_the_place_of_three(tmp_path):
    script = """
def model_fn(model_dir): return 2
def transform_fn(model, body, content_type, accept): return body * model
"""
    with serving(
        hosted(tmp_path, script), IMAGE, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv"
    ) as endpoint:
        answer = endpoint.invoke(b"ab", "text/plain")
        assert (answer.text, answer.content_type) == ("abab", "text/csv")


def test_a_model_with_predict_needs_no_predict_fn(tmp_path):
    script = """
class Model:
    def predict(self, data): return data.sum(axis=1)
def model_fn(model_dir): return Model()
"""
    with serving(hosted(tmp_path, script), IMAGE) as endpoint:
        assert endpoint.invoke(b"[[1, 2], [3, 4]]", "application/json").text == "[3, 7]"


def test_a_booster_of_xgboost_needs_no_predict_fn(tmp_path):
    script = """
import xgboost
def model_fn(model_dir):
    data = xgboost.DMatrix([[0.0], [1.0]], label=[0.0, 1.0])
    return xgboost.train({"max_depth": 1, "min_child_weight": 0, "lambda": 0, "eta": 1}, data, 1)
"""
    with serving(hosted(tmp_path, script), IMAGE) as endpoint:
        assert json.loads(endpoint.invoke(b"[[1], [0]]", "application/json").text) == pytest.approx([1, 0])
    own = {"SAGEMAKER_PROGRAM": "inference.py"}
    with serving(Host(tmp_path), "sagemaker-xgboost:1.7-1", **own) as endpoint:
        assert json.loads(endpoint.invoke(b"1\n0\n", "text/csv").text) == pytest.approx([1, 0])
        assert endpoint.invoke(b"[[1], [0]]", "application/json").status == 415


def test_errors_of_the_functions_reach_the_caller(tmp_path):
    script = "def model_fn(d): return 1\ndef input_fn(b, c): raise KeyError('pixels')\n"
    with serving(hosted(tmp_path, script), IMAGE) as endpoint:
        answer = endpoint.invoke(b"[1]", "application/json")
        assert (answer.status, answer.text) == (500, "KeyError: 'pixels'")
    script = "def model_fn(d): return 1\n"
    with serving(hosted(tmp_path / "2", script), IMAGE) as endpoint:
        answer = endpoint.invoke(b"[1]", "application/json")
        assert answer.status == 501
        assert "predict_fn is missing" in answer.text


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("x = 1\n", "model_fn is missing in inference.py"),
        (
            "def model_fn(d): return 1\ndef transform_fn(*a): 1\ndef predict_fn(d, m): 1",
            "transform_fn stands",
        ),
        ("def model_fn(d): raise OSError('weights are gone')", "OSError: weights are gone"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
    ],
)
def test_a_script_that_cannot_serve_says_why(tmp_path, script, text):
    host = hosted(tmp_path, script)
    process = host.start("serve", IMAGE, SAGEMAKER_BIND_TO_PORT="0")
    assert process.wait(timeout=30) == 1
    process.stdin.close()
    assert text in (tmp_path / "serve.log").read_text()


def test_another_script_and_code_beside_the_model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text("def model_fn(d): return lambda data: data + 1")
    settings = {"SAGEMAKER_PROGRAM": "mine.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://b/sourcedir.tar.gz"}
    with serving(Host(tmp_path), "some-image:2", **settings) as endpoint:
        assert endpoint.invoke(b"[1]", "application/json").text == "[2]"
