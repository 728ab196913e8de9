from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xgboost
from sklearn import datasets

from sagemaker_spark_py.containers import IMAGES
from sagemaker_spark_py.containers.formats import CSV, JSON, JSON_LINES, RECORDIO
from sagemaker_spark_py.containers.job import Hosting
from sagemaker_spark_py.containers.server import Request, Response
from sagemaker_spark_py.containers.xgboost_serving import Habits, load, version_of
from sagemaker_spark_py.errors import ContainerError

from .exercises import libsvm
from .harness import csv, recordio, sparse_recordio

IRIS, SPECIES = (part.astype(np.float32) for part in datasets.load_iris(return_X_y=True))
ROWS = IRIS[::30]
OLD = ("1", "0.90-1-cpu-py3", "0.90-2-cpu-py3", "1.0-1-cpu-py3", "1.2-1")
NEW = ("1.3-1", "1.5-1", "1.7-1", "3.0-5", "3.2-0")
Ask = Callable[..., Response]


def _boosters() -> dict[str, xgboost.Booster]:
    binary = xgboost.DMatrix(IRIS, SPECIES == 2)
    classes = xgboost.DMatrix(IRIS, SPECIES)
    return {
        "binary": xgboost.train({"objective": "binary:logistic"}, binary, 5),
        "classes": xgboost.train({"objective": "multi:softprob", "num_class": 3}, classes, 5),
        "stopped": xgboost.train(
            {"objective": "binary:logistic", "eta": 1},
            binary,
            30,
            evals=[(xgboost.DMatrix(IRIS, SPECIES != 2), "validation")],
            early_stopping_rounds=3,
            verbose_eval=False,
        ),
    }


BOOSTERS = _boosters()


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def invoke(
        tag: str,
        body: bytes,
        content_type: str = CSV,
        accept: str = "",
        booster: str = "binary",
        **environment: str,
    ) -> Response:
        (tmp_path / "xgboost-model").write_bytes(BOOSTERS[booster].save_raw("ubj"))
        return load(Hosting(tmp_path, environment, tag))(Request(body, content_type, accept))

    return invoke


def _expected(booster: str = "binary", rows: np.ndarray = ROWS) -> np.ndarray:
    return np.asarray(BOOSTERS[booster].predict(xgboost.DMatrix(rows)))


def test_every_tag_has_a_version() -> None:
    tags = IMAGES["sagemaker-xgboost"].tags
    assert list(tags) == sorted(tags, key=version_of)
    assert version_of("1") == version_of("latest") == (0, 72)
    assert version_of("0.90-2-cpu-py3") == (0, 90, 2)


@pytest.mark.parametrize("tag", OLD)
@pytest.mark.parametrize("accept", ["", CSV, JSON, "image/png"])
def test_old_images_answer_in_one_line_whatever_is_accepted(ask: Ask, tag: str, accept: str) -> None:
    response = ask(tag, csv(ROWS), accept=accept)
    assert response.content_type == CSV
    assert b"\n" not in response.body
    values = [float(value) for value in response.body.split(b",")]
    np.testing.assert_allclose(values, _expected())


@pytest.mark.parametrize("tag", OLD)
def test_old_images_print_classes_as_bracketed_lists(ask: Ask, tag: str) -> None:
    response = ask(tag, csv(ROWS), booster="classes")
    np.testing.assert_allclose(json.loads(b"[" + response.body + b"]"), _expected("classes"))


@pytest.mark.parametrize("tag", NEW)
def test_new_images_answer_in_rows(ask: Ask, tag: str) -> None:
    response = ask(tag, csv(ROWS))
    assert response.content_type == CSV
    np.testing.assert_allclose([float(line) for line in response.body.splitlines()], _expected())
    lines = ask(tag, csv(ROWS), booster="classes").body.decode().splitlines()
    np.testing.assert_allclose([json.loads(f"[{line}]") for line in lines], _expected("classes"))


