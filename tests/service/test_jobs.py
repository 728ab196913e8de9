import time

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from sagemaker_spark_py.errors import (
    AccessError,
    NotFoundError,
    ServiceError,
    SettingError,
    TrainingError,
    TrainingInterruptedError,
    TrainingStoppedError,
)
from sagemaker_spark_py.service import waiting
from sagemaker_spark_py.service.jobs import (
    console_url,
    create_training_job,
    finished_training_job,
    model_data_uri,
    stop_training_job,
    wait_for_training_job,
)
from sagemaker_spark_py.service.logs import TRAINING_GROUP
from sagemaker_spark_py.service.requests import channel, training_job
from sagemaker_spark_py.service.session import Session

MODEL = {"S3ModelArtifacts": "s3://b/out/job1/output/model.tar.gz"}
REQUEST = training_job(
    name="job1",
    image="image",
    role="arn:aws:iam::123456789012:role/x",
    channels=[channel("train", "s3://b/p/")],
    output_uri="s3://b/out",
    instance_type="ml.m4.xlarge",
    instance_count=1,
    volume_gb=1,
    max_runtime_seconds=60,
)


def described(status, secondary=None, message="", **more):
    """Return an answer of DescribeTrainingJob with what is required of one."""
    finer = secondary or status
    return {
        "TrainingJobName": "job1",
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/job1",
        "ModelArtifacts": MODEL,
        "TrainingJobStatus": status,
        "SecondaryStatus": finer,
        "SecondaryStatusTransitions": [{"Status": finer, "StartTime": 0, "StatusMessage": message}],
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {},
        "CreationTime": 0,
        **more,
    }


def answers(stub, *statuses):
    for status in statuses:
        answer = status if isinstance(status, dict) else described(status)
        stub.add_response("describe_training_job", answer, {"TrainingJobName": "job1"})


def test_create_sends_the_request(sagemaker):
    session, stub = sagemaker
    stub.add_response("create_training_job", {"TrainingJobArn": "arn:" + "x" * 20}, REQUEST)
    assert create_training_job(session, REQUEST) == "job1"


def test_name_in_use(sagemaker):
    session, stub = sagemaker
    stub.add_client_error("create_training_job", "ResourceInUse", "Training job names must be unique", 400)
    with pytest.raises(ServiceError, match=r"'job1'.*ResourceInUse.*fromTrainingJob") as caught:
        create_training_job(session, REQUEST)
    assert caught.value.code == "ResourceInUse"


def test_refused_creation(sagemaker):
    session, stub = sagemaker
    stub.add_client_error("create_training_job", "AccessDeniedException", "not you", 400)
    with pytest.raises(AccessError, match=r"Training job 'job1': CreateTrainingJob was refused"):
        create_training_job(session, REQUEST)


