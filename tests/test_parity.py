"""Whoever uses sagemaker_pyspark 1.4.5 changes the package's name in the imports, and nothing else.

The facts are in ``data/parity``; its README says where they come from.
"""

import importlib
import inspect
import json
from pathlib import Path

import pytest
from pyspark.ml import base
from pyspark.ml.param import Param
from pyspark.sql.types import StructType

from sagemaker_spark_py import IAMRole, algorithms
from sagemaker_spark_py.algorithms.images import OWN_IMAGES_VARIABLE

pytestmark = pytest.mark.smoke
DATA = Path(__file__).parent / "data" / "parity"
FACTS = json.loads((DATA / "sagemaker_pyspark-1.4.5.json").read_text())
JVM = json.loads((DATA / "jvm-1.4.5.json").read_text())
CLASSES = FACTS["classes"]
PARAMS = [(path, name, facts) for path, found in FACTS["params"].items() for name, facts in found.items()]
SETTERS = [(path, name, facts) for path, name, facts in PARAMS if facts]
ESTIMATORS = sorted(path.split(":")[1] for path in FACTS["params"])

# Where this package differs on purpose: SageMaker takes "auto" there, and whole numbers only there.
ALSO_TAKEN = {name: ["auto"] for name in ("normalize_data", "normalize_label", "unbias_data", "unbias_label")}
ALSO_REFUSED = {
    name: [1.001, 1.5, 1.999, 2.001]
    for name in ("extra_center_factor", "local_lloyd_num_trials", "num_models")
}

GIVEN = {"schema": StructType(), "dim": 3, "protobufKeys": None}


def ours(path):
    module, name = path.split(":")
    return getattr(importlib.import_module("sagemaker_spark_py" + module), name)


def built(name, **settings):
    cls = getattr(algorithms, name)
    required = ("ml.m5.large", 1, "ml.m5.large", 1)
    return cls(*required, sagemakerRole=IAMRole("arn:aws:iam::123456789012:role/r"), **settings)


def parameters(function):
    found = inspect.signature(function).parameters.values()
    return {p.name: p for p in found if p.name not in ("self", "cls")}


def assert_takes(function, wanted, *, loose=()):
    """Assert the same arguments in the same order, optional where they were, with the same defaults."""
    have = parameters(function)
    by_position = [name for name, p in have.items() if p.kind is not p.KEYWORD_ONLY]
    names = [argument["name"] for argument in wanted]
    assert set(names) <= set(have)
    assert not by_position or by_position[: len(names)] == names
    for argument in wanted:
        default = have[argument["name"]].default
        if "default" in argument and argument["name"] not in loose:
            assert (type(default), default) == (type(argument["default"]), argument["default"])
        elif "default" in argument or "built" in argument:
            assert default is not inspect.Parameter.empty


@pytest.mark.parametrize("path", CLASSES)
def test_a_class_is_where_it_was(path):
    module = importlib.import_module("sagemaker_spark_py" + path.split(":")[0])
    assert inspect.isclass(ours(path))
    assert path.split(":")[1] in getattr(module, "__all__", dir(module))


@pytest.mark.parametrize("name", FACTS["functions"])
def test_a_function_is_where_it_was(name):
    assert_takes(ours(f":{name}"), FACTS["functions"][name])


@pytest.mark.parametrize("path", [path for path in CLASSES if CLASSES[path]["init"]])
def test_a_constructor_takes_the_same_arguments(path):
    assert_takes(ours(path), CLASSES[path]["init"])


@pytest.mark.parametrize("path", CLASSES)
def test_a_class_has_the_same_members(path):
    cls, facts = ours(path), CLASSES[path]
    accessors = {n for entry in FACTS["params"].get(path, {}).values() for n in entry.values() if str(n) == n}
    for name in facts["methods"].keys() - accessors:
        assert_takes(getattr(cls, name), facts["methods"][name])
    for name, arguments in facts["classmethods"].items():
        assert not inspect.isfunction(getattr(cls, name)) or isinstance(vars(cls)[name], staticmethod)
        assert_takes(getattr(cls, name), arguments, loose=("uid",))
    missing = [n for n in facts["properties"] + facts["constants"] if n not in {*dir(cls), *parameters(cls)}]
    assert not missing
    assert all(issubclass(cls, getattr(base, name)) for name in facts["bases"])


