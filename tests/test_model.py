"""transform() from end to end on the local SageMaker: policies, factories, copies, ownership."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import boto3
import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame

from sagemaker_spark_py import (
    CreatedResources,
    EndpointCreationPolicy,
    S3DataPath,
    SageMakerModel,
    SageMakerResourceCleanup,
    Session,
)
from sagemaker_spark_py.errors import (
    NotFoundError,
    ResourceCreationError,
    SchemaError,
    SettingError,
)
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer
from tests.digits import ROLE, digits, kmeans, purity

FORMATS = {
    "requestRowSerializer": ProtobufRequestRowSerializer(),
    "responseRowDeserializer": KMeansProtobufResponseRowDeserializer(),
}


@pytest.fixture(scope="module")
def fitted(spark, local_sagemaker) -> Any:
    """An estimator that was fitted, and its model without endpoint."""
    estimator = kmeans()
    return estimator, estimator.fit(digits(spark))


@pytest.fixture
def model(aws, fitted) -> Any:
    """A new model of the fitted artifact; what it creates is deleted."""
    model = SageMakerModel(**settings(fitted))
    yield model
    SageMakerResourceCleanup(model.sagemakerClient).deleteResources(model.getCreatedResources())


def settings(fitted: Any, **changes: Any) -> dict[str, Any]:
    _, trained = fitted
    return {
        **FORMATS,
        "endpointInstanceType": "ml.t2.medium",
        "endpointInitialInstanceCount": 1,
        "modelImage": trained.modelImage,
        "modelPath": trained.modelPath,
        "modelExecutionRoleARN": ROLE,
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        **changes,
    }


def endpoints() -> set[str]:
    return {e["EndpointName"] for e in boto3.client("sagemaker").list_endpoints(MaxResults=100)["Endpoints"]}


@pytest.mark.smoke
def test_predictions_are_appended_to_the_same_rows(spark, model) -> None:
    frame = digits(spark)
    assert endpoints() == set()
    predicted = model.transform(frame)
    assert predicted.columns == ["label", "features", "distance_to_cluster", "closest_cluster"]
    assert predicted.schema == model.transformSchema(frame.schema)
    rows = predicted.collect()
    assert len(rows) == 400
    assert sorted(r.label for r in rows) == sorted(r.label for r in frame.collect())
    labels, clusters = (np.array([int(r[c]) for r in rows]) for c in ("label", "closest_cluster"))
    assert purity(labels, clusters) > 0.6
    assert all(r.distance_to_cluster >= 0 for r in rows)
    same = {(tuple(r.features), r.closest_cluster) for r in predicted.collect()}
    assert {(tuple(r.features), r.closest_cluster) for r in rows} == same


def test_only_predictions_where_input_is_not_wanted(spark, aws, fitted) -> None:
    model = SageMakerModel(**settings(fitted, prependResultRows=False))
    predicted = model.transform(digits(spark, 50))
    assert predicted.columns == ["distance_to_cluster", "closest_cluster"]
    assert predicted.count() == 50
    model.resourceCleanup.deleteResources(model.getCreatedResources())


def test_create_on_construct(spark, aws, fitted) -> None:
    policy = EndpointCreationPolicy.CREATE_ON_CONSTRUCT
    model = SageMakerModel(**settings(fitted, endpointCreationPolicy=policy))
    created = model.getCreatedResources()
    assert created.endpoint_name in endpoints()
    assert model.endpointName == created.endpoint_name == model.namePolicy.names.endpointName
    described = model.sagemakerClient.describe_endpoint_config(
        EndpointConfigName=created.endpoint_config_name
    )
    (variant,) = described["ProductionVariants"]
    assert (variant["VariantName"], variant["ModelName"]) == ("AllRequests", created.model_name)
    SageMakerResourceCleanup(model.sagemakerClient).deleteResources(created)
    assert created.endpoint_name not in endpoints()


def test_copies_share_one_endpoint(spark, model) -> None:
    copy = model.copy()
    pipeline = PipelineModel([copy])
    assert pipeline.transform(digits(spark, 20)).count() == 20
    assert model.getCreatedResources() == copy.getCreatedResources()
    model.transform(digits(spark, 20), {})
    assert len(endpoints()) == 1


def test_models_without_a_policy_have_names_of_their_own(aws, fitted) -> None:
    one, other = (SageMakerModel(**settings(fitted)) for _ in range(2))
    assert not set(one.namePolicy.names) & set(other.namePolicy.names)
    assert one.copy().namePolicy == one.namePolicy


def test_params_can_be_given_to_transform(spark, model) -> None:
    renamed = digits(spark, 20).withColumnRenamed("features", "pixels")
    predicted = model.transform(renamed, {model.featuresCol: "pixels"})
    assert predicted.filter("closest_cluster >= 0").count() == 20
    assert model.getFeaturesCol() == "features"


def test_existing_endpoint_is_used_and_not_owned(spark, model) -> None:
    model.transform(digits(spark, 5))
    other = SageMakerModel.fromEndpoint(model.endpointName, **FORMATS)
    assert other.transform(digits(spark, 20)).count() == 20
    assert other.getCreatedResources() == CreatedResources()
    assert other.endpointCreationPolicy is EndpointCreationPolicy.DO_NOT_CREATE


def test_factories_from_job_and_artifact(spark, aws, fitted) -> None:
    estimator, trained = fitted
    hosting = (trained.modelImage, ROLE, "ml.t2.medium", 1)
    policy = {"endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM}
    from_job = SageMakerModel.fromTrainingJob(estimator.latestTrainingJob, *hosting, **FORMATS, **policy)
    uri = trained.modelPath.toS3UriString()
    from_path = SageMakerModel.fromModelS3Path(uri, *hosting, **FORMATS, **policy)
    assert from_job.modelPath == from_path.modelPath == trained.modelPath
    assert from_job.namePolicy.names != from_path.namePolicy.names
    assert from_path.transform(digits(spark, 10)).count() == 10
    from_path.resourceCleanup.deleteResources(from_path.getCreatedResources())


def test_a_job_that_still_runs_is_waited_for_on_request(spark, aws, fitted) -> None:
    _, trained = fitted
    with ThreadPoolExecutor(1) as pool:
        again = kmeans()
        fit = pool.submit(again.fit, digits(spark))
        while again.latestTrainingJob is None and not fit.done():
            wait([fit], timeout=0.01)
        hosting = (trained.modelImage, ROLE, "ml.t2.medium", 1)
        policy = {"endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM}
        name = again.latestTrainingJob
        with pytest.raises(SettingError, match=f"{name!r} has left no model: its status is InProgress"):
            SageMakerModel.fromTrainingJob(name, *hosting, **FORMATS, **policy)
        waited = SageMakerModel.fromTrainingJob(name, *hosting, **FORMATS, **policy, wait=True)
        assert waited.modelPath == fit.result().modelPath


def test_two_frames_with_other_column_orders(spark, model) -> None:
    """Schemas are not kept on the serializer: the first frame must not be read by the second one's."""
    first = model.transform(digits(spark, 20))
    second = model.transform(digits(spark, 20).select("features", "label"))
    as_pairs = [sorted((r.label, r.closest_cluster) for r in f.collect()) for f in (first, second)]
    assert as_pairs[0] == as_pairs[1]


