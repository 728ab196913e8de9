"""InvokeEndpointAsync, and the limits of serverless endpoints, as boto3 sees them."""

import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from .jobs import create_endpoint, create_model, settle, unique, variant


def create_async(sm, s3, bucket, client=None, failures=True):
    name = unique("async")
    output = {"S3OutputPath": f"s3://{bucket}/{name}/out/"}
    if failures:
        output["S3FailurePath"] = f"s3://{bucket}/{name}/bad"
    config = {"OutputConfig": output, **({"ClientConfig": client} if client else {})}
    sm.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant(create_model(sm, s3, bucket))],
        AsyncInferenceConfig=config,
    )
    sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
    settle(sm, name)
    return name


@pytest.fixture(scope="module")
def place(s3):
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture(scope="module")
def endpoint(aws, sm, s3, place):
    name = create_async(sm, s3, place)
    yield name
    sm.delete_endpoint(EndpointName=name)


def put(s3, bucket, body):
    key = unique("input")
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return f"s3://{bucket}/{key}"


def fetch(s3, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return s3.get_object(Bucket=bucket, Key=key)
        except s3.exceptions.NoSuchKey:
            time.sleep(0.02)
    raise AssertionError(f"nothing at {uri}")


def test_the_answer_comes_to_s3(s3, runtime, place, endpoint):
    queued = runtime.invoke_endpoint_async(
        EndpointName=endpoint,
        InputLocation=put(s3, place, b"1,2\n"),
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="trace=7",
        InferenceId="mine-1",
    )
    assert queued["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert queued["InferenceId"] == "mine-1"
    assert queued["OutputLocation"].startswith(f"s3://{place}/{endpoint}/out/")
    assert queued["FailureLocation"].startswith(f"s3://{place}/{endpoint}/bad/")
    answer = fetch(s3, queued["OutputLocation"])
    assert answer["ContentType"] == "application/json"
    said = json.load(answer["Body"])
    assert said["length"] == 4
    headers = {name.lower(): value for name, value in said["headers"].items()}
    assert (headers["content-type"], headers["accept"]) == ("text/csv", "application/json")
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=7"


def test_a_body_larger_than_any_that_is_answered_at_once(s3, runtime, place, endpoint):
    large = put(s3, place, bytes(7_000_000))
    queued = runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation=large)
    assert json.load(fetch(s3, queued["OutputLocation"])["Body"])["length"] == 7_000_000


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"status 503", '(503) from primary with message "told to"'), (b"status 400", "client error (400)")],
)
def test_a_failure_comes_to_s3(s3, runtime, place, endpoint, body, message):
    queued = runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation=put(s3, place, body))
    text = fetch(s3, queued["FailureLocation"])["Body"].read().decode()
    assert text.startswith("ModelError: Received ")
    assert message in text


def test_an_input_that_is_not_there_is_a_failure(s3, runtime, place, endpoint):
    queued = runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation=f"s3://{place}/nothing")
    text = fetch(s3, queued["FailureLocation"])["Body"].read().decode()
    assert text.startswith(f"ValidationError: Unable to read s3://{place}/nothing")


def test_a_model_that_takes_too_long_is_a_failure(s3, runtime, place, sm):
    name = create_async(sm, s3, place)
    queued = runtime.invoke_endpoint_async(
        EndpointName=name, InputLocation=put(s3, place, b"sleep 30"), InvocationTimeoutSeconds=1
    )
    assert "(0) from primary" in fetch(s3, queued["FailureLocation"])["Body"].read().decode()
    sm.delete_endpoint(EndpointName=name)


def test_without_a_place_for_failures_there_is_none(s3, runtime, place, sm):
    name = create_async(sm, s3, place, failures=False)
    queued = runtime.invoke_endpoint_async(EndpointName=name, InputLocation=put(s3, place, b"x"))
    assert "FailureLocation" not in queued
    fetch(s3, queued["OutputLocation"])
    sm.delete_endpoint(EndpointName=name)


def test_an_endpoint_is_of_one_kind(s3, runtime, place, endpoint, sm):
    with pytest.raises(runtime.exceptions.ValidationError, match="use InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x")
    other = create_endpoint(sm, variant(create_model(sm, s3, place)))
    settle(sm, other)
    with pytest.raises(runtime.exceptions.ValidationError, match="is not an asynchronous inference endpoint"):
        runtime.invoke_endpoint_async(EndpointName=other, InputLocation="s3://b/k")
    with pytest.raises(runtime.exceptions.ValidationError, match="not found"):
        runtime.invoke_endpoint_async(EndpointName="nobody", InputLocation="s3://b/k")
    sm.delete_endpoint(EndpointName=other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Exactly one of InputLocation and Body"),
        ({"InputLocation": "s3://b/k", "RequestTTLSeconds": 21601}, "requestTTLSeconds"),
        ({"InputLocation": "s3://b/k", "InvocationTimeoutSeconds": 3601}, "invocationTimeoutSeconds"),
        ({"InputLocation": "file:///k"}, "inputLocation"),
    ],
)
def test_wrong_requests(runtime, endpoint, arguments, message):
    with pytest.raises(ClientError, match=message) as refused:
        runtime.invoke_endpoint_async(EndpointName=endpoint, **arguments)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def serverless(model, **config):
    return {"VariantName": "A", "ModelName": model, "ServerlessConfig": {"MaxConcurrency": 1, **config}}


@pytest.mark.parametrize("size", [1536, 6145, 7168])
def test_memory_comes_in_steps(sm, s3, place, size):
    model = create_model(sm, s3, place)
    with pytest.raises(ClientError, match=r"[Mm]emory") as refused:
        create_endpoint(sm, serverless(model, MemorySizeInMB=size))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_serverless_variant_has_no_instances(sm, s3, place):
    both = {**variant(create_model(sm, s3, place)), **serverless("x", MemorySizeInMB=2048)}
    both["ModelName"] = create_model(sm, s3, place)
    with pytest.raises(ClientError, match="has a ServerlessConfig and InstanceType and InitialInstanceCount"):
        create_endpoint(sm, both)


def test_more_at_a_time_than_a_serverless_endpoint_takes_are_throttled(sm, s3, runtime, place):
    name = create_endpoint(sm, serverless(create_model(sm, s3, place), MemorySizeInMB=1024))
    settle(sm, name)
    slow = threading.Thread(target=runtime.invoke_endpoint, kwargs={"EndpointName": name, "Body": b"sleep 3"})
    slow.start()
    codes = set()
    while slow.is_alive() and "ThrottlingException" not in codes:
        try:
            runtime.invoke_endpoint(EndpointName=name, Body=b"x")
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
    slow.join()
    assert codes == {"ThrottlingException"}
    runtime.invoke_endpoint(EndpointName=name, Body=b"x")
    with pytest.raises(runtime.exceptions.ModelError, match="more than 4194304"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"huge")
    sm.delete_endpoint(EndpointName=name)
