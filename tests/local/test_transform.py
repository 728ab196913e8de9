"""Batch Transform: objects, requests, answers, failures."""

import gzip
import json
import struct

import pytest
from botocore.exceptions import ClientError

from .jobs import create_model, poll, put, unique

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/batch:1"
ENDED = ("Completed", "Failed", "Stopped")


def request(
    model, bucket, prefix="in/", split=None, assemble=None, accept=None, count=1, kind="S3Prefix", **more
):
    source = {"S3DataType": kind, "S3Uri": f"s3://{bucket}/{prefix}"}
    content = more.pop("content", "text/csv")
    compression = {"CompressionType": more.pop("compression")} if "compression" in more else {}
    return {
        "TransformJobName": unique("transform"),
        "ModelName": model,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": content,
            **({"SplitType": split} if split else {}),
            **compression,
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{bucket}/out/",
            **({"AssembleWith": assemble} if assemble else {}),
            **({"Accept": accept} if accept else {}),
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": count},
        **more,
    }


def finish(sm, name):
    return poll(
        lambda: sm.describe_transform_job(TransformJobName=name), lambda j: j["TransformJobStatus"] in ENDED
    )


def run(sm, wanted):
    sm.create_transform_job(**wanted)
    return finish(sm, wanted["TransformJobName"])


def outputs(s3, bucket):
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents", ())
    return {
        entry["Key"].removeprefix("out/"): s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def log_of(logs, name):
    group = "/aws/sagemaker/TransformJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    return {
        "data" if stream["logStreamName"].endswith("/data-log") else "container": [
            event["message"]
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])[
                "events"
            ]
        ]
        for stream in streams
    }


@pytest.fixture
def model(sm, s3, bucket):
    def made(**environment):
        return create_model(sm, s3, bucket, environment, image=IMAGE)

    return made


def test_one_output_for_each_object_below_the_prefix(sm, s3, logs, bucket, model):
    put(s3, bucket, **{"in/a.csv": b"1,2\n3,4\n", "in/deep/b.csv": b"5,6", "in/": b"", "inner": b"x"})
    wanted = request(model(), bucket, split="Line", assemble="Line")
    job = run(sm, wanted)
    assert job["TransformJobStatus"] == "Completed"
    assert outputs(s3, bucket) == {"a.csv.out": b"3.0\n7.0\n", "deep/b.csv.out": b"11.0\n"}
    assert job["TransformEndTime"] >= job["TransformStartTime"] >= job["CreationTime"]
    assert job["TransformInput"] == wanted["TransformInput"]
    assert "data" in log_of(logs, job["TransformJobName"])
    said = log_of(logs, job["TransformJobName"])["data"]
    assert said[0].endswith("MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD")


def test_a_manifest_names_the_objects(sm, s3, bucket, model):
    put(s3, bucket, **{"some/a": b"1", "some/x/b": b"2", "some/c": b"3"})
    manifest = [{"prefix": f"s3://{bucket}/some/"}, "a", "x/b"]
    put(s3, bucket, **{"in.manifest": json.dumps(manifest).encode()})
    job = run(sm, request(model(), bucket, "in.manifest", kind="ManifestFile"))
    assert job["TransformJobStatus"] == "Completed"
    assert outputs(s3, bucket) == {"a.out": b"1.0", "x/b.out": b"2.0"}


def test_without_split_an_object_is_one_request(sm, s3, logs, bucket, model):
    put(s3, bucket, **{"in/a": b"1\n2\n3\n"})
    job = run(sm, request(model(), bucket))
    assert outputs(s3, bucket) == {"a.out": b"1.0\n2.0\n3.0"}
    assert log_of(logs, job["TransformJobName"])["container"] == ["body of 6 bytes, 1 at once"]


