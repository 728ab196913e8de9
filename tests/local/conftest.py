"""A local SageMaker of this room's own: its tests break things, leave things and count what there is."""

import sys
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from sagemaker_spark_py.local import LocalSageMaker

ECHO = [sys.executable, str(Path(__file__).with_name("echo_image.py"))]
BATCH = [sys.executable, str(Path(__file__).with_name("batch_image.py"))]


@pytest.fixture(scope="package")
def aws():
    with LocalSageMaker(images={"echo": ECHO, "batch": BATCH}, graceSeconds=1.0) as aws:
        yield aws


@pytest.fixture(scope="package")
def sm(aws):
    return boto3.client("sagemaker")


@pytest.fixture(scope="package")
def s3(aws):
    return boto3.client("s3")


@pytest.fixture(scope="package")
def runtime(aws):
    return boto3.client("sagemaker-runtime")


@pytest.fixture(scope="package")
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
