"""The server as a process: how it starts, what it sets, and that nothing is left of it."""

import importlib.util
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import boto3
import pytest

from sagemaker_spark_py.errors import SageMakerSparkError, SettingError
from sagemaker_spark_py.local import LocalSageMaker

from .conftest import ECHO
from .jobs import create_endpoint, create_model, request, run, settle, variant

ROOT = Path(__file__).resolve().parents[2]
SERVER = [sys.executable, "-m", "sagemaker_spark_py.local"]


def aws_environment():
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def gone(pid):
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def await_gone(pids, folder):
    """Wait for processes and folder to go away; the test's own timeout is the limit."""
    while not (all(map(gone, pids)) and not folder.exists()):
        time.sleep(0.02)


def serve_something(sm, s3, runtime):
    """Make a serving and a training process; return their pids and the server's folder."""
    where = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}}
    s3.create_bucket(Bucket="some-bucket", **(where if s3.meta.region_name != "us-east-1" else {}))
    name = create_endpoint(sm, variant(create_model(sm, s3, "some-bucket")))
    settle(sm, name)
    said = json.load(runtime.invoke_endpoint(EndpointName=name, Body=b"x")["Body"])
    sm.create_training_job(**request("some-bucket", parameters={"action": "hang", "deaf": "yes"}))
    folder = Path(said["environment"]["SAGEMAKER_BASE_DIR"]).parents[1]
    while not list(folder.glob("training/*/*/*/algo-1/model/hangs")):
        time.sleep(0.02)
    return [said["pid"], *training_pids(folder)], folder


def training_pids(folder):
    """Find the processes that work below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in os.readlink(process / "cwd"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def clients():
    return [boto3.Session().client(name) for name in ("sagemaker", "s3", "sagemaker-runtime")]


def test_the_environment_leads_to_it_and_is_put_back(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "not-a-profile")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "old")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    before = dict(os.environ)
    with LocalSageMaker(region="us-west-2") as aws:
        assert aws.url.startswith("http://127.0.0.1:")
        for service in ("s3", "sts", "sagemaker", "sagemaker-runtime", "logs"):
            assert boto3.Session().client(service).meta.endpoint_url == aws.url
        assert boto3.Session().region_name == aws.region == "us-west-2"
        assert boto3.Session().client("sts").get_caller_identity()["Account"] == aws.account
    assert dict(os.environ) == before


def test_two_servers_are_two_clouds():
    with LocalSageMaker() as one:
        boto3.Session().client("s3").create_bucket(Bucket="only-here")
        with LocalSageMaker() as two:
            assert one.url != two.url
            assert boto3.Session().client("s3").list_buckets()["Buckets"] == []
        assert len(boto3.Session().client("s3").list_buckets()["Buckets"]) == 1


def test_it_may_be_started_and_stopped_twice():
    aws = LocalSageMaker()
    aws.stop()
    url = aws.start().url
    assert aws.start().url == url
    aws.stop()
    aws.stop()
    with aws:
        assert boto3.Session().client("sts").get_caller_identity()["Account"] == aws.account


def test_stopping_leaves_no_process_and_no_file():
    with LocalSageMaker(images={"echo": ECHO}):
        pids, folder = serve_something(*clients())
        assert not any(map(gone, pids))
    await_gone(pids, folder)


def test_its_events_are_logged_where_info_is(caplog):
    with (
        caplog.at_level(logging.INFO, logger="sagemaker_spark_py.local"),
        LocalSageMaker(images={"echo": ECHO}),
    ):
        sm, s3, _ = clients()
        s3.create_bucket(Bucket="some-bucket")
        run(sm, request("some-bucket", name="seen"))
    assert "training job seen: Completed" in caplog.text


def test_a_port_that_is_taken_is_reported(aws):
    with pytest.raises(SageMakerSparkError, match=r"did not start: exit code 1.*in use"):
        LocalSageMaker(port=int(aws.url.rpartition(":")[2])).start()


def test_a_missing_extra_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "moto" else find(name))
    with pytest.raises(SettingError, match=r"moto.*pip install 'sagemaker_spark_py\[local\]'"):
        LocalSageMaker().start()


def test_killing_the_parent_leaves_no_process_and_no_file():
    script = textwrap.dedent(
        """
        import json, sys, time
        from sagemaker_spark_py.local import LocalSageMaker
        from tests.local.conftest import ECHO
        from tests.local.test_lifecycle import clients, serve_something
        aws = LocalSageMaker(images={"echo": ECHO}).start()
        pids, folder = serve_something(*clients())
        print(json.dumps([[aws._server.pid, *pids], str(folder)]), flush=True)
        time.sleep(600)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        pids, folder = json.loads(parent.stdout.readline())
        assert len(pids) == 4
        assert not any(map(gone, pids))
        parent.kill()
    await_gone(pids, Path(folder))