VALUES = [
    path for path, facts in CLASSES.items() if facts["init"] and not facts["bases"] and "Cleanup" not in path
]


@pytest.mark.parametrize("path", VALUES)
def test_a_value_keeps_its_arguments(path):
    names = [a["name"] for a in CLASSES[path]["init"] if a["name"] != "schema" or "default" not in a]
    given = {name: GIVEN.get(name, f"a-{name}".replace("_", "-")) for name in names}
    value = ours(path)(**given)
    assert {name: getattr(value, name) for name in given} == given


@pytest.mark.parametrize(("path", "name", "facts"), PARAMS)
def test_a_param_has_the_same_name_and_accessors(path, name, facts):
    cls = ours(path)
    assert type(getattr(cls, name)) is Param
    assert getattr(cls, name).name == name
    for role in ("setter", "getter"):
        assert role not in facts or callable(getattr(cls, facts[role]))


@pytest.mark.parametrize(("path", "name", "facts"), SETTERS)
def test_a_setter_takes_and_refuses_the_same_values(path, name, facts):
    stage = built(path.split(":")[1])
    taken = [v for v in facts["takes"] if v not in ALSO_REFUSED.get(name, [])] + ALSO_TAKEN.get(name, [])
    refused = [v for v in facts["refuses"] if v not in ALSO_TAKEN.get(name, [])] + ALSO_REFUSED.get(name, [])
    for value in taken:
        assert getattr(stage, facts["setter"])(value) is stage
        assert getattr(stage, facts["getter"])() is not None
    for value in refused:
        with pytest.raises((ValueError, TypeError), match=f"{name} "):
            getattr(stage, facts["setter"])(value)


@pytest.mark.parametrize("path", FACTS["params"])
def test_defaults_come_back_through_properties(path):
    stage = built(path.split(":")[1])
    clients = ("sagemakerClient", "s3Client", "stsClient")
    for argument in CLASSES[path]["init"]:
        if "default" in argument and argument["default"] is not None:
            assert getattr(stage, argument["name"]) == argument["default"]
        elif "built" in argument and argument["name"] not in clients:
            assert getattr(stage, argument["name"]) is not None


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_same_hyperparameters_are_sent_and_required(name):
    stage, facts = built(name), JVM["hyperparameters"][name]
    assert stage.wire_hyperparameters() == facts["sent"]
    required = {getattr(stage, param).typeConverter.wire for param in stage._required_hyperparameters()}
    assert required == set(facts["required"])


def image_of_1_4_5(name, region):
    facts = JVM["images"][name]
    account = JVM["accounts"][facts["accounts"]][region]
    return f"{account}.dkr.ecr.{region}.amazonaws.com{'.cn' * region.startswith('cn-')}/{facts['image']}:1"


def regions(name):
    return JVM["accounts"][JVM["images"][name]["accounts"]]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_registry_file_brings_back_all_images(name, monkeypatch):
    """XGBoost's image, tag 1, is retired here because SageMaker no longer starts it."""
    monkeypatch.setenv(OWN_IMAGES_VARIABLE, str(DATA / "images-1.4.5.json"))
    for region in regions(name):
        stage = built(name, region=region)
        assert stage.trainingImage == stage.modelImage == image_of_1_4_5(name, region)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_images_are_the_same_but_for_xgboost(name):
    changed = {
        region
        for region in regions(name)
        if image_of_1_4_5(name, region) != built(name, region=region).trainingImage
    }
    assert changed == (set(regions(name)) if name == "XGBoostSageMakerEstimator" else set())