@pytest.mark.parametrize("tag", NEW)
def test_new_images_answer_in_json(ask: Ask, tag: str) -> None:
    response = ask(tag, csv(ROWS), accept=JSON)
    assert response.content_type == JSON
    scores = [item["score"] for item in json.loads(response.body)["predictions"]]
    np.testing.assert_allclose(scores, _expected())


@pytest.mark.parametrize(("accept", "status"), [(JSON_LINES, 500), (RECORDIO, 500), ("image/png", 406)])
def test_new_images_refuse_other_formats(ask: Ask, accept: str, status: int) -> None:
    with pytest.raises(ContainerError) as caught:
        ask("1.7-1", csv(ROWS), accept=accept)
    assert caught.value.status == status


def test_the_environment_sets_the_default_format(ask: Ask) -> None:
    for accept in ("", "*/*"):
        response = ask("1.7-1", csv(ROWS), accept=accept, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=JSON)
        assert response.content_type == JSON


@pytest.mark.parametrize("tag", [*OLD, *NEW])
def test_batch_transform_gets_a_line_per_row(ask: Ask, tag: str) -> None:
    response = ask(tag, csv(ROWS), SAGEMAKER_BATCH="true")
    np.testing.assert_allclose([float(line) for line in response.body.splitlines()], _expected())
    lines = ask(tag, csv(ROWS), booster="classes", SAGEMAKER_BATCH="true").body.splitlines()
    np.testing.assert_allclose([json.loads(line) for line in lines], _expected("classes"))


def test_selected_content_is_for_versions_that_know_it(ask: Ask) -> None:
    selection = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label, Probability"}
    items = json.loads(ask("1.7-1", csv(ROWS), accept=JSON, **selection).body)["predictions"]
    np.testing.assert_allclose([item["probability"] for item in items], _expected())
    assert [item["predicted_label"] for item in items] == (_expected() > 0.5).tolist()
    assert ask("0.90-2-cpu-py3", csv(ROWS), **selection).body.count(b",") == len(ROWS) - 1


def test_selected_labels_of_classes_are_counted(ask: Ask) -> None:
    response = ask(
        "3.2-0", csv(ROWS[:1]), accept=JSON, booster="classes", SAGEMAKER_INFERENCE_OUTPUT="labels"
    )
    assert json.loads(response.body) == {"predictions": [{"labels": [0, 1, 2]}]}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", csv(ROWS)),
        ("Text/CSV; label_size=0", csv(ROWS)),
        ("text/libsvm", libsvm(ROWS)),
        ("text/x-libsvm", libsvm(ROWS)),
        (RECORDIO, recordio(ROWS)),
        (RECORDIO, sparse_recordio(ROWS)),
    ],
)
def test_every_request_format_is_read(ask: Ask, content_type: str, body: bytes) -> None:
    scores = [float(line) for line in ask("1.7-1", body, content_type).body.splitlines()]
    np.testing.assert_allclose(scores, _expected(), rtol=1e-5)


@pytest.mark.parametrize(
    ("tag", "content_type"),
    [("1.7-1", JSON), ("1", RECORDIO), ("0.90-1-cpu-py3", RECORDIO), ("1.7-1", "text/plain")],
)
def test_other_content_types_are_refused(ask: Ask, tag: str, content_type: str) -> None:
    with pytest.raises(ContainerError, match="not supported") as caught:
        ask(tag, csv(ROWS), content_type)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        (CSV, b"a,b,c,d", "csv"),
        (CSV, b"\xff\xff,1", "csv"),
        ("text/libsvm", b"0 0:x", "libsvm"),
        ("text/libsvm", b"1.5 2.5", "libsvm"),
        (RECORDIO, b"nonsense", "recordio-protobuf"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(ask: Ask, content_type: str, body: bytes, kind: str) -> None:
    with pytest.raises(ContainerError, match=f"Loading {kind} data failed") as caught:
        ask("1.7-1", body, content_type)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        (
            CSV,
            b"1,2\n",
            "Feature size of csv inference data 2 is not consistent with feature size of trained model 4",
        ),
        (CSV, b"1,2,3,4,5\n", "inference data 5"),
        (RECORDIO, recordio(IRIS[:1, :2]), "Feature size of recordio-protobuf inference data 2"),
        ("text/libsvm", b"0 0:1 9:1", "Feature size of libsvm inference data 10 is larger than"),
        ("text/libsvm", b"0 0:1 4:1", "Unable to evaluate payload provided: "),
    ],
)
def test_bodies_of_the_wrong_width_are_refused(ask: Ask, content_type: str, body: bytes, text: str) -> None:
    with pytest.raises(ContainerError) as caught:
        ask("3.2-0", body, content_type)
    assert text in str(caught.value)
    assert caught.value.status == 400