WRONG = {
    "existing endpoint and a policy that creates": ({"existingEndpointName": "e"}, "DO_NOT_CREATE"),
    "no image": ({"modelImage": None}, "modelImage"),
    "no role and no path": (
        {"modelExecutionRoleARN": None, "modelPath": None},
        "modelPath, modelExecutionRole",
    ),
    "path that is a text": ({"modelPath": "s3://bucket/key"}, "S3DataPath"),
    "policy that is a text": ({"endpointCreationPolicy": "CREATE_ON_TRANSFORM"}, "EndpointCreationPolicy"),
    "no instances": ({"endpointInitialInstanceCount": 0}, "endpointInitialInstanceCount"),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG)
def test_wrong_arguments(aws, fitted, changes, words) -> None:
    with pytest.raises(SettingError, match=words):
        SageMakerModel(**settings(fitted, **changes))


def test_arguments_are_given_by_name(aws) -> None:
    with pytest.raises(TypeError, match="positional"):
        SageMakerModel("ml.t2.medium", 1)


def test_model_without_endpoint_says_what_to_do(spark, aws) -> None:
    model = SageMakerModel(**FORMATS, endpointCreationPolicy=EndpointCreationPolicy.DO_NOT_CREATE)
    assert model.endpointName is None
    with pytest.raises(SettingError, match="existingEndpointName"):
        model.transform(digits(spark, 5))


