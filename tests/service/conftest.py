"""One S3 and STS server for all tests of this room, and credentials that are worth nothing."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from sagemaker_spark_py.service import polling
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.polling import Pace
from sagemaker_spark_py.service.session import Session
from tests.conftest import AWS_PAUSE_SECONDS

ACCOUNT = "123456789012"  # moto's


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]:
        monkeypatch.delenv(name)  # a local SageMaker may be running
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _pauses_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_FIRST_PAUSE_SECONDS", AWS_PAUSE_SECONDS)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a server that plays S3, STS and CloudWatch Logs."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def session(server: str) -> Session:
    return Session("us-east-1", endpointUrls=tuple((name, server) for name in ("logs", "s3", "sts")))


@pytest.fixture
def s3(server: str, _no_aws: None):
    """A client of boto3 itself, to look at what ours did."""
    return boto3.client("s3", endpoint_url=server, region_name="us-east-1")


@pytest.fixture
def place(s3) -> Place:
    bucket = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=bucket)
    return Place(bucket, "some/prefix")


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.pauses: list[float] = []

    def pace(self, **settings: float) -> Pace:
        return Pace(clock=lambda: self.time, sleep=self.sleep, **settings)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock of its own, and no chance in how long pauses are."""
    monkeypatch.setattr(polling.random, "uniform", lambda low, high: high)
    return Clock()


@pytest.fixture
def sagemaker(session: Session) -> Iterator[tuple[Session, Stubber]]:
    """A session whose SageMaker answers by a script, which must be used up by the end of the test."""
    client = boto3.client("sagemaker", region_name="us-east-1")
    scripted = Session(session.region, endpointUrls=session.endpointUrls)
    scripted._given["sagemaker"] = client
    with Stubber(client) as stub:
        yield scripted, stub
        stub.assert_no_pending_responses()
