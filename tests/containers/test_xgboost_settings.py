from __future__ import annotations

from pathlib import Path

import pytest

from sagemaker_spark_py.containers.job import Channel
from sagemaker_spark_py.containers.xgboost_settings import TRAINING_TYPES, check_channels, read_settings
from sagemaker_spark_py.errors import ContainerError


def _channel(
    name: str = "train", content_type: str = "", mode: str = "File", distribution: str = "FullyReplicated"
) -> Channel:
    return Channel(name, content_type, mode, distribution, Path(name))


def test_only_what_is_given_is_read() -> None:
    given = {
        "num_round": "10",
        "objective": "binary:logistic",
        "eta": "0.3",
        "lambda": "1.0E-5",
        "eval_metric": "auc, error@0.7,logloss",
        "updater": "grow_colmaker,prune",
        "monotone_constraints": "(1,0,-1)",
        "interaction_constraints": "[[0,1],[2]]",
        "silent": "1",
    }
    assert read_settings(given) == {
        "num_round": 10,
        "objective": "binary:logistic",
        "eta": 0.3,
        "lambda": 1e-5,
        "eval_metric": ["auc", "error@0.7", "logloss"],
        "updater": ["grow_colmaker", "prune"],
        "monotone_constraints": "(1,0,-1)",
        "interaction_constraints": "[[0,1],[2]]",
        "silent": 1,
    }


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({"num_round": "1", "k": "1"}, "Extraneous hyperparameter found: k"),
        ({"num_round": "0"}, "Hyperparameter num_round: 0 is not valid; it expects an integer at least 1"),
        ({"num_round": "1", "eta": "2"}, "Hyperparameter eta: 2"),
        ({"num_round": "1", "subsample": "0"}, "Hyperparameter subsample: 0"),
        ({"num_round": "1", "objective": "binary:logistraw"}, "Hyperparameter objective"),
        ({"num_round": "1", "eval_metric": "rmse,nonsense"}, "Hyperparameter eval_metric"),
        ({"num_round": "1", "eval_metric": "error@t"}, "Hyperparameter eval_metric"),
        ({"num_round": "1", "eval_metric": "rmse@0.5"}, "Hyperparameter eval_metric"),
        ({"num_round": "1", "updater": "magic"}, "Hyperparameter updater"),
        (
            {"num_round": "1", "monotone_constraints": "__import__('os')"},
            "Hyperparameter monotone_constraints",
        ),
        ({"num_round": "1", "objective": "multi:softmax"}, "Require input for parameter 'num_class'"),
        ({"num_round": "1", "num_class": "3"}, "Do not need to setup parameter 'num_class'"),
        ({"num_round": "1", "eval_metric": "auc"}, "Metric 'auc' can only be applied"),
    ],
)
def test_bad_hyperparameters_are_refused(given: dict[str, str], text: str) -> None:
    with pytest.raises(ContainerError) as caught:
        read_settings(given)
    assert text in str(caught.value)


@pytest.mark.parametrize("content_type", ["", *TRAINING_TYPES])
@pytest.mark.parametrize("distribution", ["FullyReplicated", "ShardedByS3Key"])
def test_known_channels_are_taken(content_type: str, distribution: str) -> None:
    channels = [_channel(name, content_type, "File", distribution) for name in ("train", "validation")]
    check_channels({channel.name: channel for channel in [*channels, _channel("code", "text/python")]})


@pytest.mark.parametrize(
    ("channels", "text"),
    [
        ([_channel("validation")], "Missing required channel: train"),
        ([_channel(), _channel("test")], "Extraneous channel found: test"),
        ([_channel(content_type="text/csv;label_size=1")], "'ContentType': 'text/csv;label_size=1'"),
        ([_channel(content_type="Text/CSV")], "'ContentType': 'Text/CSV'"),
        ([_channel(mode="Pipe")], "'TrainingInputMode': 'Pipe'"),
        ([_channel(mode="FastFile")], "Channel configuration for 'train' channel is not supported"),
        ([_channel(), _channel("code", "text/csv")], "'code' channel"),
    ],
)
def test_channels_are_taken_by_their_literal_configuration(channels: list[Channel], text: str) -> None:
    with pytest.raises(ContainerError) as caught:
        check_channels({channel.name: channel for channel in channels})
    assert text in str(caught.value)