def test_missing_things_are_not_found(aws, fitted) -> None:
    with pytest.raises(NotFoundError, match="no-endpoint"):
        SageMakerModel.fromEndpoint("no-endpoint", **FORMATS)
    with pytest.raises(NotFoundError, match="no-job"):
        SageMakerModel.fromTrainingJob("no-job", "image", ROLE, "ml.t2.medium", 1, **FORMATS)
    policy = EndpointCreationPolicy.DO_NOT_CREATE
    with pytest.raises(SettingError, match="fromEndpoint"):
        SageMakerModel.fromModelS3Path(
            "s3://b/k", "i", ROLE, "ml.t2.medium", 1, **FORMATS, endpointCreationPolicy=policy
        )


def test_wrong_schema_makes_no_endpoint(spark, model) -> None:
    with pytest.raises(SchemaError, match="features"):
        model.transform(spark.createDataFrame([("a",)], ["features"]))
    with pytest.raises(SchemaError, match="closest_cluster"):
        model.transform(digits(spark, 5).withColumnRenamed("label", "closest_cluster"))
    assert model.endpointName is None
    assert endpoints() == set()


def test_endpoint_that_does_not_come_up_names_what_is_left(spark, aws, fitted) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:1"
    environment = {"FALLS_OVER": "1"}
    model = SageMakerModel(**settings(fitted, modelImage=image, modelEnvironmentVariables=environment))
    with pytest.raises(ResourceCreationError, match="still exists") as caught:
        model.transform(digits(spark, 5))
    created = caught.value.createdResources
    assert created == model.getCreatedResources()
    assert created.endpoint_name in endpoints()
    model.resourceCleanup.deleteResources(created)
    assert endpoints() == set()


def test_model_that_cannot_be_made(spark, aws, fitted) -> None:
    model = SageMakerModel(**settings(fitted, modelPath=S3DataPath("no-such-bucket", "model.tar.gz")))
    with pytest.raises(ResourceCreationError, match=r"(?s)no-such-bucket.*Nothing was made"):
        model.transform(digits(spark, 5))
    assert model.getCreatedResources() == CreatedResources()


def test_rows_that_do_not_fit_the_model(spark, model) -> None:
    from pyspark.ml.linalg import Vectors

    frame = spark.createDataFrame([(Vectors.dense([1.0, 2.0]),)], ["features"])
    with pytest.raises(Exception, match=r"(?s)partition.*HTTP") as caught:
        model.transform(frame).collect()
    assert model.endpointName in str(caught.value)


def test_deleted_endpoint(spark, model) -> None:
    frame: DataFrame = model.transform(digits(spark, 5))
    model.resourceCleanup.deleteResources(model.getCreatedResources())
    with pytest.raises(Exception, match=r"(?s)could not find|Could not find|not found"):
        frame.collect()


def test_threads_and_copies_make_one_endpoint_together(monkeypatch) -> None:
    made, ready = [], threading.Barrier(4)

    def create(session: Any, wanted: Any) -> CreatedResources:
        made.append(wanted.endpoint_name)
        return CreatedResources(endpoint_name=wanted.endpoint_name)

    def ask(model: SageMakerModel) -> str:
        ready.wait()
        return model._ensure_endpoint()

    monkeypatch.setattr("sagemaker_spark_py.model.hosting.create_endpoint", create)
    model = SageMakerModel(
        **FORMATS,
        endpointInstanceType="ml.t2.medium",
        endpointInitialInstanceCount=1,
        modelImage="image",
        modelPath=S3DataPath("bucket", "model.tar.gz"),
        modelExecutionRoleARN=ROLE,
        endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        session=Session("us-east-1"),
    )
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(ask, [model, model, model.copy(), model.copy().copy()]))
    assert len(made) == 1
    assert set(names) == set(made)
