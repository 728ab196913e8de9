"""A user's own program as an image, and what happens where it is not there."""

import sys

import boto3
import pytest

from sagemaker_spark_py.local import LocalSageMaker
from sagemaker_spark_py.local.images import Images, registry, repository, tag

from .jobs import ECHO_IMAGE, create_endpoint, create_model, request, run, settle, unique, variant


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", ("382416733822", "kmeans", "1")),
        ("382416733822.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b", ("382416733822", "a/b", "latest")),
        ("localhost:5000/thing:2", ("", "thing", "2")),
        ("thing@sha256:0123", ("", "thing", "latest")),
        ("thing", ("", "thing", "latest")),
    ],
)
def test_the_parts_of_an_image_uri(uri, parts):
    assert (registry(uri), repository(uri), tag(uri)) == parts


def test_an_own_image_goes_before_the_ones_that_come_along():
    images = Images({"kmeans": ["my-kmeans"]})
    assert images.command("1.dkr/kmeans:7", "train") == ["my-kmeans", "train", "kmeans:7"]


def test_the_images_that_come_along_are_started_as_modules():
    command = Images({}).command("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", "serve")
    assert command == [sys.executable, "-m", "sagemaker_spark_py.containers", "serve", "kmeans:1"]


def test_a_command_that_is_not_there_fails_job_and_endpoint():
    with LocalSageMaker(images={"echo": ["/no/such/program"]}):
        sm, s3 = boto3.Session().client("sagemaker"), boto3.Session().client("s3")
        bucket = unique("bucket")
        s3.create_bucket(Bucket=bucket)
        job = run(sm, request(bucket, hosts=2))
        assert job["FailureReason"].startswith("ClientError: The container could not be started:")
        endpoint = settle(sm, create_endpoint(sm, variant(create_model(sm, s3, bucket, image=ECHO_IMAGE))))
        assert endpoint["EndpointStatus"] == "Failed"
        assert "could not be started" in endpoint["FailureReason"]