@pytest.fixture
def server(tmp_path):
    """The server as a user starts it in a terminal; its events go to a file."""
    with (tmp_path / "events").open("w") as events:
        image = ["--image", f"echo={' '.join(ECHO)}"]
        process = subprocess.Popen(
            [*SERVER, "--port", "0", "--region", "eu-west-1", *image],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=events,
            text=True,
        )
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def exports(process):
    values = {}
    for line in process.stdout:
        if line.startswith("#"):
            return values
        name, _, value = line.removeprefix("export ").strip().partition("=")
        values[name] = value
    raise AssertionError("the server ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_server_shows_what_happens_and_ends_cleanly(server, monkeypatch, tmp_path, number):
    for name, value in exports(server).items():
        monkeypatch.setenv(name, value)
    sm, s3, runtime = (boto3.Session().client(name) for name in ("sagemaker", "s3", "sagemaker-runtime"))
    assert sm.meta.region_name == "eu-west-1"
    pids, folder = serve_something(sm, s3, runtime)
    server.send_signal(number)
    assert server.wait() == 0
    await_gone(pids, folder)
    events = (tmp_path / "events").read_text()
    assert "endpoint endpoint-" in events
    assert ": InService" in events
    assert ": Training" in events
    assert "Traceback" not in events


def test_the_folder_of_a_killed_server_is_removed_by_the_next(server, monkeypatch):
    for name, value in exports(server).items():
        monkeypatch.setenv(name, value)
    sm, s3, runtime = (boto3.Session().client(name) for name in ("sagemaker", "s3", "sagemaker-runtime"))
    pids, folder = serve_something(sm, s3, runtime)
    server.kill()
    while not all(map(gone, pids)):
        time.sleep(0.02)
    assert folder.exists()
    with LocalSageMaker():
        assert not folder.exists()


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
def test_the_aws_cli_talks_to_it(aws, tmp_path):
    def cli(*arguments):
        done = subprocess.run(["aws", *arguments], capture_output=True, text=True, check=True)
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    (tmp_path / "data.csv").write_text("1,2\n")
    cli("s3", "mb", "s3://cli-bucket")
    cli("s3", "cp", str(tmp_path / "data.csv"), "s3://cli-bucket/train/data.csv")
    assert cli("s3", "cp", "s3://cli-bucket/train/data.csv", "-") == "1,2\n"
    assert cli("sts", "get-caller-identity")["Account"] == aws.account
    asked = request("cli-bucket", name="from-the-cli")
    cli("sagemaker", "create-training-job", "--cli-input-json", json.dumps(asked))
    waited = cli("sagemaker", "describe-training-job", "--training-job-name", "from-the-cli")
    assert waited["TrainingJobStatus"] in ("InProgress", "Completed")


def test_the_command_line_explains_itself():
    done = subprocess.run(
        [*SERVER, "--image", "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "'nonsense' is not NAME=COMMAND" in done.stderr
