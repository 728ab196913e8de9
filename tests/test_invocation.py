"""How an endpoint is asked: what the value refuses, and that it travels from estimators to requests."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from sagemaker_spark_py import Invocation, SageMakerModel
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.persistence import decode, encode
from tests.digits import kmeans
from tests.test_persistence import model


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"maxBodyBytes": 0}, "maxBodyBytes is out of range: 0"),
        ({"maxBodyBytes": None}, "maxBodyBytes is out of range: None"),
        ({"maxRowsPerRequest": 0}, "maxRowsPerRequest is out of range: 0"),
        ({"maxInFlight": 1.5}, "maxInFlight is out of range: 1.5"),
        ({"maxInFlight": True}, "maxInFlight is out of range: True"),
        ({"maxTotalInFlight": -1}, "maxTotalInFlight is out of range: -1"),
        ({"readTimeoutSeconds": 0}, "readTimeoutSeconds is out of range: 0"),
        ({"invocationTimeoutSeconds": "60"}, "invocationTimeoutSeconds is out of range: '60'"),
        ({"onError": "skip"}, "onError is not known: 'skip'; expected one of raise, null, column"),
        ({"errorCol": ""}, "errorCol has the wrong value: ''"),
        ({"accept": ""}, "accept has the wrong value"),
        ({"targetModel": "a", "targetModelCol": "b"}, "both given: 'a' and 'b'"),
        ({"targetVariant": "no_underscore"}, "TargetVariant has the wrong form: 'no_underscore'"),
        ({"customAttributes": "x" * 1025}, "CustomAttributes is too long: 1025 characters"),
        ({"inferenceComponent": "a b"}, "InferenceComponentName has the wrong form"),
    ],
)
def test_what_cannot_work_is_refused_at_once(wrong, text) -> None:
    with pytest.raises(SettingError, match=text):
        Invocation(**wrong)


ALL = Invocation(
    maxBodyBytes=1 << 20,
    maxRowsPerRequest=100,
    maxInFlight=8,
    maxTotalInFlight=32,
    readTimeoutSeconds=5.5,
    connectTimeoutSeconds=2,
    invocationTimeoutSeconds=60,
    onError="column",
    errorCol="why",
    targetModel="tenant/a.tar.gz",
    targetVariant="blue",
    inferenceComponent="part",
    customAttributes="trace=7",
    inferenceId="job-7",
    accept="text/csv",
)


def test_each_setting_of_the_example_differs_from_its_default() -> None:
    defaults = Invocation()
    names = [field.name for field in dataclasses.fields(Invocation)]
    same = [name for name in names if getattr(ALL, name) == getattr(defaults, name)]
    assert same == ["targetModelCol"]


@pytest.mark.parametrize("value", [ALL, Invocation(targetModelCol="tenant")])
def test_it_comes_back_from_saving_and_pickling(value) -> None:
    assert decode(encode(value)) == value
    assert pickle.loads(pickle.dumps(value)) == value


def test_a_model_keeps_it_through_copy_and_save(spark, aws, tmp_path) -> None:
    original = model(invocation=ALL)
    original.save(str(tmp_path / "stage"))
    assert SageMakerModel.load(str(tmp_path / "stage")).invocation == ALL
    assert original.copy().invocation == ALL
    assert model().invocation == Invocation()


def test_the_estimator_hands_it_to_its_model(spark, aws) -> None:
    estimator = kmeans(invocation=ALL)
    assert estimator.copy()._model_settings(None, "role", None)["invocation"] == ALL


def test_anything_else_is_refused() -> None:
    with pytest.raises(SettingError, match="invocation has the wrong type: dict"):
        model(invocation={"maxInFlight": 3})
