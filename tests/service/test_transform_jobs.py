import pytest

from sagemaker_spark_py.errors import (
    JobError,
    ServiceError,
    SettingError,
    TransformError,
    TransformInterruptedError,
    TransformStoppedError,
)
from sagemaker_spark_py.service import waiting
from sagemaker_spark_py.service.requests import model, transform_input, transform_job, transform_output
from sagemaker_spark_py.service.transform_jobs import create_transform_job, wait_for_transform_job

ROLE = "arn:aws:iam::123456789012:role/x"
MODEL = model(name="job1", image="image", model_data_uri="s3://b/model.tar.gz", role=ROLE)
JOB = {
    "name": "job1",
    "source": transform_input("s3://b/in/"),
    "target": transform_output("s3://b/out"),
    "instance_type": "ml.m5.large",
    "instance_count": 2,
}
REQUEST = transform_job(**JOB)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:"


@pytest.fixture(autouse=True)
def _no_logs(monkeypatch):
    monkeypatch.setattr(waiting, "last_lines", lambda *_: [])


def described(status, **more):
    return {
        "TransformJobName": "job1",
        "TransformJobArn": f"{ARN}transform-job/job1",
        "TransformJobStatus": status,
        "ModelName": "job1",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}}},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "CreationTime": 0,
        **more,
    }


def answers(stub, *jobs):
    for job in jobs:
        stub.add_response("describe_transform_job", job, {"TransformJobName": "job1"})


def test_what_is_not_said_is_left_out_of_the_request():
    assert REQUEST == {
        "TransformJobName": "job1",
        "ModelName": "job1",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
    }


def test_the_whole_request():
    source = transform_input(
        "s3://b/m",
        s3_data_type="ManifestFile",
        content_type="text/csv",
        compression="Gzip",
        split_type="Line",
    )
    target = transform_output("s3://b/out", accept="text/x", assemble_with="Line", kms_key_id="key")
    more = {"BatchStrategy": "SingleRecord", "MaxPayloadInMB": 6, "Environment": {}, "DataProcessing": None}
    extra = {"ModelClientConfig": {"InvocationsMaxRetries": 1}}
    request = transform_job(**{**JOB, "source": source, "target": target}, **more, extra=extra)
    assert request["TransformInput"] == {
        "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://b/m"}},
        "ContentType": "text/csv",
        "CompressionType": "Gzip",
        "SplitType": "Line",
    }
    assert request["TransformOutput"] == {
        "S3OutputPath": "s3://b/out",
        "Accept": "text/x",
        "AssembleWith": "Line",
        "KmsKeyId": "key",
    }
    assert (request["BatchStrategy"], request["MaxPayloadInMB"]) == ("SingleRecord", 6)
    assert request["ModelClientConfig"] == {"InvocationsMaxRetries": 1}
    assert not {"Environment", "DataProcessing"} & set(request)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"source": transform_input("s3://b/in/", split_type="Lines")}, "TransformInput.SplitType"),
        ({"instance_type": "ml.t2.medium"}, "TransformResources.InstanceType"),
        ({"name": "under_score"}, "TransformJobName"),
        ({"Environment": {f"v{n}": "" for n in range(17)}}, "Environment"),
        ({"MaxPayload": 6}, "MaxPayload"),
    ],
)
def test_refused_requests(change, member):
    with pytest.raises(SettingError, match=rf"CreateTransformJob would be refused: .*{member}"):
        transform_job(**{**JOB, **change})


def test_model_and_job_are_made(sagemaker):
    session, stub = sagemaker
    stub.add_response("create_model", {"ModelArn": f"{ARN}model/job1"}, MODEL)
    stub.add_response("create_transform_job", {"TransformJobArn": f"{ARN}transform-job/job1"}, REQUEST)
    assert create_transform_job(session, MODEL, REQUEST) == "job1"


def test_no_model_is_left_where_the_job_is_refused(sagemaker):
    session, stub = sagemaker
    stub.add_response("create_model", {"ModelArn": f"{ARN}model/job1"}, MODEL)
    stub.add_client_error("create_transform_job", "ResourceInUse", "Job name must be unique", 400)
    stub.add_response("delete_model", {}, {"ModelName": "job1"})
    with pytest.raises(ServiceError, match=r"Transform job 'job1'.*ResourceInUse.*Choose another name"):
        create_transform_job(session, MODEL, REQUEST)


def test_a_model_that_cannot_be_deleted_is_named(sagemaker):
    session, stub = sagemaker
    stub.add_response("create_model", {"ModelArn": f"{ARN}model/job1"}, MODEL)
    stub.add_client_error("create_transform_job", "ResourceLimitExceeded", "too many", 400)
    stub.add_client_error("delete_model", "AccessDeniedException", "no", 400)
    with pytest.raises(ServiceError, match="Model 'job1' is left") as caught:
        create_transform_job(session, MODEL, REQUEST)
    assert caught.value.code == "ResourceLimitExceeded"


def test_wait(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, described("InProgress"), described("Completed"))
    seen = []
    job = wait_for_transform_job(session, "job1", watch=seen.append, pace=clock.pace())
    assert job["TransformJobStatus"] == "Completed"
    assert [(s.subject, s.status) for s in seen] == [
        ("Transform job 'job1'", "InProgress"),
        ("Transform job 'job1'", "Completed"),
    ]


def test_a_failed_job_says_why(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, described("Failed", FailureReason="ClientError: s3://b/in/a: Bad HTTP status: 400"))
    with pytest.raises(
        TransformError, match=r"'job1' failed: ClientError: s3://b/in/a.*400\.\nMore: "
    ) as caught:
        wait_for_transform_job(session, "job1", pace=clock.pace())
    assert isinstance(caught.value, JobError)
    assert caught.value.status == "Failed"
    assert str(caught.value).endswith("#/transform-jobs/job1")


def test_a_stopped_job(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, described("Stopping"), described("Stopped"))
    with pytest.raises(TransformStoppedError, match="was stopped"):
        wait_for_transform_job(session, "job1", pace=clock.pace())


def test_control_c_stops_the_job_and_names_it(sagemaker, clock):
    session, stub = sagemaker
    answers(stub, described("InProgress"))
    stub.add_response("stop_transform_job", {}, {"TransformJobName": "job1"})

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(TransformInterruptedError, match=r"'job1' was interrupted.*told to stop") as caught:
        wait_for_transform_job(session, "job1", watch=interrupt, pace=clock.pace())
    assert isinstance(caught.value, KeyboardInterrupt)
    assert caught.value.status == "Stopping"