def test_what_the_container_is_told(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"1\n2\n"})
    more = {"MaxConcurrentTransforms": 2, "MaxPayloadInMB": 3, "BatchStrategy": "SingleRecord"}
    wanted = request(
        model(MODE="say"),
        bucket,
        split="Line",
        assemble="Line",
        accept="text/x",
        Environment={"OWN": "1"},
        **more,
    )
    run(sm, wanted)
    first, second = map(json.loads, outputs(s3, bucket)["a.out"].splitlines())
    assert first.pop("pid") == second["pid"]
    assert bytes.fromhex(second["body"]) == b"2\n"
    assert first == {
        "body": b"1\n".hex(),
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "OWN": "1",
        "PAYLOAD_IN_MB": "3",
        "CONCURRENT_TRANSFORMS": "2",
        "Content-Type": "text/csv",
        "Accept": "text/x",
    }


def test_the_container_may_set_what_the_request_leaves_open(sm, s3, logs, bucket, model):
    offered = {"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
    put(s3, bucket, **{f"in/{n}": b"1\n2\n" for n in range(4)})
    wanted = request(model(OFFERED=json.dumps(offered), PAUSE="0.05"), bucket, split="Line")
    said = log_of(logs, run(sm, wanted)["TransformJobName"])
    assert said["data"][0].endswith(
        "MaxConcurrentTransforms=2, MaxPayloadInMB=1, BatchStrategy=SINGLE_RECORD"
    )
    assert len(said["container"]) == 8
    assert "2 at once" in said["container"][-1]
    own = run(sm, {**wanted, "TransformJobName": unique("transform"), "MaxPayloadInMB": 2})
    assert "MaxPayloadInMB=2" in log_of(logs, own["TransformJobName"])["data"][0]


def test_records_are_packed_up_to_the_payload(sm, s3, logs, bucket, model):
    lines = b"".join(b"%07d\n" % number for number in range(300_000))
    put(s3, bucket, **{"in/a": lines})
    job = run(sm, request(model(MODE="upper"), bucket, split="Line", MaxPayloadInMB=1))
    assert outputs(s3, bucket)["a.out"] == lines
    sizes = [int(line.split()[2]) for line in log_of(logs, job["TransformJobName"])["container"]]
    assert sizes == [1024 * 1024, 1024 * 1024, 302_848]


def tfrecord(payload):
    return struct.pack("<QI", len(payload), 7) + payload + struct.pack("<I", 7)


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_framing_is_kept_for_many_records_and_taken_off_for_one(sm, s3, bucket, model, strategy):
    payloads = [b"one", b"three"]
    framed = {
        "RecordIO": [struct.pack("<II", 0xCED7230A, len(p)) + p + bytes(-len(p) % 4) for p in payloads],
        "TFRecord": [tfrecord(p) for p in payloads],
    }
    name = model(MODE="say")
    for split, whole in framed.items():
        put(s3, bucket, **{f"{split}/a": b"".join(whole)})
        wanted = request(name, bucket, f"{split}/", split=split, assemble="Line", BatchStrategy=strategy)
        assert run(sm, wanted)["TransformJobStatus"] == "Completed"
        seen = [bytes.fromhex(json.loads(line)["body"]) for line in outputs(s3, bucket)["a.out"].splitlines()]
        assert seen == (payloads if strategy == "SingleRecord" else [b"".join(whole)])


def test_gzip_is_unpacked(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a.gz": gzip.compress(b"1\n2\n"), "in/b.gz": b"no gzip"})
    job = run(sm, request(model(), bucket, split="Line", assemble="Line", compression="Gzip"))
    assert outputs(s3, bucket) == {"a.gz.out": b"1.0\n2.0\n"}
    assert job["TransformJobStatus"] == "Failed"
    assert f"s3://{bucket}/in/b.gz" in job["FailureReason"]


def test_instances_share_the_objects(sm, s3, bucket, model):
    put(s3, bucket, **{f"in/{n}": b"%d" % n for n in range(5)})
    run(sm, request(model(MODE="say"), bucket, count=2))
    pids = {name: json.loads(body)["pid"] for name, body in outputs(s3, bucket).items()}
    assert len(pids) == 5
    assert sorted(list(pids.values()).count(pid) for pid in set(pids.values())) == [2, 3]


def test_a_bad_line_fails_its_object_and_the_job_but_no_other(sm, s3, logs, bucket, model):
    put(s3, bucket, **{"in/a": b"1\nbad\n", "in/b": b"2\n"})
    job = run(sm, request(model(), bucket, split="Line", assemble="Line"))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        f"ClientError: s3://{bucket}/in/a: Bad HTTP status received from algorithm: 400\n"
        "Message: bad line: could not convert string to float: 'bad'. See job logs for more information"
    )
    assert outputs(s3, bucket) == {"b.out": b"2.0\n"}
    data = log_of(logs, job["TransformJobName"])["data"]
    assert f"{bucket}/in/a: ClientError: Bad HTTP status received from algorithm: 400" in data[1]


def test_passing_faults_are_tried_again(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"1\n"})
    assert run(sm, request(model(FAILS="3"), bucket))["TransformJobStatus"] == "Completed"
    once = {"InvocationsMaxRetries": 1}
    job = run(sm, request(model(FAILS="3"), bucket, ModelClientConfig=once))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: s3://")
    assert "503" in job["FailureReason"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"hang", "No response from algorithm within 1 seconds"),
        (b"die", "Unable to get response from algorithm"),
    ],
)
def test_no_answer(sm, s3, bucket, model, body, reason):
    put(s3, bucket, **{"in/a": body})
    config = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    job = run(sm, request(model(), bucket, ModelClientConfig=config))
    assert job["TransformJobStatus"] == "Failed"
    assert reason in job["FailureReason"]
    assert f"s3://{bucket}/in/a" in job["FailureReason"]


