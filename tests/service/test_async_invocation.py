"""Requests to asynchronous endpoints, with S3 played by a server and SageMaker by a script."""

import pytest
from botocore.exceptions import ClientError

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.service import async_invocation
from sagemaker_spark_py.service.async_invocation import Queue
from sagemaker_spark_py.service.aws_errors import translated

FIELDS = {"EndpointName": "e", "ContentType": "text/csv", "Accept": "text/csv"}


class Runtime:
    """Reads the request and writes what the model does with it, after so many looks."""

    def __init__(self, s3, place):
        self.s3 = s3
        self.place = place
        self.asked = []
        self.answer = lambda body: ("OutputLocation", body.upper())
        self.places = {
            "OutputLocation": f"s3://{place.bucket}/some/out/1.out",
            "FailureLocation": f"s3://{place.bucket}/some/bad/1.out",
        }

    def invoke_endpoint_async(self, InputLocation, **fields):
        self.asked.append(fields)
        body = self.s3.get_object(Bucket=self.place.bucket, Key=InputLocation.split("/", 3)[3])["Body"].read()
        self.todo = self.answer(body)
        return {**self.places, "ResponseMetadata": {"RequestId": "r-1"}}

    def finish(self, seconds):
        where, body = self.todo
        self.s3.put_object(Bucket=self.place.bucket, Key=self.places[where].split("/", 3)[3], Body=body)
        return False


@pytest.fixture
def runtime(s3, place):
    return Runtime(s3, place)


@pytest.fixture
def queue(place):
    return Queue(place, 60, 120)


def keys(s3, place):
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=place.bucket).get("Contents", ())]


def test_a_request_goes_through_s3_and_leaves_nothing(session, s3, place, queue, runtime):
    assert queue.ask(session, runtime, b"abc", FIELDS, runtime.finish) == (b"ABC", "r-1")
    assert runtime.asked == [{**FIELDS, "InvocationTimeoutSeconds": 60, "RequestTTLSeconds": 120}]
    assert keys(s3, place) == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('ModelError: Received client error (415) from primary with message "no"', 415),
        ('ModelError: Received server error (0) from primary with message "Your invocation timed out"', 0),
        ("ModelError: the request timed out", 0),
        ("it went wrong", 500),
    ],
)
def test_a_failure_is_what_invoke_endpoint_would_raise(session, s3, place, queue, runtime, text, status):
    runtime.answer = lambda body: ("FailureLocation", text.encode())
    with pytest.raises(ClientError) as failed:
        queue.ask(session, runtime, b"abc", FIELDS, runtime.finish)
    assert failed.value.response["OriginalStatusCode"] == status
    with (
        pytest.raises(
            ServiceError, match="Endpoint 'e': InvokeEndpointAsync was refused: ModelError"
        ) as ours,
        translated("Endpoint 'e'"),
    ):
        raise failed.value
    assert (ours.value.code, ours.value.status) == ("ModelError", 424)
    assert keys(s3, place) == []


def test_nobody_waits_any_more(session, s3, place, queue, runtime):
    with pytest.raises(ServiceError, match="not waited for any more"):
        queue.ask(session, runtime, b"abc", FIELDS, lambda seconds: True)
    assert keys(s3, place) == []


def test_no_answer_in_time(session, s3, place, runtime, monkeypatch):
    clock = iter(range(0, 10_000, 50))
    monkeypatch.setattr(async_invocation.time, "monotonic", lambda: next(clock))
    del runtime.places["FailureLocation"]
    pauses = []
    queue = Queue(place, 60, 120)
    with pytest.raises(ServiceError, match=r"No answer has come to s3://.*/some/out/1.out in 180 s"):
        queue.ask(session, runtime, b"abc", FIELDS, pauses.append)
    assert pauses == pytest.approx([0.1, 0.15])
    assert keys(s3, place) == []


def test_a_call_that_is_refused_leaves_nothing(session, s3, place, queue, runtime):
    def refuse(**fields):
        raise ClientError({"Error": {"Code": "ValidationError", "Message": "no"}}, "InvokeEndpointAsync")

    runtime.invoke_endpoint_async = refuse
    with pytest.raises(ClientError, match="ValidationError"):
        queue.ask(session, runtime, b"abc", FIELDS, runtime.finish)
    assert keys(s3, place) == []


def test_a_bucket_that_is_not_there(session, place, runtime):
    queue = Queue(type(place)("no-such-bucket-anywhere", "p"), 60, 120)
    with pytest.raises(ServiceError, match="NoSuchBucket"), translated("Endpoint 'e'"):
        queue.ask(session, runtime, b"abc", FIELDS, runtime.finish)


def test_a_missing_right_to_list_looks_like_an_answer_that_is_not_there_yet(
    session, s3, place, queue, runtime
):
    """Where one may not list a bucket, S3 answers 403 for what is not there."""
    client = session.client("s3")
    refusals = iter([True, True, False, False])

    def refuse(http_response, parsed, **_):
        if http_response.status_code == 404 and next(refusals):
            parsed["Error"]["Code"] = "AccessDenied"

    client.meta.events.register("after-call.s3.GetObject", refuse, unique_id="refuse")
    try:
        assert queue.ask(session, runtime, b"abc", FIELDS, runtime.finish)[0] == b"ABC"
    finally:
        client.meta.events.unregister("after-call.s3.GetObject", unique_id="refuse")
