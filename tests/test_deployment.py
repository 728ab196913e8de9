"""Serverless and asynchronous endpoints: settings, requests, and rows through them on the local SageMaker."""

from __future__ import annotations

import pickle
from typing import Any

import boto3
import pytest
from pyspark.errors import PythonException

from sagemaker_spark_py import (
    AsyncInference,
    EndpointCreationPolicy,
    Invocation,
    S3DataPath,
    SageMakerModel,
    ServerlessInference,
    Session,
)
from sagemaker_spark_py.deployment import within_limits
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.model import hosting_requests
from sagemaker_spark_py.persistence import decode, encode
from sagemaker_spark_py.transformation.deserializers import JSONResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import TextRequestRowSerializer
from tests.digits import ROLE, kmeans
from tests.local.jobs import ECHO_IMAGE, archive

INSTANCES = {"endpointInstanceType": "ml.m5.large", "endpointInitialInstanceCount": 1}
SLOW = AsyncInference(path=S3DataPath("requests", "async"), maxConcurrentInvocationsPerInstance=3)


def settings(**changes: Any) -> dict[str, Any]:
    """A model of the echo image, which says how long each request was."""
    return {
        "requestRowSerializer": TextRequestRowSerializer(),
        "responseRowDeserializer": JSONResponseRowDeserializer("length int", "$"),
        "modelImage": ECHO_IMAGE,
        "modelPath": S3DataPath("requests", "model.tar.gz"),
        "modelExecutionRoleARN": ROLE,
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        **changes,
    }


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (ServerlessInference, {"memorySizeInMB": 1000}, "memorySizeInMB is out of range: 1000"),
        (ServerlessInference, {"memorySizeInMB": 1536}, "1024 to 6144 in steps of 1024"),
        (ServerlessInference, {"memorySizeInMB": 7168}, "memorySizeInMB"),
        (ServerlessInference, {"memorySizeInMB": "2048"}, "memorySizeInMB"),
        (ServerlessInference, {"maxConcurrency": 0}, "maxConcurrency is out of range: 0; expected 1 to 200"),
        (ServerlessInference, {"maxConcurrency": 201}, "maxConcurrency"),
        (ServerlessInference, {"maxConcurrency": 3, "provisionedConcurrency": 4}, "expected 1 to 3"),
        (AsyncInference, {"path": "s3://b/k"}, "path is no place in S3"),
        (AsyncInference, {"maxConcurrentInvocationsPerInstance": 1001}, "expected 1 to 1000"),
        (AsyncInference, {"invocationTimeoutSeconds": 3601}, "expected 1 to 3600"),
        (AsyncInference, {"invocationTimeoutSeconds": True}, "invocationTimeoutSeconds"),
        (AsyncInference, {"requestTTLSeconds": 59}, "expected 60 to 21600"),
    ],
)
def test_values_that_aws_would_refuse(kind, arguments, message) -> None:
    with pytest.raises(SettingError, match=message):
        kind(**arguments)


@pytest.mark.parametrize("value", [ServerlessInference(provisionedConcurrency=2), SLOW, AsyncInference()])
def test_values_are_saved_and_pickled(value) -> None:
    assert decode(encode(value)) == pickle.loads(pickle.dumps(value)) == value


