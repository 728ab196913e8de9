"""InvokeEndpoint: what reaches the container, what comes back, and how calls fail."""

import json
from types import SimpleNamespace

import pytest
import urllib3
from botocore.exceptions import ClientError

from sagemaker_spark_py.local.cloud import Region
from sagemaker_spark_py.local.errors import AwsError
from sagemaker_spark_py.local.hosting import Variant
from sagemaker_spark_py.local.runtime import invoke

from .jobs import create_endpoint, create_model, settle, unique, variant


@pytest.fixture(scope="module")
def endpoint(aws, sm, s3):
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket)
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    yield name
    sm.delete_endpoint(EndpointName=name)


def test_body_and_headers_pass_through_both_ways(runtime, endpoint):
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint,
        Body=b"1,2,3\n",
        ContentType="text/csv",
        Accept="application/jsonlines",
        CustomAttributes="trace=7",
        InferenceId="row-1",
    )
    assert answer["ContentType"] == "application/json"
    assert answer["CustomAttributes"] == "back"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    said = json.load(answer["Body"])
    assert said["length"] == 6
    headers = {name.lower(): value for name, value in said["headers"].items()}
    assert headers["content-type"] == "text/csv"
    assert headers["accept"] == "application/jsonlines"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=7"
    assert headers["x-amzn-sagemaker-inference-id"] == "row-1"
    assert "authorization" not in headers


def test_the_largest_body_passes_and_one_byte_more_does_not(runtime, endpoint):
    limit = 6_291_456
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=bytes(limit))
    assert json.load(answer["Body"])["length"] == limit
    with pytest.raises(ClientError) as refused:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=bytes(limit + 1))
    assert refused.value.response["Error"]["Code"] == "413"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_answer_that_is_too_large_is_a_model_error(runtime, endpoint):
    with pytest.raises(runtime.exceptions.ModelError, match=r"7000000 bytes"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"huge")


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")]
)
def test_an_error_of_the_container_is_a_model_error(runtime, endpoint, status, kind):
    with pytest.raises(runtime.exceptions.ModelError) as failed:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"status %d" % status)
    answer = failed.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert answer["OriginalMessage"] == "told to"
    assert answer["LogStreamArn"].endswith(f":log-group:/aws/sagemaker/Endpoints/{endpoint}")
    assert answer["Error"]["Message"].startswith(
        f'Received {kind} error ({status}) from primary with message "told to". See https://us-east-1.console'
    )


def test_a_container_that_dies_is_a_model_error(sm, s3, runtime, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    for body in (b"die", b"x"):
        with pytest.raises(runtime.exceptions.ModelError) as failed:
            runtime.invoke_endpoint(EndpointName=name, Body=body)
        assert failed.value.response["OriginalStatusCode"] == 500
    sm.delete_endpoint(EndpointName=name)


def test_an_unknown_endpoint_is_a_validation_error(aws, runtime):
    with pytest.raises(
        runtime.exceptions.ValidationError, match=r"Endpoint nobody of account 123456789012 not found"
    ):
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"x")


def test_an_endpoint_that_is_not_in_service_yet_is_not_found(sm, s3, runtime, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket, environment={"SICK": "1"})))
    with pytest.raises(runtime.exceptions.ValidationError, match=r"not found"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"x")


def test_headers_are_validated_from_the_model(runtime, endpoint):
    with pytest.raises(
        runtime.exceptions.ValidationError, match=r"'inferenceId' failed to satisfy constraint"
    ):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x", InferenceId="x" * 65)


def test_serverless_variants_take_less(sm, s3, runtime, bucket):
    serverless = {
        "VariantName": "AllTraffic",
        "ModelName": create_model(sm, s3, bucket),
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1},
    }
    name = create_endpoint(sm, serverless)
    assert settle(sm, name)["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 2048
    runtime.invoke_endpoint(EndpointName=name, Body=bytes(4 * 1024 * 1024))
    with pytest.raises(runtime.exceptions.ValidationError, match=r"oversize body"):
        runtime.invoke_endpoint(EndpointName=name, Body=bytes(4 * 1024 * 1024 + 1))
    sm.delete_endpoint(EndpointName=name)


def test_a_container_that_takes_too_long_is_a_model_error_without_status():
    """A minute is too long for a test: the instance says at once that it has passed."""

    class Slow:
        log_group = "/aws/sagemaker/Endpoints/slow"

        def invoke(self, body, headers, seconds):
            raise urllib3.exceptions.ReadTimeoutError(None, "/invocations", "Read timed out.")

    region = Region("123456789012", "us-east-1")
    endpoint = SimpleNamespace(name="slow", status="InService", config={})
    endpoint.variants = [Variant({"VariantName": "A"}, "echo:1", [Slow()])]
    region.endpoints["slow"] = endpoint
    with pytest.raises(
        AwsError, match=r"server error \(0\) from primary with message \"Your invocation"
    ) as failed:
        invoke(region, "slow", {}, b"x")
    assert (failed.value.code, failed.value.status) == ("ModelError", 424)
    assert failed.value.members["OriginalStatusCode"] == 0
