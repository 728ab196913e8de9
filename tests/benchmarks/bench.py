"""What all cases of one run share: sizes, inputs, and processes that are started when a case needs them."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession

from sagemaker_spark_py.service.session import Session
from tests.benchmarks.peer import ROOT, Peer, is_installed
from tests.benchmarks.stub import Stub
from tests.benchmarks.timing import Cost, Run, interleaved

SAGEMAKER2, SPARK33 = ".venv-peer-sagemaker2", ".venv-peer-spark33"
MASTER, MEMORY, FILE_BYTES = "local[2]", "6g", 256 << 20
BUCKET = "benchmarks"
_REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}


@dataclass
class Bench:
    """One run of the benchmarks; a context manager that ends what it has started.

    Parameters
    ----------
    rows : int
        Rows of most inputs.
    repeat : int
        How often each thing is measured.
    warm_ups : int
        How often it is done before that.
    large_rows : int
        Rows of the inputs that are only about memory.
    soak_rows : int
        Rows of the soak.
    folder : Path
        Where inputs and results are kept.
    """

    rows: int = 100_000
    repeat: int = 3
    warm_ups: int = 1
    large_rows: int = 160_000
    soak_rows: int = 10_000_000
    folder: Path = ROOT / ".benchmarks"
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Bench:
        os.environ.update(KEYS, PYSPARK_PYTHON=sys.executable)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            os.environ.pop(name, None)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    @property
    def inputs(self) -> Path:
        """Where inputs are kept."""
        return self.folder / "inputs"

    @cached_property
    def spark(self) -> SparkSession:
        """Our Spark, as large as the peer's."""
        builder = SparkSession.builder.master(MASTER).config("spark.driver.memory", MEMORY)
        for name in ("maxPartitionBytes", "openCostInBytes"):  # a file is a partition
            builder = builder.config(f"spark.sql.files.{name}", FILE_BYTES)
        spark = (
            builder.config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
        spark.sparkContext.setLogLevel("ERROR")
        self._open.callback(spark.stop)
        return spark

    @cached_property
    def codec_peer(self) -> Peer | None:
        """``sagemaker<3``, where it is installed."""
        return self._peer(SAGEMAKER2, "sagemaker2.py")

    @cached_property
    def spark_peer(self) -> Peer | None:
        """sagemaker_pyspark 1.4.5, where it is installed."""
        return self._peer(SPARK33, "spark33.py", MASTER, MEMORY, str(FILE_BYTES))

    @cached_property
    def stub(self) -> Stub:
        """The endpoint."""
        stub = Stub()
        self._open.callback(stub.close)
        return stub

    @cached_property
    def s3_url(self) -> str:
        """S3 on localhost with the bucket `BUCKET`."""
        command = [sys.executable, "-m", "tests.benchmarks.s3"]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._open.callback(_end, server)
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        boto3.client("s3", endpoint_url=url, region_name=_REGION).create_bucket(Bucket=BUCKET)
        return url

    def empty_bucket(self) -> None:
        """Forget all objects, without asking for each of them."""
        request = urllib.request.Request(f"{self.s3_url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=60):
            boto3.client("s3", endpoint_url=self.s3_url, region_name=_REGION).create_bucket(Bucket=BUCKET)

    def measured(self, runs: Mapping[str, Run]) -> dict[str, Cost]:
        """Return what several things cost that are done in turn."""
        return interleaved(runs, self.repeat, self.warm_ups)

    def session(self, **urls: str) -> Session:
        """Return a session that leads to these URLs, by service."""
        return Session(_REGION, endpointUrls=tuple(sorted(urls.items())))

    def _peer(self, environment: str, script: str, *arguments: str) -> Peer | None:
        if not is_installed(environment):
            return None
        peer = Peer(environment, script, *arguments)
        self._open.callback(peer.close)
        return peer


def scan(frame: DataFrame) -> Callable[[], Any]:
    """Return what reads all rows of a DataFrame and drops them."""
    return lambda: frame.write.format("noop").mode("overwrite").save()


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait()
