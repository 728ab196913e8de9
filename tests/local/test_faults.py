"""Faults on request, as they reach an unmodified client."""

from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sagemaker_spark_py.errors import SettingError

from .jobs import create_endpoint, create_model, request, run, settle, unique, variant

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def s3_once(aws):
    return boto3.client("s3", config=ONCE)


def code_of(call, **arguments):
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    response = failed.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_an_operation_fails_as_often_as_asked(faults, s3_once, bucket):
    faults.add(service="s3", operation="PutObject", status=403, code="AccessDenied", times=2)
    for _ in range(2):
        assert code_of(s3_once.put_object, Bucket=bucket, Key="k", Body=b"1") == (403, "AccessDenied")
    s3_once.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert [rule["met"] for rule in faults.rules()] == [2]


def test_other_operations_go_on(faults, s3_once, bucket):
    faults.add(service="s3", operation="PutObject", status=403, code="AccessDenied")
    assert s3_once.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    upload = s3_once.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3_once.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"1")
    s3_once.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)


@pytest.mark.parametrize(
    ("service", "operation", "call", "arguments"),
    [
        (
            "s3",
            "UploadPart",
            "upload_part",
            {"Bucket": "b12", "Key": "a/b", "UploadId": "u", "PartNumber": 1},
        ),
        ("s3", "CopyObject", "copy_object", {"Bucket": "b12", "Key": "k", "CopySource": "b12/other"}),
        ("s3", "ListObjectsV2", "list_objects_v2", {"Bucket": "b12"}),
        ("s3", "DeleteObjects", "delete_objects", {"Bucket": "b12", "Delete": {"Objects": [{"Key": "k"}]}}),
        ("s3", "CreateMultipartUpload", "create_multipart_upload", {"Bucket": "b12", "Key": "k"}),
        ("s3", "GetObject", "get_object", {"Bucket": "b12", "Key": "a b/ü"}),
        ("s3", "ListBuckets", "list_buckets", {}),
        ("sts", "GetCallerIdentity", "get_caller_identity", {}),
        ("sagemaker", "ListTrainingJobs", "list_training_jobs", {}),
        ("sagemaker-runtime", "InvokeEndpoint", "invoke_endpoint", {"EndpointName": "e", "Body": b"1"}),
        ("logs", "DescribeLogGroups", "describe_log_groups", {}),
    ],
)
def test_every_service_can_fail_by_operation(faults, service, operation, call, arguments):
    faults.add(
        service=service, operation=operation, status=418, code="Teapot", message="short & stout", times=1
    )
    client = boto3.client(service, config=ONCE)
    with pytest.raises(ClientError, match=r"short & stout") as failed:
        getattr(client, call)(**arguments)
    assert failed.value.response["Error"]["Code"] == "Teapot"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418


def test_a_head_request_fails_without_a_body(faults, s3_once, bucket):
    faults.add(service="s3", operation="HeadBucket", status=403, code="AccessDenied", times=1)
    assert code_of(s3_once.head_bucket, Bucket=bucket) == (403, "403")
    s3_once.head_bucket(Bucket=bucket)


def test_boto3_retries_a_throttled_call_by_itself(faults, aws):
    faults.add(service="sagemaker", status=400, code="ThrottlingException", message="Rate exceeded", times=1)
    patient = boto3.client("sagemaker", config=Config(retries={"mode": "standard", "total_max_attempts": 3}))
    patient.list_models()
    assert faults.rules()[0]["met"] == 1


def test_a_dropped_connection(faults, s3_once, bucket):
    faults.add(service="s3", operation="GetObject", drop=True, times=1)
    with pytest.raises(ConnectionClosedError):
        s3_once.get_object(Bucket=bucket, Key="k")
    assert code_of(s3_once.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")


def test_latency_outlasts_an_impatient_client(faults, aws):
    faults.add(service="sts", latency_seconds=1.0, times=1)
    impatient = boto3.client("sts", config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}))
    with pytest.raises(ReadTimeoutError):
        impatient.get_caller_identity()
    assert impatient.get_caller_identity()["Account"] == "123456789012"


