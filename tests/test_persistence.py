"""Stages saved and loaded: plain JSON, nothing secret, no endpoint made by loading."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py import (
    CreatedResources,
    CustomNamePolicyFactory,
    EndpointCreationPolicy,
    IAMRoleFromConfig,
    S3DataPath,
    SageMakerModel,
    Session,
)
from sagemaker_spark_py.algorithms import KMeansSageMakerEstimator
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.persistence import decode, encode
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    ProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
)
from tests.data.saved import save_stages
from tests.digits import ROLE, kmeans

SAVED = Path(save_stages.__file__).parent


def saved_metadata(path: Path) -> dict[str, Any]:
    (part,) = (path / "metadata").glob("part-*")
    return json.loads(part.read_text())


def model(**changes: Any) -> SageMakerModel:
    return SageMakerModel(
        **{
            "endpointInstanceType": "ml.t2.medium",
            "endpointInitialInstanceCount": 1,
            "requestRowSerializer": ProtobufRequestRowSerializer(featuresColumnName="f"),
            "responseRowDeserializer": KMeansProtobufResponseRowDeserializer("d", "c"),
            "modelImage": "image",
            "modelPath": S3DataPath("b", "model.tar.gz"),
            "modelExecutionRoleARN": ROLE,
            "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
            **changes,
        }
    )


@pytest.mark.smoke
def test_an_estimator_comes_back_with_params_and_settings(spark, aws, tmp_path) -> None:
    names = CustomNamePolicyFactory("a", "b", "c", "d")
    estimator = kmeans(
        sagemakerRole=IAMRoleFromConfig("my.key"),
        trainingInputS3DataPath=S3DataPath("b", "p"),
        namePolicyFactory=names,
        trainingProjectedColumns=["features"],
        extraRequest={"CreateTrainingJob": {"Tags": [{"Key": "a", "Value": "b"}]}},
        session=Session("us-east-1", endpointUrls=(("s3", "http://127.0.0.1:1"),)),
    ).setEpochs(3)
    estimator.save(str(tmp_path / "stage"))
    loaded = KMeansSageMakerEstimator.load(str(tmp_path / "stage"))
    assert loaded.uid == estimator.uid
    assert loaded._settings == estimator._settings
    assert {p.name: v for p, v in loaded.extractParamMap().items()} == {
        p.name: v for p, v in estimator.extractParamMap().items()
    }
    assert loaded.setK(4).wire_hyperparameters()["k"] == "4"


def test_overwriting_must_be_asked_for(spark, aws, tmp_path) -> None:
    path = str(tmp_path / "stage")
    kmeans().save(path)
    with pytest.raises(Exception, match=r"(?i)exists"):
        kmeans().save(path)
    kmeans().setK(3).write().overwrite().save(path)
    assert KMeansSageMakerEstimator.load(path).getK() == 3


def test_a_model_comes_back_with_what_it_created_and_makes_nothing(spark, aws, sagemaker, tmp_path) -> None:
    original = model()
    original._hosting.created = CreatedResources("m", "c", "e")
    original._settings["endpointCreationPolicy"] = EndpointCreationPolicy.CREATE_ON_CONSTRUCT
    original.save(str(tmp_path / "stage"))
    loaded = SageMakerModel.load(str(tmp_path / "stage"))
    assert loaded.getCreatedResources() == CreatedResources("m", "c", "e")
    assert loaded.endpointName == "e"
    assert loaded.endpointCreationPolicy is EndpointCreationPolicy.CREATE_ON_CONSTRUCT
    assert loaded.requestRowSerializer == original.requestRowSerializer
    assert loaded.responseRowDeserializer == original.responseRowDeserializer
    assert sagemaker.list_endpoints()["Endpoints"] == []


def test_no_client_and_no_key_is_saved(spark, aws, tmp_path) -> None:
    client = boto3.client("sagemaker", aws_access_key_id="AKIASECRET", aws_secret_access_key="hidden")
    model(sagemakerClient=client).save(str(tmp_path / "stage"))
    metadata = json.dumps(saved_metadata(tmp_path / "stage"))
    assert "AKIASECRET" not in metadata
    assert "hidden" not in metadata


def test_another_class_is_refused(spark, aws, tmp_path) -> None:
    kmeans().save(str(tmp_path / "stage"))
    with pytest.raises(SettingError, match="KMeansSageMakerEstimator"):
        SageMakerModel.load(str(tmp_path / "stage"))


@pytest.mark.smoke
def test_pipelines_are_saved_and_loaded_in_a_new_process(spark, aws, tmp_path) -> None:
    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    Pipeline(stages=[assembler, kmeans()]).save(str(tmp_path / "pipeline"))
    PipelineModel([assembler, model()]).save(str(tmp_path / "model"))
    script = (
        "import sys\n"
        "from pyspark.ml import Pipeline, PipelineModel\n"
        "from pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false').getOrCreate()\n"
        "estimator = Pipeline.load(sys.argv[1] + '/pipeline').getStages()[1]\n"
        "model = PipelineModel.load(sys.argv[1] + '/model').stages[1]\n"
        "print(estimator.getK(), model.modelImage)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["10", "image"]


@pytest.mark.smoke
@pytest.mark.parametrize("folder", sorted(SAVED.glob("spark-*")), ids=lambda path: path.name)
def test_stages_saved_with_other_versions_of_spark_are_loaded(spark, folder) -> None:
    assembler, estimator = Pipeline.load(str(folder / "pipeline")).getStages()
    assert assembler.getInputCols() == ["a", "b"]
    assert estimator.uid == "saved-estimator"
    assert estimator.wire_hyperparameters() == save_stages.estimator().wire_hyperparameters()
    assert estimator._settings == save_stages.estimator()._settings
    assembler, model = PipelineModel.load(str(folder / "model")).stages
    assert model.uid == "saved-model"
    assert model._settings == save_stages.model()._settings


def test_stages_were_saved_with_the_oldest_and_a_new_spark() -> None:
    assert {path.name[:9] for path in SAVED.glob("spark-*")} >= {"spark-3.5", "spark-4.3"}


VALUES = [
    LibSVMRequestRowSerializer(labelColumnName="y"),
    ProtobufResponseRowDeserializer(StructType([StructField("s", DoubleType())]), ["score"]),
    Session("eu-west-1", "me", (("s3", "http://127.0.0.1:1"),)),
    EndpointCreationPolicy.DO_NOT_CREATE,
    {"a": [1, 2.5, "x", None, (1, 2)]},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_values_survive_json(value) -> None:
    assert decode(json.loads(json.dumps(encode(value)))) == value


class TextSerializer(RequestRowSerializer):
    """A user's serializer."""

    contentType = "text/plain"

    def __init__(self, column: str) -> None:
        self.column = column

    def serializeRow(self, row: Any) -> bytes:
        return row[self.column].encode()


def test_serializers_of_users_are_saved_by_import_path() -> None:
    saved = encode(TextSerializer("text"))
    assert saved == {"class": "tests.test_persistence.TextSerializer", "arguments": {"column": "text"}}
    assert decode(saved).column == "text"


def test_classes_that_cannot_be_imported_are_refused() -> None:
    class Inner(ResponseRowDeserializer):
        accepts = "text/plain"
        schema = StructType()

        def deserializeResponse(self, body: bytes) -> Any:
            return []

    with pytest.raises(SettingError, match=r"Inner cannot be saved.*top of a module"):
        encode(Inner())
    with pytest.raises(SettingError, match="cannot be saved"):
        encode(lambda row: row)


@pytest.mark.parametrize("path", ["os.system", "subprocess.Popen", "no.such.Class", "tests.digits.kmeans"])
def test_only_values_of_this_library_are_built_on_loading(path) -> None:
    with pytest.raises(SettingError):
        decode({"class": path, "arguments": {}})
