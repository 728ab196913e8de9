"""The Params that name columns: how they are given, kept, and what they make of serializers."""

from __future__ import annotations

import inspect
import pickle

import pytest
from pyspark.ml.tuning import ParamGridBuilder

from sagemaker_spark_py import EndpointCreationPolicy, Predictions, SageMakerModel, Session, algorithms
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    PCAProtobufResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.invalid import Invalid
from sagemaker_spark_py.transformation.serializers import (
    JSONLinesRequestRowSerializer,
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
)
from tests.digits import kmeans

NAMES = {
    "featuresCol": ["a", "b"],
    "labelCol": "y",
    "predictionCol": "p",
    "probabilityCol": "q",
    "rawPredictionCol": "r",
    "handleInvalid": "skip",
}
TRAINING = {**NAMES, "weightCol": "w", "validationIndicatorCol": "v"}


def setter(name: str) -> str:
    return f"set{name[0].upper()}{name[1:]}"


def model(**settings) -> SageMakerModel:
    arguments = {
        "existingEndpointName": "e",
        "session": Session("us-east-1"),
        "endpointCreationPolicy": EndpointCreationPolicy.DO_NOT_CREATE,
        "requestRowSerializer": ProtobufRequestRowSerializer(),
        "responseRowDeserializer": KMeansProtobufResponseRowDeserializer(),
        **settings,
    }
    return SageMakerModel(**arguments)


@pytest.mark.parametrize("name", TRAINING)
def test_each_is_an_argument_a_setter_a_getter_and_a_param(name) -> None:
    stages = [kmeans(**{name: TRAINING[name]}), getattr(kmeans(), setter(name))(TRAINING[name])]
    plain = kmeans()
    stages.append(plain.copy({getattr(plain, name): TRAINING[name]}))
    for stage in stages:
        assert getattr(stage, f"get{setter(name)[3:]}")() == TRAINING[name]
        assert stage.isSet(name)
        assert f"{name}: " in stage.explainParams()
    assert getattr(stages[1], setter(name))(TRAINING[name]) is stages[1]
    assert not plain.isSet(name)


@pytest.mark.parametrize("name", algorithms.__all__)
def test_they_are_taken_by_name_only_and_by_every_estimator(name) -> None:
    parameters = inspect.signature(getattr(algorithms, name)).parameters
    assert {parameters[param].kind for param in TRAINING} == {inspect.Parameter.KEYWORD_ONLY}


def test_defaults_are_those_of_spark() -> None:
    stage = kmeans()
    assert (stage.getFeaturesCol(), stage.getLabelCol(), stage.getHandleInvalid()) == (
        "features",
        "label",
        "error",
    )
    assert stage.getPredictionCol() is stage.getWeightCol() is None


def test_estimators_keep_them(spark, tmp_path) -> None:
    stage = kmeans(**TRAINING)
    stage.save(str(tmp_path / "stage"))
    loaded = type(stage).load(str(tmp_path / "stage"))
    for kept in (loaded, pickle.loads(pickle.dumps(stage)), stage.copy()):
        assert {name: kept.getOrDefault(name) for name in TRAINING} == TRAINING


def test_models_keep_them(spark, tmp_path) -> None:
    stage = model(**NAMES, predictions=Predictions("closest_cluster"), validNumbers="finite")
    stage.save(str(tmp_path / "stage"))
    loaded = SageMakerModel.load(str(tmp_path / "stage"))
    for kept in (loaded, pickle.loads(pickle.dumps(stage)), stage.copy()):
        assert {name: kept.getOrDefault(name) for name in NAMES} == NAMES
        assert (kept.predictions, kept.validNumbers) == (Predictions("closest_cluster"), "finite")


def test_they_can_be_searched_over() -> None:
    stage = kmeans()
    grid = ParamGridBuilder().addGrid(stage.featuresCol, ["a", ["b", "c"]]).build()
    assert [stage.copy(params).getFeaturesCol() for params in grid] == ["a", ["b", "c"]]


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("featuresCol", [], SettingError, "a list of names"),
        ("featuresCol", ["a", 1], TypeError, r"featuresCol has the wrong type: \['a', 1\]"),
        ("featuresCol", 3, TypeError, "expected the name of a column"),
        ("labelCol", "", SettingError, "labelCol cannot be used: ''"),
        ("labelCol", ["y"], TypeError, "labelCol"),
        ("handleInvalid", "drop", SettingError, "expected one of 'error', 'skip', 'keep'"),
    ],
)
def test_wrong_values_are_refused_wherever_they_are_given(name, value, error, words) -> None:
    stage = kmeans()
    for give in (
        lambda: kmeans(**{name: value}),
        lambda: getattr(stage, setter(name))(value),
        lambda: stage.copy({getattr(stage, name): value}),
    ):
        with pytest.raises(error, match=words) as caught:
            give()
        assert caught.value.__cause__ is None or caught.value.__cause__.args


def serializer_of(stage: SageMakerModel) -> RequestRowSerializer:
    return stage._request_serializer(stage.requestRowSerializer, stage.validNumbers)


@pytest.mark.parametrize(
    "serializer",
    [ProtobufRequestRowSerializer(), LibSVMRequestRowSerializer(), JSONLinesRequestRowSerializer()],
)
def test_built_in_serializers_read_the_columns_that_are_set(serializer) -> None:
    stage = model(requestRowSerializer=serializer).setFeaturesCol(["a", "b"]).setLabelCol("y")
    pointed = serializer_of(stage)
    assert pointed.featuresColumnName == ("a", "b")
    assert getattr(pointed, "labelColumnName", "y") == "y"
    assert stage.requestRowSerializer == serializer
    assert serializer_of(model(requestRowSerializer=serializer)) is serializer


def test_a_serializer_that_names_another_column_contradicts() -> None:
    stage = model(requestRowSerializer=ProtobufRequestRowSerializer(featuresColumnName="x"))
    assert serializer_of(stage.copy().setFeaturesCol("x")).featuresColumnName == "x"
    with pytest.raises(
        SettingError, match=r"featuresCol is 'y', but requestRowSerializer\.features.* is 'x'"
    ):
        serializer_of(stage.setFeaturesCol("y"))


class OwnSerializer(RequestRowSerializer):
    contentType = "text/plain"

    def serializeRow(self, row):
        return b"x"


def test_a_users_own_serializer_is_left_alone() -> None:
    own = OwnSerializer()
    stage = model(requestRowSerializer=own, featuresCol="x", handleInvalid="skip", validNumbers="finite")
    assert serializer_of(stage) is own


def test_invalid_rows_are_heeded_where_something_can_be_invalid() -> None:
    assert serializer_of(model(validNumbers="finite")).invalid == Invalid("error", "finite")
    assert serializer_of(model(handleInvalid="skip")).invalid == Invalid("skip", "all")


def test_a_reader_that_does_not_say_what_it_reads() -> None:
    stage = model(responseRowDeserializer=PCAProtobufResponseRowDeserializer(), predictionCol="p")
    with pytest.raises(
        SettingError, match=r"predictionCol cannot be filled: 'p'; PCAProtobuf.* does not say"
    ):
        stage._response_deserializer(stage.responseRowDeserializer, stage.predictions)
