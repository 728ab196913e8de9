from __future__ import annotations

import logging
import signal
from pathlib import Path

import numpy as np
import pytest
import xgboost
from sklearn import datasets

from sagemaker_spark_py.containers.job import Job
from sagemaker_spark_py.containers.xgboost import CONTAINER
from sagemaker_spark_py.errors import ContainerError

from .harness import ChannelData, Host, csv, sparse_recordio

CANCER, BENIGN = (part.astype(np.float32) for part in datasets.load_breast_cancer(return_X_y=True))
BINARY = {"num_round": "5", "objective": "binary:logistic"}
TRAIN = ChannelData({"a.csv": csv(CANCER[::2], BENIGN[::2])}, "text/csv")
VALIDATION = ChannelData({"a.csv": csv(CANCER[1::2], BENIGN[1::2])}, "text/csv")


def _train(
    base: Path, hyperparameters: dict[str, str], tag: str = "1.7-1", **channels: ChannelData
) -> xgboost.Booster:
    Host(base).lay_out(hyperparameters, channels)
    CONTAINER.train(Job.from_folder(base, {}, tag))
    return xgboost.Booster(model_file=bytearray((base / "model" / "xgboost-model").read_bytes()))


def _reference(rounds: int = 5, **parameters: object) -> np.ndarray:
    matrix = xgboost.DMatrix(CANCER[::2], BENIGN[::2])
    booster = xgboost.train({"objective": "binary:logistic", **parameters}, matrix, rounds)
    return np.asarray(booster.predict(xgboost.DMatrix(CANCER)))


@pytest.mark.parametrize(
    ("hyperparameters", "parameters"),
    [
        ({}, {}),
        ({"eta": "0.1", "max_depth": "3", "lambda": "2", "min_child_weight": "5"},)
        + ({"eta": 0.1, "max_depth": 3, "lambda": 2, "min_child_weight": 5},),
        (
            {"booster": "dart", "rate_drop": "0.5", "seed": "3"},
            {"booster": "dart", "rate_drop": 0.5, "seed": 3},
        ),
        ({"subsample": "0.5", "seed": "7"}, {"subsample": 0.5, "seed": 7}),
        ({"tree_method": "exact", "grow_policy": "depthwise"}, {"tree_method": "exact"}),
        ({"silent": "1", "sketch_eps": "0.1", "predictor": "auto"}, {}),
    ],
)
def test_hyperparameters_reach_xgboost(
    tmp_path: Path, hyperparameters: dict[str, str], parameters: dict[str, object]
) -> None:
    booster = _train(tmp_path, {**BINARY, **hyperparameters}, train=TRAIN)
    np.testing.assert_allclose(booster.predict(xgboost.DMatrix(CANCER)), _reference(**parameters), atol=1e-6)


def test_constraints_reach_xgboost(tmp_path: Path) -> None:
    given = {"monotone_constraints": "(1" + ",0" * 29 + ")", "interaction_constraints": "[[0,1],[2,3]]"}
    booster = _train(tmp_path, {**BINARY, "tree_method": "hist", **given}, train=TRAIN)
    expected = _reference(
        tree_method="hist", monotone_constraints=(1,) + (0,) * 29, interaction_constraints="[[0,1],[2,3]]"
    )
    np.testing.assert_allclose(booster.predict(xgboost.DMatrix(CANCER)), expected, atol=1e-6)


