"""One Spark session and one local SageMaker for the whole run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from pyspark.sql import SparkSession

from sagemaker_spark_py.local import LocalSageMaker
from sagemaker_spark_py.service import polling

# Jobs and endpoints of the local SageMaker take a second or two, not minutes.
AWS_PAUSE_SECONDS, polling._FIRST_PAUSE_SECONDS = polling._FIRST_PAUSE_SECONDS, 0.05

# Python workers inherit the environment that the JVM was started in, so this comes before any test.
os.environ.update(
    PYSPARK_PYTHON=sys.executable,
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_EC2_METADATA_DISABLED="true",
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
    os.environ.pop(name, None)

BATCH_IMAGE = [sys.executable, str(Path(__file__).parent / "local" / "batch_image.py")]
ECHO_IMAGE = [sys.executable, str(Path(__file__).parent / "local" / "echo_image.py")]


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    """Two tasks at once; a task may fail once."""
    builder = SparkSession.builder.master("local[2,2]").config("spark.ui.enabled", "false")
    return builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()


@pytest.fixture(scope="session")
def local_sagemaker() -> Iterator[LocalSageMaker]:
    """The local SageMaker with a trivial image beside the real ones; the environment does not lead to it."""
    aws = LocalSageMaker(images={"echo": ECHO_IMAGE, "batch": BATCH_IMAGE}, graceSeconds=1.0)
    with aws:
        yield aws


@pytest.fixture
def aws(local_sagemaker: LocalSageMaker) -> Iterator[LocalSageMaker]:
    """The local SageMaker, with no faults at the beginning and at the end."""
    yield local_sagemaker
    local_sagemaker.faults.clear()


@pytest.fixture
def sagemaker(aws: LocalSageMaker) -> Any:
    """A client of boto3 itself, to look at what ours did."""
    return boto3.client("sagemaker")
