"""One local SageMaker for all tests of this room, with a trivial image beside the real ones."""

import sys
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from sagemaker_spark_py.local import LocalSageMaker

ECHO = [sys.executable, str(Path(__file__).with_name("echo_image.py"))]


@pytest.fixture(scope="session")
def aws():
    with LocalSageMaker(images={"echo": ECHO}, graceSeconds=1.0) as aws:
        yield aws


@pytest.fixture(scope="session")
def sm(aws):
    return boto3.client("sagemaker")


@pytest.fixture(scope="session")
def s3(aws):
    return boto3.client("s3")


@pytest.fixture(scope="session")
def runtime(aws):
    return boto3.client("sagemaker-runtime")


@pytest.fixture(scope="session")
def logs(aws):
    return boto3.client("logs")


@pytest.fixture
def bucket(s3):
    name = f"bucket-{uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def faults(aws):
    yield aws.faults
    aws.faults.clear()
