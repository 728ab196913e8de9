"""Script mode through the API: the archive from S3, channels, outputs, checkpoints, stops, and failures."""

import io
import json
import zipfile

import boto3
import numpy as np
import pytest

from sagemaker_spark_py.local import LocalSageMaker

from .jobs import (
    archive,
    channel,
    create_endpoint,
    create_model,
    delete_endpoint,
    finish,
    poll,
    put,
    request,
    run,
    settle,
    unpack,
    variant,
)

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-cpu-py311"

TRAIN = """
import json, os
from pathlib import Path

import numpy as np

base = Path(os.environ["SAGEMAKER_BASE_DIR"])
data = np.load(Path(os.environ["SM_CHANNEL_TRAIN"]) / "data.npz")
Path(os.environ["SM_OUTPUT_DATA_DIR"], "loss.txt").write_text("0.5")
host = os.environ["SM_CURRENT_HOST"]
seen = sorted(path.name for path in (base / "checkpoints").iterdir())
(base / "checkpoints" / f"{host}-{len(seen)}").write_text("weights")
Path(os.environ["SM_MODEL_DIR"], host).write_text(json.dumps([float(data["x"].sum()), seen]))
"""


@pytest.fixture
def script_job(s3, bucket):
    """Return a function that makes the request of a job that runs a script."""

    def make(script, hosts=1, parameters=None, image=IMAGE, **more):
        data = io.BytesIO()
        np.savez(data, x=np.ones(4))
        code = archive(**{"train.py": script})
        put(s3, bucket, **{"code/sourcedir.tar.gz": code, "train/data.npz": data.getvalue()})
        given = {
            "sagemaker_program": json.dumps("train.py"),
            "sagemaker_submit_directory": json.dumps(f"s3://{bucket}/code/sourcedir.tar.gz"),
            **(parameters or {}),
        }
        made = request(bucket, [channel(f"s3://{bucket}/train/")], hosts, parameters=given, **more)
        return {**made, "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"}}

    return make


def test_a_script_trains_on_two_hosts_with_outputs_and_checkpoints(sm, s3, bucket, script_job):
    checkpoints = {"CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints"}}
    jobs = [run(sm, script_job(TRAIN, hosts=2, **checkpoints)) for _ in range(2)]
    assert [job["TrainingJobStatus"] for job in jobs] == ["Completed", "Completed"], jobs[0]
    first, second = (unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) for job in jobs)
    assert {host: json.loads(text) for host, text in first.items()} == {
        "algo-1": [4.0, []],
        "algo-2": [4.0, []],
    }
    assert json.loads(second["algo-1"]) == [4.0, ["algo-1-0", "algo-2-0"]]
    artifacts = jobs[0]["ModelArtifacts"]["S3ModelArtifacts"]
    assert unpack(s3, artifacts.replace("model.tar.gz", "output.tar.gz")) == {"loss.txt": "0.5"}


def test_any_image_runs_a_script_that_is_named(sm, script_job):
    assert run(sm, script_job(TRAIN, image="own/thing:3"))["TrainingJobStatus"] == "Completed"
    with pytest.raises(sm.exceptions.ClientError, match="Cannot find repository"):
        sm.create_training_job(**{**script_job(TRAIN, image="own/thing:3"), "HyperParameters": {"a": "1"}})


def test_a_script_that_raises_fails_the_job_with_its_traceback(sm, script_job):
    job = run(sm, script_job("raise ValueError('no such luck')"))
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ")
    assert "ValueError: no such luck" in reason
    assert reason.endswith(", exit code: 1")


