from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import JSON, MediaType
from sagemaker_spark_py.containers.hyperparameters import integer
from sagemaker_spark_py.containers.job import Hosting, Job
from sagemaker_spark_py.containers.rows import Columns, Matrix
from sagemaker_spark_py.containers.server import Request
from sagemaker_spark_py.errors import ContainerError

from .harness import ChannelData, Host, csv, recordio

ROWS = np.arange(8, dtype=np.float32).reshape(4, 2)
LABELS = np.array([0, 1, 0, 1], np.float32)


def _fit(task: Task) -> Model:
    task.report("train loss", 0.5)
    for name, rows in task.held_out.items():
        task.report(f"{name} rows", rows.count, "score")
    return {"total": np.array(task.train.features.sum())}


def _predictor(model: Model) -> Predict:
    def predict(features: Matrix, accept: MediaType) -> Columns:
        return {"share": features.sum(axis=1) / model["total"]}

    return predict


def _make(**changes: object) -> FirstParty:
    declared = (integer("feature_dim", "auto", at_least=1, words=("auto",)),)
    return FirstParty(
        **{"hyperparameters": declared, "fit": _fit, "predictor": _predictor, "supervised": False, **changes}
    )


def _job(base: Path, hyperparameters: dict[str, str] | None = None, **channels: ChannelData) -> Job:
    Host(base).lay_out(hyperparameters or {}, channels)
    return Job.from_folder(base, {})


def test_it_trains_saves_and_serves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    job = _job(
        tmp_path, train=ChannelData({"a": recordio(ROWS)}), test=ChannelData({"a": recordio(ROWS[:1])})
    )
    _make().train(job)
    assert "#quality_metric: host=algo-1, train loss <loss>=0.5" in caplog.messages
    assert "#quality_metric: host=algo-1, test rows <score>=1.0" in caplog.messages
    assert any(message.startswith("#throughput_metric: host=algo-1, train ") for message in caplog.messages)
    handle = _make().load(Hosting(job.model_dir, {}))
    assert handle(Request(b"14,14", "text/csv", JSON)).body == b'{"predictions": [{"share": 1.0}]}'


def test_sizes_that_differ_are_both_named(tmp_path: Path) -> None:
    job = _job(tmp_path / "a", {"feature_dim": "3"}, train=ChannelData({"a": recordio(ROWS)}))
    with pytest.raises(ContainerError, match=r"'train': its rows have 2 features, but feature_dim is 3"):
        _make().train(job)


def test_channels_of_different_sizes_are_refused_without_the_hyperparameter_too(tmp_path: Path) -> None:
    channels = {
        "train": ChannelData({"a": recordio(ROWS)}),
        "test": ChannelData({"a": recordio(ROWS[:, :1])}),
    }
    with pytest.raises(ContainerError, match=r"'test': its rows have 1 features, but feature_dim is 2"):
        _make().train(_job(tmp_path / "a", **channels))


def test_csv_that_counts_a_label_by_default_names_the_sizes(tmp_path: Path) -> None:
    job = _job(tmp_path / "a", {"feature_dim": "2"}, train=ChannelData({"a": csv(ROWS)}, "text/csv"))
    with pytest.raises(ContainerError, match=r"its rows have 1 features.*label_size"):
        _make().train(job)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    rows = np.array([[1, value]], np.float32)
    with pytest.raises(ContainerError, match=r"'train'.*not finite"):
        _make().train(_job(tmp_path / "a", train=ChannelData({"a": recordio(rows)})))
    _make().train(_job(tmp_path / "b", train=ChannelData({"a": recordio(ROWS)})))
    handle = _make().load(Hosting(tmp_path / "b" / "model", {}))
    with pytest.raises(ContainerError, match="not finite"):
        handle(Request(csv(rows), "text/csv", JSON))


@pytest.mark.parametrize("channel", ["train", "test"])
def test_supervised_algorithms_need_labels_in_every_channel(tmp_path: Path, channel: str) -> None:
    channels = {name: ChannelData({"a": recordio(ROWS, LABELS)}) for name in ("train", "test")}
    channels[channel] = ChannelData({"a": recordio(ROWS)})
    with pytest.raises(ContainerError, match=f"'{channel}'.*label"):
        _make(supervised=True).train(_job(tmp_path / "a", **channels))


def test_a_distribution_may_be_demanded(tmp_path: Path) -> None:
    job = _job(tmp_path / "a", train=ChannelData({"a": recordio(ROWS)}))
    with pytest.raises(
        ContainerError, match=r"'FullyReplicated' is not one of \['ShardedByS3Key'\].*'train'"
    ):
        _make(distributions={"train": "ShardedByS3Key", "test": "FullyReplicated"}).train(job)


def test_float64_records_are_refused_where_the_algorithm_does(tmp_path: Path) -> None:
    from sagemaker_spark_py.recordio import Record

    record = Record()
    record.features["values"].float64_tensor.values.extend([1.0, 2.0])
    message = record.SerializeToString()
    body = b"\x0a\x23\xd7\xce" + len(message).to_bytes(4, "little") + message + bytes(-len(message) % 4)
    _make().train(_job(tmp_path / "a", train=ChannelData({"a": body})))
    with pytest.raises(ContainerError, match="float64 tensors; expected Float32 tensors only"):
        _make(float32_only=True).train(_job(tmp_path / "b", train=ChannelData({"a": body})))


def test_a_request_of_the_wrong_size_names_both(tmp_path: Path) -> None:
    _make().train(_job(tmp_path, train=ChannelData({"a": recordio(ROWS)})))
    handle = _make().load(Hosting(tmp_path / "model", {}))
    with pytest.raises(
        ContainerError, match="rows have 3 features, but the model was trained with 2"
    ) as caught:
        handle(Request(b"1,2,3", "text/csv", JSON))
    assert caught.value.status == 400


def test_an_artifact_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="model_algo-1 is missing"):
        _make().load(Hosting(tmp_path, {}))