def test_an_empty_body_has_an_empty_answer(ask: Ask) -> None:
    response = ask("1.7-1", b"")
    assert (response.status, response.body) == (204, b"")


@pytest.mark.parametrize(("tag", "shifts"), [("3.0-5", False), ("1.7-1", False), ("3.2-0", True)])
def test_the_newest_image_lowers_the_indices_of_a_body_without_index_0(
    ask: Ask, tag: str, shifts: bool
) -> None:
    lines = b"0 1:5.1 2:3.5 3:1.4\n0 1:6.0 3:5.1\n"
    kept = np.array([[np.nan, 5.1, 3.5, 1.4], [np.nan, 6.0, np.nan, 5.1]], np.float32)
    lowered = np.roll(kept, -1, axis=1)
    scores = [float(line) for line in ask(tag, lines, "text/libsvm").body.splitlines()]
    np.testing.assert_allclose(scores, _expected(rows=lowered if shifts else kept), rtol=1e-6)


def test_libsvm_rows_without_features_vanish_at_the_end_only(ask: Ask) -> None:
    body = b"0 0:5.1\n0\n0 0:6.0\n0\n0\n"
    assert len(ask("1.7-1", body, "text/libsvm").body.splitlines()) == 3


@pytest.mark.parametrize(("tag", "refuses"), [("1.7-1", False), ("3.2-0", True)])
def test_the_newest_image_cannot_read_sparse_records_of_zeros(ask: Ask, tag: str, refuses: bool) -> None:
    rows = np.vstack([ROWS[:1], np.zeros((1, 4), np.float32)])
    assert len(ask(tag, sparse_recordio(rows[::-1]), RECORDIO).body.splitlines()) == 2
    if refuses:
        with pytest.raises(ContainerError, match="record 1 has no values") as caught:
            ask(tag, sparse_recordio(rows), RECORDIO)
        assert caught.value.status == 415
    else:
        assert len(ask(tag, sparse_recordio(rows), RECORDIO).body.splitlines()) == 2


def test_trees_after_the_best_iteration_are_not_used(ask: Ask) -> None:
    booster = BOOSTERS["stopped"]
    best = booster.predict(xgboost.DMatrix(ROWS), iteration_range=(0, booster.best_iteration + 1))
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    scores = [float(line) for line in ask("1.7-1", csv(ROWS), booster="stopped").body.splitlines()]
    np.testing.assert_allclose(scores, best)


def test_artifacts_without_a_booster_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_bytes(b"x")
    with pytest.raises(ContainerError, match="no file; expected xgboost-model"):
        load(Hosting(tmp_path, {}, "1.7-1"))
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps({"not": "a booster"}))
    with pytest.raises(ContainerError, match="xgboost-model cannot be loaded"):
        load(Hosting(tmp_path, {}, "1.7-1"))


def test_habits_change_with_the_version() -> None:
    assert Habits.of("1") == (False, False, False, False, False)
    assert Habits.of("3.2-0") == (True, True, True, True, True)