def test_a_serverless_endpoint_needs_no_instances(aws) -> None:
    serverless = ServerlessInference(memorySizeInMB=3072, maxConcurrency=7)
    for owner in (
        SageMakerModel(**settings(endpointServerless=serverless)),
        kmeans(**dict.fromkeys(INSTANCES), endpointServerless=serverless),
    ):
        assert owner.endpointInstanceType is owner.endpointInitialInstanceCount is None
        assert owner.copy().endpointServerless == serverless
    request = hosting_requests(SageMakerModel(**settings(endpointServerless=serverless))._settings)
    (variant,) = request.endpoint_config["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 7}
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    assert "AsyncInferenceConfig" not in request.endpoint_config


def test_instances_are_still_required_without_it() -> None:
    with pytest.raises(SettingError, match="lacks arguments: endpointInstanceType, endpointInitialInstance"):
        SageMakerModel(**settings())
    with pytest.raises(SettingError, match="endpointAsync has the wrong type: ServerlessInference"):
        SageMakerModel(**settings(**INSTANCES, endpointAsync=ServerlessInference()))


def test_an_endpoint_is_of_one_kind(aws) -> None:
    serverless = ServerlessInference()
    for make in (lambda **s: SageMakerModel(**settings(**s)), kmeans):
        with pytest.raises(SettingError, match="given with endpointInstanceType and endpointInitial"):
            make(**INSTANCES, endpointServerless=serverless)
    with pytest.raises(SettingError, match="endpointServerless and endpointAsync are both given"):
        SageMakerModel(**settings(endpointServerless=serverless, endpointAsync=SLOW))
    for name in ("targetModel", "targetModelCol", "targetVariant", "inferenceComponent"):
        with pytest.raises(SettingError, match=f"invocation does not fit endpointAsync: {name}"):
            SageMakerModel(**settings(**INSTANCES, endpointAsync=SLOW, invocation=Invocation(**{name: "x"})))


def test_bodies_fit_a_serverless_endpoint() -> None:
    assert within_limits(Invocation(), ServerlessInference()).maxBodyBytes == 4_000_000
    assert within_limits(Invocation(maxBodyBytes=1000), ServerlessInference()).maxBodyBytes == 1000
    assert within_limits(Invocation(), None) == Invocation()


def test_the_request_for_an_asynchronous_endpoint() -> None:
    request = hosting_requests(
        SageMakerModel(**settings(**INSTANCES, endpointAsync=SLOW))._settings, "s3://b/p"
    )
    assert request.endpoint_config["AsyncInferenceConfig"] == {
        "OutputConfig": {"S3OutputPath": "s3://b/p/outputs/", "S3FailurePath": "s3://b/p/failures/"},
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 3},
    }
    encrypted = AsyncInference(kmsKeyId="key").request("s3://b/p")
    assert encrypted["OutputConfig"]["KmsKeyId"] == "key"
    assert "ClientConfig" not in encrypted


@pytest.fixture
def bucket(aws) -> Any:
    s3 = boto3.resource("s3")
    bucket = s3.create_bucket(Bucket="requests")
    bucket.put_object(Key="model.tar.gz", Body=archive(weights="1"))
    yield bucket
    bucket.objects.delete()


@pytest.fixture
def texts(spark) -> Any:
    return spark.createDataFrame([(i, "x" * i) for i in range(1, 21)], ["id", "text"]).repartition(2)


def asked(model: SageMakerModel, frame: Any) -> dict[int, int | None]:
    try:
        return {row.id: row.length for row in model.transform(frame).collect()}
    finally:
        model.resourceCleanup.deleteResources(model.getCreatedResources())


def test_rows_through_a_serverless_endpoint(bucket, texts) -> None:
    """Two tasks with up to four requests each, where the endpoint takes one at a time."""
    model = SageMakerModel(**settings(endpointServerless=ServerlessInference(maxConcurrency=1)))
    assert asked(model, texts) == {i: i for i in range(1, 21)}


def test_rows_through_an_asynchronous_endpoint(bucket, texts) -> None:
    model = SageMakerModel(**settings(**INSTANCES, endpointAsync=SLOW))
    assert asked(model, texts) == {i: i for i in range(1, 21)}
    assert [entry.key for entry in bucket.objects.all()] == ["model.tar.gz"]


def test_failures_of_an_asynchronous_endpoint_are_those_of_rows(bucket, spark) -> None:
    frame = spark.createDataFrame([(1, "fine"), (2, "status 400"), (3, "fine too")], ["id", "text"])
    how = Invocation(onError="column")
    model = SageMakerModel(**settings(**INSTANCES, endpointAsync=SLOW, invocation=how))
    try:
        found = {row.id: row for row in model.transform(frame).collect()}
    finally:
        model.resourceCleanup.deleteResources(model.getCreatedResources())
    assert [found[i].length for i in (1, 2, 3)] == [4, None, 8]
    assert found[1].error is None
    assert found[2].error.code == "ModelError"
    assert 'error (400) from primary with message "told to"' in found[2].error.message
    assert [entry.key for entry in bucket.objects.all()] == ["model.tar.gz"]


def test_executors_act_as_the_role(aws, texts) -> None:
    """Where the endpoint is looked for tells who asks."""
    role = "arn:aws:iam::210987654321:role/predictor"
    model = SageMakerModel(
        **settings(
            existingEndpointName="theirs",
            endpointCreationPolicy=EndpointCreationPolicy.DO_NOT_CREATE,
            session=Session.resolve(assumeRoleArn=role),
        )
    )
    with pytest.raises(PythonException, match="Endpoint theirs of account 210987654321 not found"):
        model.transform(texts).collect()