def test_each_round_is_logged_as_on_aws(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    settings = {**BINARY, "eval_metric": "error,accuracy,auc", "_tuning_objective_metric": "validation:f1"}
    _train(tmp_path, settings, train=TRAIN, validation=VALIDATION)
    rounds = [message for message in caplog.messages if message.startswith("[")]
    assert len(rounds) == 5
    names = [part.rpartition(":")[0] for part in rounds[0].split("#011")]
    metrics = ("error", "auc", "accuracy", "f1")
    assert names == [
        "",
        *(f"{channel}-{metric}" for channel in ("train", "validation") for metric in metrics),
    ]
    values = dict(part.rsplit(":", 1) for part in rounds[0].split("#011")[1:])
    assert float(values["train-error"]) + float(values["train-accuracy"]) == pytest.approx(1, abs=1e-4)


def test_only_added_metrics_are_logged_where_only_they_are_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _train(tmp_path, {**BINARY, "eval_metric": "accuracy"}, train=TRAIN)
    assert any(message.startswith("[4]#011train-accuracy:") for message in caplog.messages)


def test_training_stops_early(tmp_path: Path) -> None:
    settings = {**BINARY, "num_round": "500", "early_stopping_rounds": "3", "eta": "1"}
    booster = _train(tmp_path, settings, train=TRAIN, validation=VALIDATION)
    assert booster.num_boosted_rounds() < 100


def test_weights_of_csv_count(tmp_path: Path) -> None:
    weights = np.where(BENIGN[::2] == 1, 5.0, 1.0).astype(np.float32)
    body = csv(np.column_stack([weights, CANCER[::2]]), BENIGN[::2])
    booster = _train(tmp_path, {**BINARY, "csv_weights": "1"}, train=ChannelData({"a": body}, "text/csv"))
    matrix = xgboost.DMatrix(CANCER[::2], BENIGN[::2], weight=weights)
    expected = xgboost.train({"objective": "binary:logistic"}, matrix, 5).predict(xgboost.DMatrix(CANCER))
    np.testing.assert_allclose(booster.predict(xgboost.DMatrix(CANCER)), expected, atol=1e-6)


@pytest.mark.parametrize("empty", ["train", "validation"])
def test_an_empty_channel_is_named_by_its_path(tmp_path: Path, empty: str) -> None:
    channels = {"train": TRAIN, "validation": VALIDATION, empty: ChannelData({"a": b""}, "text/csv")}
    with pytest.raises(ContainerError, match=rf"No data in (training|validation) channel path .*{empty}"):
        _train(tmp_path, BINARY, **channels)


@pytest.mark.parametrize("label", [np.nan, np.inf])
def test_labels_must_be_numbers(tmp_path: Path, label: float) -> None:
    wrong = ChannelData({"a": csv(CANCER[:2], np.array([label, 1]))}, "text/csv")
    with pytest.raises(ContainerError, match=r"[Ll]abel"):
        _train(tmp_path, BINARY, train=wrong)


def test_what_xgboost_refuses_is_the_users_fault(tmp_path: Path) -> None:
    wrong = ChannelData({"a": csv(CANCER, BENIGN * 7)}, "text/csv")
    with pytest.raises(
        ContainerError, match=r"XGB train call failed with exception:\n .*must be in [\[(]0,1"
    ):
        _train(tmp_path, BINARY, train=wrong)


@pytest.mark.parametrize(("tag", "refuses"), [("1.7-1", False), ("3.2-0", True)])
def test_the_newest_image_cannot_train_on_sparse_records_of_zeros(
    tmp_path: Path, tag: str, refuses: bool
) -> None:
    rows = np.vstack([CANCER[:20], np.zeros((1, 30), np.float32)])
    body = sparse_recordio(rows, np.append(BENIGN[:20], 0))
    channel = ChannelData({"a": body}, "application/x-recordio-protobuf")
    if refuses:
        with pytest.raises(ContainerError, match="record 20 has no values"):
            _train(tmp_path, BINARY, tag, train=channel)
    else:
        _train(tmp_path, BINARY, tag, train=channel)


def test_a_stopped_training_leaves_the_trees_so_far_if_asked_to(tmp_path: Path) -> None:
    settings = {**BINARY, "num_round": "1000000", "save_model_on_termination": "true"}
    host = Host(tmp_path).lay_out(settings, {"train": TRAIN})
    process = host.start("train", "sagemaker-xgboost:1.7-1")
    try:
        host.wait_for_log(process, "[3]#011")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.stdin.close()
    model = (tmp_path / "model" / "xgboost-model").read_bytes()
    assert 3 < xgboost.Booster(model_file=bytearray(model)).num_boosted_rounds() < 1000000