def test_a_record_above_the_payload(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"1" * 1_100_000})
    job = run(sm, request(model(), bucket, MaxPayloadInMB=1))
    assert "Too much data for max payload size" in job["FailureReason"]
    unlimited = request(model(MODE="upper"), bucket, MaxPayloadInMB=0)
    assert run(sm, unlimited)["TransformJobStatus"] == "Completed"


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
def test_objects_that_are_not_of_their_split(sm, s3, bucket, model, split):
    put(s3, bucket, **{"in/a": b"1,2\n3,4\n5,6\n7,8\n"})
    job = run(sm, request(model(), bucket, split=split))
    assert job["TransformJobStatus"] == "Failed"
    assert outputs(s3, bucket) == {}


def test_missing_input_fails_the_job(sm, s3, bucket, model):
    job = run(sm, request(model(), bucket, "nowhere/"))
    assert job["TransformJobStatus"] == "Failed"
    assert f'No S3 objects found under S3 URL "s3://{bucket}/nowhere/"' in job["FailureReason"]


def test_a_model_that_does_not_come_up_fails_the_job(sm, s3, bucket):
    put(s3, bucket, **{"in/a": b"1"})
    job = run(sm, request(create_model(sm, s3, bucket, {"FALLS_OVER": "1"}), bucket))
    assert job["TransformJobStatus"] == "Failed"
    assert "did not pass the ping health check" in job["FailureReason"]


def test_stop(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"hang", "in/b": b"1"})
    wanted = request(model(), bucket)
    sm.create_transform_job(**wanted)
    sm.stop_transform_job(TransformJobName=wanted["TransformJobName"])
    job = finish(sm, wanted["TransformJobName"])
    assert job["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    with pytest.raises(ClientError, match=r"status Stopped. Only jobs in status InProgress"):
        sm.stop_transform_job(TransformJobName=wanted["TransformJobName"])


def test_list(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"bad"})
    job = run(sm, request(model(), bucket))
    found = sm.list_transform_jobs(NameContains=job["TransformJobName"], StatusEquals="Failed")
    [summary] = found["TransformJobSummaries"]
    assert summary["FailureReason"] == job["FailureReason"]
    assert (
        sm.list_transform_jobs(NameContains=job["TransformJobName"], StatusEquals="Stopped")[
            "TransformJobSummaries"
        ]
        == []
    )


