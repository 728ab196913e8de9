"""Training jobs that run to their end, fail, are stopped, or run too long."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from sagemaker_spark_py.local.cloud import Region
from sagemaker_spark_py.local.training import train
from sagemaker_spark_py.local.training_job import TrainingJob

from .jobs import ROLE, channel, finish, poll, put, request, run, seen, unique, unpack


def statuses(job):
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


def log_text(logs, job):
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job['TrainingJobName']}/")
    return {
        stream["logStreamName"].split("/")[1].rpartition("-")[0]: "\n".join(
            event["message"]
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        )
        for stream in streams["logStreams"]
    }


def test_a_job_runs_through_all_states_and_leaves_its_model(sm, s3, bucket):
    put(s3, bucket, **{"train/a": b"1"})
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/train/")], parameters={"k": "3"}))
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert statuses(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(
        transition["EndTime"] >= transition["StartTime"] for transition in job["SecondaryStatusTransitions"]
    )
    name = job["TrainingJobName"]
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://{bucket}/out/{name}/output/model.tar.gz"}
    assert job["TrainingJobArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingTimeInSeconds"] >= 1
    assert job["HyperParameters"] == {"k": "3"}
    assert "FailureReason" not in job


def test_the_container_finds_its_configuration_as_on_sagemaker(sm, s3, bucket):
    put(s3, bucket, **{"train/a": b"1"})
    train = channel(f"s3://{bucket}/train/", ContentType="text/csv", distribution="ShardedByS3Key")
    job = run(sm, request(bucket, [train], hosts=2, parameters={"k": "3"}, Environment={"COLOUR": "blue"}))
    host = seen(s3, job)["algo-2"]
    assert host["config"]["hyperparameters.json"] == {"k": "3"}
    assert host["config"]["inputdataconfig.json"] == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "ShardedByS3Key",
            "RecordWrapperType": "None",
        }
    }
    resources = host["config"]["resourceconfig.json"]
    assert resources["current_host"] == "algo-2"
    assert resources["hosts"] == ["algo-1", "algo-2"]
    assert resources["current_instance_type"] == "ml.m4.xlarge"
    environment = host["environment"]
    assert environment["COLOUR"] == "blue"
    assert environment["TRAINING_JOB_NAME"] == job["TrainingJobName"]
    assert environment["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert environment["AWS_REGION"] == "us-east-1"


def test_hosts_of_instance_groups_know_their_group(sm, s3, bucket):
    groups = [
        {"InstanceGroupName": "big", "InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        {"InstanceGroupName": "small", "InstanceType": "ml.m4.xlarge", "InstanceCount": 2},
    ]
    asked = request(bucket, ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1})
    hosts = seen(s3, run(sm, asked))
    resources = hosts["algo-3"]["config"]["resourceconfig.json"]
    assert resources["current_group_name"] == "small"
    assert resources["instance_groups"][1]["hosts"] == ["algo-2", "algo-3"]


def test_hosts_share_a_folder_to_meet_in(sm, s3, bucket):
    hosts = seen(s3, run(sm, request(bucket, hosts=2)))
    places = {host["environment"]["SAGEMAKER_LOCAL_RENDEZVOUS"] for host in hosts.values()}
    assert len(places) == 1


def test_the_output_of_every_host_goes_to_cloudwatch_logs(sm, logs, bucket):
    text = log_text(logs, run(sm, request(bucket, hosts=2)))
    assert text["algo-1"] == "algo-1 starts; loss=0.25;\nloss=0.125;"
    assert text["algo-2"].startswith("algo-2 starts")


def test_no_line_of_a_chatty_container_is_lost(sm, logs, bucket):
    job = run(sm, request(bucket, parameters={"lines": "3000"}))
    group, stream = "/aws/sagemaker/TrainingJobs", {"logStreamNamePrefix": f"{job['TrainingJobName']}/"}
    [found] = logs.describe_log_streams(logGroupName=group, **stream)["logStreams"]
    place = {"logGroupName": group, "logStreamName": found["logStreamName"], "startFromHead": True}
    messages, token = [], {}
    while events := (answer := logs.get_log_events(**place, **token))["events"]:
        messages += [event["message"] for event in events]
        token = {"nextToken": answer["nextForwardToken"]}
    assert messages[1:-1] == [f"line {number}" for number in range(3000)]


def test_a_metric_needs_a_regular_expression(sm, bucket):
    asked = request(bucket)
    asked["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(["}]
    with pytest.raises(ClientError, match=r"ValidationException.*Invalid regular expression"):
        sm.create_training_job(**asked)


def test_metrics_are_read_from_the_log(sm, bucket):
    asked = request(bucket)
    asked["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "train:loss", "Regex": r"loss=([0-9.]+);"},
        {"Name": "absent", "Regex": r"nothing=([0-9.]+)"},
    ]
    metrics = run(sm, asked)["FinalMetricDataList"]
    assert [(metric["MetricName"], metric["Value"]) for metric in metrics] == [("train:loss", 0.125)]


def test_outputs_of_all_hosts_make_one_archive(sm, s3, bucket):
    job = run(sm, request(bucket, hosts=2, parameters={"outputs": "yes"}))
    files = unpack(s3, f"s3://{bucket}/out/{job['TrainingJobName']}/output/output.tar.gz")
    assert files == {"algo-1.txt": "a plot", "algo-2.txt": "a plot"}


def test_an_uncompressed_model_is_a_prefix(sm, s3, bucket):
    output = {"S3OutputPath": f"s3://{bucket}/out/", "CompressionType": "NONE"}
    job = run(sm, request(bucket, OutputDataConfig=output))
    root = f"out/{job['TrainingJobName']}/output/model/"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bucket}/{root}"
    assert s3.list_objects_v2(Bucket=bucket, Prefix=root)["Contents"][0]["Key"] == f"{root}algo-1.json"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("it went wrong", "AlgorithmError: it went wrong, exit code: 1"),
        ("Customer Error: k is missing", "ClientError: k is missing, exit code: 1"),
        ("x" * 5000, "AlgorithmError: " + "x" * 1008),
    ],
)
def test_a_failing_container_gives_the_failure_reason(sm, bucket, written, expected):
    job = run(sm, request(bucket, parameters={"action": "fail", "reason": written[:2000]}))
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == expected
    assert "ModelArtifacts" not in job


def test_one_failing_host_ends_the_others(sm, bucket):
    job = run(sm, request(bucket, hosts=2, parameters={"action": "fail", "host": "algo-2", "code": "7"}))
    assert job["FailureReason"] == "AlgorithmError: it went wrong, exit code: 7"


def test_an_output_bucket_that_is_not_there_fails_the_job(sm, bucket):
    job = run(sm, request(bucket, OutputDataConfig={"S3OutputPath": "s3://no-such-bucket-here/out"}))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")


def wait_until_hanging(sm, logs, name):
    def hangs():
        job = sm.describe_training_job(TrainingJobName=name)
        return (
            "hanging" in "".join(log_text(logs, job).values())
            if job["SecondaryStatus"] == "Training"
            else False
        )

    poll(hangs, bool)


@pytest.mark.parametrize("deaf", [{}, {"deaf": "yes"}], ids=["ends on SIGTERM", "must be killed"])
def test_a_stopped_job_keeps_what_it_has(sm, s3, logs, bucket, deaf):
    asked = request(bucket, parameters={"action": "hang", **deaf})
    name = asked["TrainingJobName"]
    sm.create_training_job(**asked)
    wait_until_hanging(sm, logs, name)
    sm.stop_training_job(TrainingJobName=name)
    assert sm.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = finish(sm, name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert statuses(job)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"])["hangs"] == "yes"


def test_only_a_job_in_progress_can_be_stopped(sm, bucket):
    job = run(sm, request(bucket))
    with pytest.raises(ClientError, match=r"ValidationException.*is in status Completed"):
        sm.stop_training_job(TrainingJobName=job["TrainingJobName"])


def test_a_job_that_takes_too_long_is_stopped(sm, s3, bucket):
    limit = {"MaxRuntimeInSeconds": 1}
    job = run(sm, request(bucket, hosts=2, parameters={"action": "hang"}, StoppingCondition=limit))
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert "hangs" in unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"])


def test_the_waiter_of_boto3_ends_with_the_job(sm, bucket):
    asked = request(bucket)
    sm.create_training_job(**asked)
    name = asked["TrainingJobName"]
    sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig={"Delay": 0.1})
    assert sm.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Completed"


def test_a_name_is_given_once(sm, bucket):
    job = run(sm, request(bucket))
    with pytest.raises(sm.exceptions.ResourceInUse, match=r"a training job with this name already exists"):
        sm.create_training_job(**request(bucket, name=job["TrainingJobName"]))


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_an_unknown_job_is_a_validation_error(sm, operation):
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found\."):
        getattr(sm, operation)(TrainingJobName=unique("none"))


def test_an_image_that_nobody_has_is_refused(sm, bucket):
    asked = request(bucket)
    asked["AlgorithmSpecification"]["TrainingImage"] = (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/my/thing:2"
    )
    with pytest.raises(
        ClientError,
        match=r"ValidationException.*Cannot find repository: my/thing in registry ID: 123456789012",
    ) as refused:
        sm.create_training_job(**asked)
    assert ROLE in str(refused.value)


def test_lists_filter_order_and_page(sm, bucket):
    word = unique("list")
    names = [f"{word}-{number}" for number in range(3)]
    for name in names:
        run(sm, request(bucket, name=name))
    found = sm.list_training_jobs(NameContains=word, SortBy="Name", SortOrder="Ascending", MaxResults=2)
    assert [job["TrainingJobName"] for job in found["TrainingJobSummaries"]] == names[:2]
    rest = sm.list_training_jobs(
        NameContains=word, SortBy="Name", SortOrder="Ascending", MaxResults=2, NextToken=found["NextToken"]
    )
    assert [job["TrainingJobName"] for job in rest["TrainingJobSummaries"]] == names[2:]
    assert "NextToken" not in rest
    assert not sm.list_training_jobs(NameContains=word, StatusEquals="Failed")["TrainingJobSummaries"]
    soon = found["TrainingJobSummaries"][0]["CreationTime"] + timedelta(hours=1)  # sent in whole seconds
    assert not sm.list_training_jobs(NameContains=word, CreationTimeAfter=soon)["TrainingJobSummaries"]
    assert len(sm.list_training_jobs(NameContains=word, CreationTimeBefore=soon)["TrainingJobSummaries"]) == 3


def test_checkpoints_are_kept_and_given_to_the_next_job(sm, s3, bucket):
    kept = {"CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints"}}
    run(sm, request(bucket, parameters={"action": "fail"}, **kept))
    job = run(sm, request(bucket, **kept))
    assert seen(s3, job)["algo-1"]["checkpoints"] == ["epoch-0"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="checkpoints/")["Contents"]]
    assert keys == ["checkpoints/epoch-0", "checkpoints/epoch-1"]


def test_tags_of_a_job(sm, bucket):
    job = run(sm, request(bucket, Tags=[{"Key": "team", "Value": "blue"}]))
    arn = job["TrainingJobArn"]
    sm.add_tags(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "1"}])
    sm.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "1"}]


def test_a_job_that_is_stopped_before_it_began_has_no_model(tmp_path):
    cloud = SimpleNamespace(home=tmp_path, client=lambda service, region: None)
    job = TrainingJob(request("b"), "arn", Region("123456789012", "us-east-1"), cloud)
    assert job.request_stop()
    train(job)
    assert (job.status, job.artifacts) == ("Stopped", "")
    assert not job.request_stop()