def test_a_script_that_hangs_is_stopped_at_its_time_limit(sm, s3, script_job):
    script = """
import os, time
open(os.environ["SM_MODEL_DIR"] + "/half", "w").write("done")
while True:
    time.sleep(0.05)
"""
    job = run(sm, script_job(script, StoppingCondition={"MaxRuntimeInSeconds": 3}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"half": "done"}


def test_a_stopped_script_may_save_what_it_has(sm, s3, logs, script_job):
    script = """
import os, signal, sys, time
def stop(*_):
    open(os.environ["SM_MODEL_DIR"] + "/saved", "w").write("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
    job = script_job(script)
    sm.create_training_job(**job)
    name = job["TrainingJobName"]
    group = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": f"{name}/"}
    poll(
        lambda: (
            sm.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training"
            and logs.filter_log_events(**group)["events"]
        ),
        lambda events: any(event["message"] == "ready" for event in events or ()),
    )
    sm.stop_training_job(TrainingJobName=name)
    job = finish(sm, name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"saved": "in time"}


def test_an_archive_that_is_not_there_is_named(sm, bucket, script_job):
    gone = {"sagemaker_submit_directory": json.dumps(f"s3://{bucket}/gone.tar.gz")}
    job = run(sm, script_job(TRAIN, parameters=gone))
    assert job["FailureReason"].startswith(
        f"AlgorithmError: Unable to read the source archive s3://{bucket}/gone"
    )


def test_a_job_name_in_use_is_refused(sm, script_job):
    job = script_job(TRAIN)
    run(sm, job)
    with pytest.raises(sm.exceptions.ResourceInUse, match="must be unique"):
        sm.create_training_job(**job)


def test_a_model_with_code_serves(sm, s3, bucket):
    code = "def model_fn(d): return lambda data: data * float(open(d + '/w').read())"
    body = archive(**{"code/inference.py": code, "w": "2"})
    environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    model = create_model(sm, s3, bucket, environment, image="own/thing:3", body=body)
    name = create_endpoint(sm, variant(model))
    assert settle(sm, name)["EndpointStatus"] == "InService"
    runtime = boto3.client("sagemaker-runtime")
    ask = {"EndpointName": name, "ContentType": "application/json"}
    assert json.load(runtime.invoke_endpoint(Body=b"[1, 2]", **ask)["Body"]) == [2.0, 4.0]
    with pytest.raises(runtime.exceptions.ModelError, match="not supported by the default input_fn") as error:
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/xml", Body=b"<x/>")
    assert error.value.response["OriginalStatusCode"] == 415
    delete_endpoint(sm, name)


def test_an_endpoint_whose_script_lacks_model_fn_fails_and_its_log_says_why(sm, s3, bucket, logs):
    body = archive(**{"code/inference.py": "x = 1"})
    model = create_model(sm, s3, bucket, {"SAGEMAKER_PROGRAM": "inference.py"}, image=IMAGE, body=body)
    name = create_endpoint(sm, variant(model))
    endpoint = settle(sm, name)
    assert endpoint["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    events = logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["events"]
    assert any("model_fn is missing in inference.py" in event["message"] for event in events)
    delete_endpoint(sm, name)


def test_requirements_are_refused_unless_they_may_be_installed(tmp_path):
    wheel = tmp_path / "tiny_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as package:
        package.writestr("tiny_thing.py", "word = 'here'")
        for name, text in {
            "METADATA": "Metadata-Version: 2.1\nName: tiny_thing\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }.items():
            package.writestr(f"tiny_thing-1.0.dist-info/{name}", text)
    script = "import os, tiny_thing; open(os.environ['SM_MODEL_DIR'] + '/x', 'w').write(tiny_thing.word)"
    code = archive(**{"train.py": script, "requirements.txt": f"tiny_thing @ file://{wheel}\n"})
    parameters = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://requirements/sourcedir.tar.gz",
    }
    for install in (False, True):
        with LocalSageMaker(installRequirements=install):
            sm, s3 = boto3.Session().client("sagemaker"), boto3.Session().client("s3")
            s3.create_bucket(Bucket="requirements")
            s3.put_object(Bucket="requirements", Key="sourcedir.tar.gz", Body=code)
            wanted = request("requirements", parameters=parameters)
            wanted["AlgorithmSpecification"]["TrainingImage"] = IMAGE
            job = run(sm, wanted)
            if install:
                assert unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"x": "here"}
            else:
                assert "requirements.txt are not installed: tiny_thing" in job["FailureReason"]