def test_wait_tells_each_look(sagemaker, clock):
    session, stub = sagemaker
    answers(
        stub,
        described("InProgress", "Starting", "Launching"),
        described("InProgress", "Training", "Training in progress"),
        described("InProgress", "SomethingNewOfAWS"),
        described("SomethingNewOfAWS"),
        "Completed",
    )
    seen = []
    job = wait_for_training_job(session, "job1", watch=seen.append, pace=clock.pace())
    assert model_data_uri(job) == MODEL["S3ModelArtifacts"]
    assert [(s.status, s.message, s.is_over) for s in seen] == [
        ("InProgress (Starting)", "Launching", False),
        ("InProgress (Training)", "Training in progress", False),
        ("InProgress (SomethingNewOfAWS)", "", False),
        ("SomethingNewOfAWS", "", False),
        ("Completed", "", True),
    ]
    assert {s.subject for s in seen} == {"Training job 'job1'"}
    elapsed = [s.elapsed_seconds for s in seen]
    assert elapsed == sorted(elapsed)
    assert elapsed[-1] == clock.time


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 400), ("InternalFailure", 500), ("ServiceUnavailable", 503), ("Bad", 502)],
)
def test_passing_errors_do_not_end_the_wait(sagemaker, clock, code, status):
    session, stub = sagemaker
    answers(stub, "InProgress")
    for _ in range(3):
        stub.add_client_error("describe_training_job", code, "Rate exceeded", status)
    answers(stub, "InProgress", "Completed")
    assert wait_for_training_job(session, "job1", pace=clock.pace())["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="u"), ConnectTimeoutError(endpoint_url="u")])
def test_lost_connections_do_not_end_the_wait(clock, error, monkeypatch):
    left = [described("InProgress"), error, error, described("Completed")]

    class Client:
        def describe_training_job(self, TrainingJobName):
            if isinstance(left[0], Exception):
                raise left.pop(0)
            return left.pop(0)

    monkeypatch.setattr(Session, "client", lambda *_: Client())
    assert wait_for_training_job(Session("us-east-1"), "job1", pace=clock.pace())
    assert left == []


@pytest.mark.parametrize("code", ["ExpiredTokenException", "AccessDeniedException"])
def test_lost_rights_end_the_wait_but_are_no_training_error(sagemaker, clock, code):
    session, stub = sagemaker
    answers(stub, "InProgress")
    stub.add_client_error("describe_training_job", code, "no", 400)
    with pytest.raises(AccessError, match="Training job 'job1'"):
        wait_for_training_job(session, "job1", pace=clock.pace())


@pytest.mark.parametrize(
    ("code", "message"),
    [("ValidationException", "Requested resource not found."), ("ResourceNotFound", "no such job")],
)
def test_missing_job(sagemaker, clock, code, message):
    session, stub = sagemaker
    stub.add_client_error("describe_training_job", code, message, 400)
    with pytest.raises(NotFoundError, match="Training job 'job1'"):
        wait_for_training_job(session, "job1", pace=clock.pace())


def test_failed_job_says_why_and_shows_its_log(sagemaker, server, clock):
    session, stub = sagemaker
    logs = boto3.client("logs", endpoint_url=server, region_name="us-east-1")
    logs.create_log_group(logGroupName=TRAINING_GROUP)
    logs.create_log_stream(logGroupName=TRAINING_GROUP, logStreamName="job1/algo-1-1")
    event = {"timestamp": int(time.time() * 1000), "message": "ValueError: bad feature_dim"}
    logs.put_log_events(logGroupName=TRAINING_GROUP, logStreamName="job1/algo-1-1", logEvents=[event])
    reason = "AlgorithmError: , exit code: 137"
    answers(stub, "InProgress", described("Failed", FailureReason=reason))
    with pytest.raises(TrainingError) as caught:
        wait_for_training_job(session, "job1", pace=clock.pace())
    logs.delete_log_group(logGroupName=TRAINING_GROUP)
    assert type(caught.value) is TrainingError
    assert (caught.value.jobName, caught.value.status, caught.value.reason) == ("job1", "Failed", reason)
    assert str(caught.value) == (
        "Training job 'job1' failed: AlgorithmError: , exit code: 137.\n"
        "The container ran out of memory: take a larger instance type or smaller batches.\n"
        "Last lines of its log:\n"
        "  ValueError: bad feature_dim\n"
        "More: https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1#/jobs/job1"
    )


def test_failed_job_without_reason_or_log(sagemaker, clock, monkeypatch):
    session, stub = sagemaker
    monkeypatch.setattr(waiting, "last_lines", lambda *_: [])
    answers(stub, "Failed")
    with pytest.raises(TrainingError, match=r"'job1' failed: Failed\.\nMore: https"):
        wait_for_training_job(session, "job1", pace=clock.pace())


def test_stopped_job(sagemaker, clock, monkeypatch):
    session, stub = sagemaker
    monkeypatch.setattr(waiting, "last_lines", lambda *_: [])
    stopped = described("Stopped", "MaxRuntimeExceeded")
    answers(stub, "Stopping", stopped)
    with pytest.raises(TrainingStoppedError, match="was stopped: MaxRuntimeExceeded") as caught:
        wait_for_training_job(session, "job1", pace=clock.pace())
    assert "may have left a model: s3://b/out/job1" in str(caught.value)
    assert "trainingMaxRuntimeInSeconds" in str(caught.value)
    assert caught.value.status == "Stopped"


def test_stopped_job_with_a_model_can_be_good_enough(sagemaker, clock, monkeypatch):
    session, stub = sagemaker
    monkeypatch.setattr(waiting, "last_lines", lambda *_: [])
    stopped = described("Stopped")
    answers(stub, stopped, described("Stopped", ModelArtifacts={"S3ModelArtifacts": ""}))
    assert wait_for_training_job(session, "job1", accept_stopped=True, pace=clock.pace())
    with pytest.raises(TrainingStoppedError):
        wait_for_training_job(session, "job1", accept_stopped=True, pace=clock.pace())


def test_failed_job_is_never_good_enough(sagemaker, clock, monkeypatch):
    session, stub = sagemaker
    monkeypatch.setattr(waiting, "last_lines", lambda *_: [])
    answers(stub, "Failed")
    with pytest.raises(TrainingError, match="failed"):
        wait_for_training_job(session, "job1", accept_stopped=True, pace=clock.pace())


def interrupt(_):
    raise KeyboardInterrupt


def test_control_c_stops_the_job(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, "InProgress")
    stub.add_response("stop_training_job", {}, {"TrainingJobName": "job1"})
    with pytest.raises(TrainingInterruptedError, match=r"'job1' was interrupted.*told to stop") as caught:
        wait_for_training_job(session, "job1", watch=interrupt, pace=clock.pace())
    assert isinstance(caught.value, KeyboardInterrupt)
    assert isinstance(caught.value, TrainingStoppedError)
    assert (caught.value.jobName, caught.value.status) == ("job1", "Stopping")


def test_control_c_can_leave_the_job_alone(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, "InProgress")
    with pytest.raises(KeyboardInterrupt, match="left running") as caught:
        wait_for_training_job(session, "job1", watch=interrupt, pace=clock.pace(), stop_on_interrupt=False)
    assert caught.value.status == "InProgress"


def test_control_c_when_stopping_fails(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, "InProgress")
    stub.add_client_error("stop_training_job", "AccessDeniedException", "no", 400)
    with pytest.raises(TrainingInterruptedError, match=r"could not be told to stop \(.*AccessDenied"):
        wait_for_training_job(session, "job1", watch=interrupt, pace=clock.pace())


def test_stop(sagemaker):
    session, stub = sagemaker
    stub.add_response("stop_training_job", {}, {"TrainingJobName": "job1"})
    stop_training_job(session, "job1")
    stub.add_client_error("stop_training_job", "ValidationException", "status Completed", 400)
    with pytest.raises(ServiceError, match="status Completed"):
        stop_training_job(session, "job1")


def test_job_that_left_a_model(sagemaker):
    session, stub = sagemaker
    answers(stub, "Completed", "Stopped", "InProgress", "Failed")
    for _ in range(2):
        assert model_data_uri(finished_training_job(session, "job1")) == MODEL["S3ModelArtifacts"]
    for status in ("InProgress", "Failed"):
        with pytest.raises(SettingError, match=f"its status is {status}; expected Completed or Stopped"):
            finished_training_job(session, "job1")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_console_of_each_partition(region, host):
    assert console_url(Session(region), "job1") == f"https://{host}/sagemaker/home?region={region}#/jobs/job1"
