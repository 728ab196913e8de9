"""Several models behind one endpoint."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from .jobs import ECHO_IMAGE, ROLE, archive, create_endpoint, create_model, settle, unique, variant


@pytest.fixture(scope="module")
def prefix(aws, s3):
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket)
    for name in ("a", "deep/b"):
        body = archive(**{name.rpartition("/")[2]: "1"})
        s3.put_object(Bucket=bucket, Key=f"models/{name}.tar.gz", Body=body)
    s3.put_object(Bucket=bucket, Key="models/broken.tar.gz", Body=b"not an archive")
    return f"s3://{bucket}/models/"


def model_of(sm, **container):
    name = unique("model")
    sm.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": ECHO_IMAGE, **container}
    )
    return name


@pytest.fixture(scope="module")
def invoke(sm, prefix):
    name = create_endpoint(sm, variant(model_of(sm, Mode="MultiModel", ModelDataUrl=prefix)))
    assert settle(sm, name)["EndpointStatus"] == "InService"
    runtime = boto3.client("sagemaker-runtime")
    yield lambda **more: json.load(runtime.invoke_endpoint(EndpointName=name, Body=b"1", **more)["Body"])
    sm.delete_endpoint(EndpointName=name)


def test_each_request_is_answered_by_the_model_that_it_names(invoke):
    first = invoke(TargetModel="a.tar.gz")
    assert first["model"] == ["a"]
    assert invoke(TargetModel="deep/b.tar.gz")["model"] == ["b"]
    assert invoke(TargetModel="/a.tar.gz")["model"] == ["a"]
    assert invoke(TargetModel="a.tar.gz")["pid"] == first["pid"]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({}, "Target model must be given"),
        ({"TargetModel": "c.tar.gz"}, "Failed to download model data"),
        ({"TargetModel": "broken.tar.gz"}, "cannot be served"),
    ],
)
def test_a_request_without_a_model_to_answer_it(invoke, target, text):
    with pytest.raises(ClientError, match=text) as refused:
        invoke(**target)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_an_endpoint_of_one_model_takes_no_name(sm, s3, runtime):
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket)
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    with pytest.raises(ClientError, match="is not a multi-model endpoint"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"1", TargetModel="a.tar.gz")
    sm.delete_endpoint(EndpointName=name)


def test_the_prefix_must_be_given(sm):
    with pytest.raises(ClientError, match="must be the S3 prefix"):
        model_of(sm, Mode="MultiModel")