def joined(**settings):
    return {"DataProcessing": settings}


def test_columns_are_filtered_and_joined(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b'id1,1,2\n"id,2",3,4\n'})
    name = model()
    csv = {"split": "Line", "assemble": "Line", "accept": "text/csv"}
    more = joined(InputFilter="$[1:]", JoinSource="Input", OutputFilter="$[0,-1]")
    assert run(sm, request(name, bucket, **csv, **more))["TransformJobStatus"] == "Completed"
    assert outputs(s3, bucket)["a.out"] == b'id1,3.0\n"id,2",7.0\n'
    assert (
        run(sm, request(name, bucket, **csv, **joined(InputFilter="$[1]")))["TransformJobStatus"]
        == "Completed"
    )
    assert outputs(s3, bucket)["a.out"] == b"1.0\n3.0\n"


def test_json_lines_are_joined(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b'{"id": 1, "f": {"x": [1, 2]}}\n{"id": 2, "f": {"x": [3]}}\n'})
    kind = "application/jsonlines"
    more = joined(InputFilter="$.f", JoinSource="Input", OutputFilter="$['id','SageMakerOutput']")
    wanted = request(model(MODE="json"), bucket, "in/", "Line", "Line", kind, content=kind, **more)
    run(sm, wanted)
    first, second = map(json.loads, outputs(s3, bucket)["a.out"].splitlines())
    assert first == {"id": 1, "SageMakerOutput": {"sum": 3}}
    assert second == {"id": 2, "SageMakerOutput": {"sum": 3}}


def test_json_that_is_no_object_is_put_beside_the_answer(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"[7]"})
    kind = "application/json"
    more = joined(JoinSource="Input")
    run(sm, request(model(), bucket, content=kind, accept=kind, **more))
    put(s3, bucket, **{"in/a": b"7"})
    run(sm, request(model(), bucket, content=kind, accept=kind, **more))
    assert json.loads(outputs(s3, bucket)["a.out"]) == {"SageMakerInput": 7, "SageMakerOutput": 7.0}


def test_a_short_answer_cannot_be_joined(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"1\n2\n"})
    csv = {"split": "Line", "assemble": "Line", "accept": "text/csv"}
    job = run(sm, request(model(MODE="short"), bucket, **csv, **joined(JoinSource="Input")))
    assert "The answer has 1 records, expected 2" in job["FailureReason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ModelName": "none"}, "Could not find model"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "MaxConcurrentTransforms * MaxPayloadInMB"),
        ({"BatchStrategy": "Many"}, "Member must satisfy enum value set"),
        (
            {"TransformResources": {"InstanceType": "ml.none", "InstanceCount": 1}},
            "transformResources.instanceType",
        ),
        (joined(InputFilter="$..x"), "DataProcessing.InputFilter"),
        (joined(JoinSource="Input"), "ContentType and Accept to be the same"),
    ],
)
def test_refused_requests(sm, s3, bucket, model, change, message):
    with pytest.raises(ClientError) as caught:
        sm.create_transform_job(**{**request(model(), bucket), **change})
    assert "ValidationException" in str(caught.value)
    assert message in str(caught.value)


def test_joined_records_are_delimited_alike(sm, s3, bucket, model):
    with pytest.raises(ClientError, match="SplitType and AssembleWith to be the same"):
        sm.create_transform_job(
            **request(model(), bucket, split="Line", accept="text/csv", **joined(JoinSource="Input"))
        )


def test_names_are_used_once_and_unknown_ones_are_told(sm, s3, bucket, model):
    put(s3, bucket, **{"in/a": b"1"})
    wanted = request(model(), bucket)
    run(sm, wanted)
    with pytest.raises(sm.exceptions.ResourceInUse, match="Job name must be unique"):
        sm.create_transform_job(**wanted)
    with pytest.raises(sm.exceptions.ResourceNotFound, match="Could not find requested job"):
        sm.describe_transform_job(TransformJobName="none")