def test_the_first_rule_that_is_not_used_up_is_met(faults, s3_once, bucket):
    faults.add(service="s3", operation="GetObject", status=503, code="SlowDown", times=1)
    faults.add(service="s3", status=500, code="InternalError", times=1)
    codes = [code_of(s3_once.get_object, Bucket=bucket, Key="k")[1] for _ in range(3)]
    assert codes == ["SlowDown", "InternalError", "NoSuchKey"]


def test_clearing_ends_all_faults(faults, s3_once, bucket):
    faults.add(service="s3", status=500, code="InternalError")
    faults.clear()
    s3_once.head_bucket(Bucket=bucket)
    assert faults.rules() == []


def test_the_service_itself_is_not_met_by_faults(faults, sm, bucket):
    faults.add(service="s3", status=403, code="AccessDenied")
    faults.add(service="logs", status=500)
    assert run(sm, request(bucket))["TrainingJobStatus"] == "Completed"


def test_a_rule_that_makes_no_sense_is_refused(faults, aws):
    with pytest.raises(SettingError, match=r"not a fault rule: unknown service 'ec3'"):
        faults.add(service="ec3", status=500)


@pytest.fixture(scope="module")
def endpoint(aws, sm, s3):
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket)
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    yield name
    sm.delete_endpoint(EndpointName=name)


@pytest.fixture
def invoke(aws, endpoint):
    client = boto3.client("sagemaker-runtime", config=ONCE)
    return lambda body=b"1,2\n": client.invoke_endpoint(EndpointName=endpoint, Body=body)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 503}, 503, "ServiceUnavailable"),
        ({"status": 500}, 500, "InternalFailure"),
        ({"status": 429}, 429, "ThrottlingException"),
        ({"status": 400}, 400, "ThrottlingException"),
        ({"status": 400, "code": "ValidationError"}, 400, "ValidationError"),
        ({"status": 429, "code": "ModelNotReadyException"}, 429, "ModelNotReadyException"),
        ({"status": 413}, 413, "413"),
        ({"status": 530}, 530, "InternalDependencyException"),
        ({"expired": True}, 403, "ExpiredTokenException"),
    ],
)
def test_a_bad_day_of_an_endpoint(faults, invoke, fault, status, code):
    faults.invoke(**fault, times=1)
    with pytest.raises(ClientError) as failed:
        invoke()
    response = failed.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (status, code)
    assert (response["Error"]["Message"] is None) == (code == "ThrottlingException")
    invoke()


@pytest.mark.parametrize(("fault", "original"), [({"original_status": 0}, 0), ({"status": 424}, 500)])
def test_a_model_error_says_what_the_container_answered(faults, invoke, fault, original):
    faults.invoke(**fault, message="too hot")
    with pytest.raises(ClientError) as failed:
        invoke()
    assert failed.value.response["Error"]["Code"] == "ModelError"
    assert failed.value.response["OriginalStatusCode"] == original
    assert failed.value.response["OriginalMessage"] == "too hot"


def test_only_requests_with_certain_bytes(faults, invoke):
    faults.invoke(original_status=400, containing=b"\xff7")
    invoke(b"7")
    with pytest.raises(ClientError, match="ModelError"):
        invoke(b"1,\xff7")


def test_only_requests_beyond_a_number_under_way(faults, invoke):
    faults.invoke(status=429, above_in_flight=1)
    faults.invoke(latency_seconds=0.5)
    with ThreadPoolExecutor(8) as pool:
        failures = [future.exception() for future in [pool.submit(invoke) for _ in range(8)]]
    assert any(failures)
    assert not all(failures)
    assert invoke()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_only_a_share_of_the_requests(faults, invoke):
    faults.invoke(status=503, probability=0.0)
    invoke()
    assert faults.rules()[0]["met"] == 0


def test_an_answer_can_be_spoiled(faults, invoke):
    faults.invoke(spoil="garbage", times=1)
    faults.invoke(spoil="empty", times=1)
    assert b"not what was asked" in invoke()["Body"].read()
    assert invoke()["Body"].read() == b""
    assert b"length" in invoke()["Body"].read()
    with pytest.raises(SettingError, match="unknown spoil 'long'"):
        faults.invoke(spoil="long")
