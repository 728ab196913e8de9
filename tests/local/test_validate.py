"""Constraints of botocore's models, in AWS's words."""

import json
import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from sagemaker_spark_py.local.errors import AwsError
from sagemaker_spark_py.local.validate import check, python_pattern

from .jobs import request


@pytest.fixture(scope="module")
def unchecked(aws):
    """boto3 without its own checks, as other SDKs are."""
    return boto3.client("sagemaker", config=Config(parameter_validation=False))


def refusal(client, parameters):
    with pytest.raises(ClientError) as refused:
        client.create_training_job(**parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return refused.value.response["Error"]["Message"]


def test_a_pattern_and_a_length(sm):
    message = refusal(sm, request("b", name="under_score"))
    assert message == (
        "1 validation error detected: Value 'under_score' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )
    message = refusal(sm, request("b", name="x" * 64))
    assert message.startswith("2 validation errors detected: Value 'xxx")
    assert "Member must have length less than or equal to 63; Value" in message


def test_an_unknown_instance_type(sm):
    asked = request("b")
    asked["ResourceConfig"]["InstanceType"] = "ml.huge"
    message = refusal(sm, asked)
    assert message.startswith(
        "1 validation error detected: Value 'ml.huge' at 'resourceConfig.instanceType' failed to satisfy "
        "constraint: Member must satisfy enum value set: ["
    )
    assert "ml.m4.xlarge" in message


def test_a_number_out_of_range(unchecked):
    asked = request("b", StoppingCondition={"MaxRuntimeInSeconds": 0})
    assert refusal(unchecked, asked).endswith(
        "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )


@pytest.mark.parametrize(
    "member",
    ["RoleArn", "AlgorithmSpecification", "OutputDataConfig", "ResourceConfig", "StoppingCondition"],
)
def test_what_must_not_be_missing(unchecked, member):
    asked = request("b")
    del asked[member]
    path = member[0].lower() + member[1:]
    assert refusal(unchecked, asked) == (
        f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_a_member_of_a_list_is_named_by_its_place(sm):
    wrong = {"ChannelName": "no spaces", "DataSource": {}}
    message = refusal(sm, request("b", [{"ChannelName": "train", "DataSource": {}}, wrong]))
    assert "Value 'no spaces' at 'inputDataConfig.2.member.channelName' failed" in message


def test_a_map_is_judged_as_a_whole(sm):
    message = refusal(sm, request("b", parameters={"k": "x" * 2501}))
    assert (
        "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [" in message
    )
    assert "Member must have length less than or equal to 2500" in message


def test_a_list_of_strings_is_judged_as_a_whole():
    shape = get_service_model("sagemaker").operation_model("DeleteTags").input_shape
    with pytest.raises(
        AwsError, match=r"at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: \["
    ):
        check(shape, {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m", "TagKeys": [""]})


def test_channels_must_have_names_of_their_own(sm, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/a"}}
    twice = [{"ChannelName": "train", "DataSource": source}] * 2
    assert "must be unique" in refusal(sm, request(bucket, twice))


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime"])
def test_every_pattern_of_the_models_is_understood(service):
    model = get_service_model(service)
    patterns = {
        shape["pattern"] for shape in model._service_description["shapes"].values() if "pattern" in shape
    }
    assert patterns
    for pattern in patterns:
        assert isinstance(python_pattern(pattern), re.Pattern)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe: 5 - 日本", "semi;colon"),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", "a $5 § note!", "bell\x07"),
        (r"\p{ASCII}*", "plain", "schön"),
        (r"\A\S[\p{Print}]*\z", "row 1", " row"),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", "a b", "a;b"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "tab\t\U0001f600", "bell\x07"),
    ],
)
def test_javas_classes_mean_the_same_here(pattern, good, bad):
    assert python_pattern(pattern).fullmatch(good)
    assert not python_pattern(pattern).fullmatch(bad)


def raw_call(url, operation, body):
    headers = {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    try:
        urlopen(Request(url, data=body, headers=headers))
    except HTTPError as error:
        return error.code, json.load(error)
    raise AssertionError("it was not refused")


@pytest.mark.parametrize("body", [b"not json", b"[]", b'"text"'])
def test_a_body_that_is_no_json_object(aws, body):
    status, answer = raw_call(aws.url, "CreateTrainingJob", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_a_member_with_a_value_of_the_wrong_kind(aws):
    body = json.dumps({"TrainingJobName": "n", "StoppingCondition": {"MaxRuntimeInSeconds": "soon"}}).encode()
    status, answer = raw_call(aws.url, "CreateTrainingJob", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_an_operation_that_is_not_offered_says_so(sm):
    with pytest.raises(ClientError, match=r"NotImplemented.*does not offer CreateNotebookInstance"):
        sm.create_notebook_instance(
            NotebookInstanceName="n", InstanceType="ml.t2.medium", RoleArn="arn:aws:iam::123456789012:role/r"
        )


def test_an_operation_that_does_not_exist_says_so(aws):
    status, answer = raw_call(aws.url, "MakeTea", b"{}")
    assert (status, answer["__type"]) == (404, "UnknownOperationException")
