"""What holds for every algorithm: these tests find all of `algorithms.__all__`, without exemptions."""

import inspect
import json
import pickle
import re

import pytest

from sagemaker_spark_py import algorithms
from sagemaker_spark_py.algorithms.algorithm import AlgorithmEstimator
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.estimator import SageMakerEstimatorBase
from sagemaker_spark_py.params import Conversion
from sagemaker_spark_py.settings import EstimatorSettings

ESTIMATORS = [getattr(algorithms, name) for name in algorithms.__all__]
CANDIDATES = [-1, 0, 1, 2, 50, 60, 0.25, 0.5, 1.25, 1.5]
CANDIDATES += [True, "auto", "1", "nonsense", None, b"bytes", object()]


def samples(conversion):
    """Return the values that a hyperparameter takes, and those that it refuses, of many."""
    taken, refused = [], []
    for value in CANDIDATES + re.findall(r"[a-z][\w:+.@-]*", conversion.rule.expected, re.IGNORECASE):
        try:
            conversion(value)
            taken.append(value)
        except (ValueError, TypeError):
            refused.append(value)
    return taken, refused


def accessors(cls):
    """Return setter and getter by the name of the hyperparameter."""
    setters = {getattr(m, "sets", None): name for name, m in inspect.getmembers(cls, inspect.isfunction)}
    return {param: (name, f"get{name[3:]}") for param, name in setters.items() if param}


HYPERPARAMETERS = [
    pytest.param(cls, param.name, id=f"{cls.__name__}-{param.name}")
    for cls in ESTIMATORS
    for _, param in inspect.getmembers(
        cls, lambda m: isinstance(getattr(m, "typeConverter", None), Conversion)
    )
]
every_estimator = pytest.mark.parametrize("cls", ESTIMATORS, ids=algorithms.__all__)
every_hyperparameter = pytest.mark.parametrize(("cls", "name"), HYPERPARAMETERS)


def test_all_estimators_are_exported():
    def below(cls):
        return {cls}.union(*(below(sub) for sub in cls.__subclasses__()))

    leaves = {cls for cls in below(AlgorithmEstimator) if not cls.__subclasses__()}
    ours = {cls for cls in leaves if cls.__module__.startswith("sagemaker_spark_py.")}
    assert ours == set(ESTIMATORS)
    assert algorithms.__all__ == sorted(algorithms.__all__)


@every_estimator
def test_the_positional_arguments_are_those_of_all_algorithms(cls):
    parameters = inspect.signature(cls).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    expected = inspect.signature(EstimatorSettings).parameters.values()
    assert positional == [p.name for p in expected if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} >= {"imageUri", "hyperParameters"}


@every_estimator
def test_it_is_an_estimator_with_documentation(cls):
    assert issubclass(cls, SageMakerEstimatorBase)
    assert inspect.getdoc(cls) != inspect.getdoc(SageMakerEstimatorBase)


@every_estimator
def test_the_image_is_of_its_region(built, cls):
    for region in ("us-west-2", "eu-west-1"):
        image = built(cls, region=region).trainingImage
        assert f".dkr.ecr.{region}.amazonaws.com/" in image
        assert built(cls, region=region).modelImage == image


@every_estimator
def test_a_given_image_wins_even_where_there_is_none(built, cls):
    stage = built(cls, region="mars-north-1", imageUri="1.dkr.ecr.mars-north-1.amazonaws.com/mine:2")
    assert stage.trainingImage == stage.modelImage == "1.dkr.ecr.mars-north-1.amazonaws.com/mine:2"


@every_estimator
def test_a_region_without_an_image_is_refused(built, cls):
    with pytest.raises(SettingError, match="mars-north-1"):
        _ = built(cls, region="mars-north-1").trainingImage


@every_estimator
def test_instances_have_serializers_of_their_own_kind(built, cls):
    one, other = built(cls), built(cls)
    assert one.requestRowSerializer == other.requestRowSerializer
    assert one.responseRowDeserializer == other.responseRowDeserializer


@every_estimator
def test_missing_hyperparameters_are_all_named(built, cls):
    stage = built(cls)
    missing = [name for name in stage._required_hyperparameters() if not stage.isDefined(name)]
    assert missing
    with pytest.raises(SettingError) as raised:
        stage.check_hyperparameters()
    for name in missing:
        assert name in str(raised.value)
        assert f"{accessors(cls)[name][0]}(...)" in str(raised.value)
    stage.check_hyperparameters(given={getattr(stage, name).typeConverter.wire for name in missing})


@every_estimator
def test_every_hyperparameter_is_explained(built, cls):
    text = built(cls).explainParams()
    for param in built(cls).params:
        assert f"{param.name}: {param.doc}" in text


@every_estimator
def test_no_two_hyperparameters_are_sent_under_one_name(built, cls):
    wires = [p.typeConverter.wire for p in built(cls).params if isinstance(p.typeConverter, Conversion)]
    assert len(wires) == len(set(wires)) > 0


@every_hyperparameter
def test_it_takes_some_values_and_refuses_others_by_name(built, cls, name):
    stage = built(cls)
    taken, refused = samples(getattr(cls, name).typeConverter)
    assert taken
    assert refused
    for value in refused:
        with pytest.raises((ValueError, TypeError), match=f"^{name} "):
            stage._set_checked(name, value)
    assert not stage.isSet(name)


@every_hyperparameter
def test_its_accessors_chain_and_give_back(built, cls, name):
    fixed = len(samples(getattr(cls, name).typeConverter)[0]) == 1
    if name not in accessors(cls):
        assert fixed, "a hyperparameter without a setter has one value, which the class gives it"
        return
    setter, getter = accessors(cls)[name]
    for value in samples(getattr(cls, name).typeConverter)[0]:
        stage = built(cls)
        assert getattr(stage, setter)(value) is stage
        assert getattr(stage, getter)() in (value, str(value), {"True": True, "False": False}.get(value))
        assert getattr(stage, getter)() is not None


@every_hyperparameter
def test_it_survives_copies_pickling_and_json(built, cls, name):
    stage = built(cls)
    for value in samples(getattr(cls, name).typeConverter)[0]:
        copied = stage.copy({getattr(stage, name): value})
        kept = copied.getOrDefault(name)
        assert pickle.loads(pickle.dumps(copied)).getOrDefault(name) == kept
        assert json.loads(json.dumps(kept)) == kept
        assert copied.copy().getOrDefault(name) == kept
    assert not stage.isSet(name)


@every_hyperparameter
def test_it_is_sent_as_a_text_or_refused_before(built, cls, name):
    without = built(cls).wire_hyperparameters()
    texts = set()
    for value in samples(getattr(cls, name).typeConverter)[0]:
        stage = built(cls)._set_checked(name, value)
        try:
            sent = stage.wire_hyperparameters()
        except SettingError:
            continue
        assert all(type(text) is str and text for text in sent.values())
        assert without.keys() <= sent.keys()
        texts.add(tuple(sent.items()))
    assert texts
    assert len(texts) > 1 or name not in accessors(cls)
