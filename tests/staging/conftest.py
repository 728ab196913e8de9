"""One Spark session and one S3 server for all tests of this room."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pyspark import cloudpickle

from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session

from . import faults, odd
from .partitions import write_here

__all__ = ["write_here"]

for module in (faults, odd):  # the workers' Python does not find the tests
    cloudpickle.register_pickle_by_value(module)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a server that plays S3."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def session(server: str) -> Session:
    return Session("us-east-1", endpointUrls=(("s3", server),))


@pytest.fixture
def s3(server: str):
    """A client of boto3 itself, to look at what ours did."""
    return boto3.client("s3", endpoint_url=server, region_name="us-east-1")


@pytest.fixture
def place(s3) -> Place:
    bucket = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=bucket)
    return Place(bucket, "some/job")


@pytest.fixture
def keys(s3, place: Place):
    """Return all keys of the bucket."""

    def listed() -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    return listed
