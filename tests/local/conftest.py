"""Clients of boto3 for the local SageMaker, and what tests need to see of it."""

import sys
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

ECHO = [sys.executable, str(Path(__file__).with_name("echo_image.py"))]


@pytest.fixture(scope="session")
def sm(local_sagemaker):
    return boto3.client("sagemaker")


@pytest.fixture(scope="session")
def s3(local_sagemaker):
    return boto3.client("s3")


@pytest.fixture(scope="session")
def runtime(local_sagemaker):
    return boto3.client("sagemaker-runtime")


@pytest.fixture(scope="session")
def logs(local_sagemaker):
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
