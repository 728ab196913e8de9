"""The instances of one production variant: a serving container each, on a port of its own."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_spark_py.local import archives, source, store
from sagemaker_spark_py.local.cloud import Cloud
from sagemaker_spark_py.local.logs import LogStream
from sagemaker_spark_py.local.models import model_data_uri
from sagemaker_spark_py.local.processes import Container

logger = logging.getLogger(__name__)

LOG_GROUPS = "/aws/sagemaker/Endpoints"
PING_SECONDS = 2.0
PING_PAUSE_SECONDS = 0.05
DEFAULT_STARTUP_SECONDS = 240
STOP_GRACE_SECONDS = 30.0
# A container must take connections within 250 ms and answer within 60 s; on a laptop's localhost the
# first is given more room.
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0


class StartFailed(Exception):
    """An instance did not come into service; the text is the endpoint's FailureReason."""


class Instance:
    """One serving container.

    Parameters
    ----------
    cloud : Cloud
    region : str
    place : tuple of str
        Endpoint and variant, for its log and its name.
    definition : dict
        The model's container: Image, ModelDataUrl, Environment.
    """

    def __init__(self, cloud: Cloud, region: str, place: tuple[str, str], definition: dict[str, Any]) -> None:
        self._cloud = cloud
        self._region = region
        self._definition = definition
        self._variant = place[1]
        self.stream = f"{place[1]}/i-{uuid4().hex[:17]}"
        self.log_group = f"{LOG_GROUPS}/{place[0]}"
        self.folder = cloud.home / "hosting" / uuid4().hex
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", _free_port(), maxsize=64, retries=False)
        self._container: Container | None = None

    def start(self) -> None:
        """Bring the model to the instance and start its container.

        Raises
        ------
        StartFailed
            Where the model data cannot be read.
        """
        model = self.folder / "model"
        model.mkdir(parents=True)
        uri = model_data_uri(self._definition)
        if uri:
            self._fetch(uri, model)
        self._fetch_source()
        stream = LogStream(self._cloud.client("logs", self._region), self.log_group, self.stream)
        command = self._cloud.images.command(self._definition["Image"], "serve")
        try:
            self._container = self._cloud.start(
                command, self.folder, self._environment(), stream.write, self._ended
            )
        except OSError as error:  # a user's own image whose command is not there
            raise StartFailed(f"The container could not be started: {error}") from error

    def await_ping(self, startup_seconds: float) -> None:
        """Wait until ``GET /ping`` is answered with 200.

        Raises
        ------
        StartFailed
            Where the container ends first, or the time runs out.
        """
        assert self._container is not None
        deadline = time.monotonic() + startup_seconds
        while not self._container.ended and time.monotonic() < deadline:
            if self._ping():
                return
            self._container.wait(PING_PAUSE_SECONDS)
        raise StartFailed(self._not_well())

    def execution_parameters(self) -> dict[str, Any]:
        """Return the limits that the container names for Batch Transform, none where it names none."""
        try:
            answer = self._pool.request("GET", "/execution-parameters", timeout=PING_SECONDS)
            found = json.loads(answer.data) if answer.status == 200 else {}
        except (urllib3.exceptions.HTTPError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def invoke(
        self, body: bytes, headers: Mapping[str, str], answer_seconds: float = ANSWER_SECONDS
    ) -> urllib3.BaseHTTPResponse:
        """Send one request to the container, which has `answer_seconds` to answer.

        Raises
        ------
        urllib3.exceptions.HTTPError
            Where it does not answer.
        """
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=answer_seconds)
        return self._pool.request("POST", "/invocations", body=body, headers=headers, timeout=timeout)

    def stop(self) -> None:
        """End the container and remove its files."""
        if self._container is not None:
            self._container.stop(STOP_GRACE_SECONDS)
        self._pool.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fetch(self, uri: str, model: Path) -> None:
        bucket, key = store.split_uri(uri)
        archive = self.folder / "model.tar.gz"
        try:
            store.download(self._cloud.client("s3", self._region), bucket, key, archive)
            archives.unpack(archive, model)
        except (ClientError, BotoCoreError, *archives.UNREADABLE) as error:
            raise StartFailed(
                f'Failed to download model data for container "container_1" from URL: "{uri}". Please ensure '
                "that there is an object located at the URL, that it is a gzip-compressed tar archive, and "
                f"that the role passed to CreateModel has permissions to download the model. ({error})"
            ) from error
        archive.unlink()

    def _not_well(self) -> str:
        return (
            f"The primary container for production variant {self._variant} did not pass the ping health "
            "check. Please check CloudWatch logs for this endpoint."
        )

    def _fetch_source(self) -> None:
        environment = self._definition.get("Environment", {})
        try:
            source.bring(self._cloud.client("s3", self._region), environment, self.folder)
        except source.SourceError as error:
            raise StartFailed(str(error)) from error

    def _ended(self, container: Container) -> None:
        logger.info(
            "instance %s of %s ended with exit code %s", self.stream, self.log_group, container.exit_code
        )

    def _environment(self) -> dict[str, str]:
        own = {
            **self._definition.get("Environment", {}),
            "SAGEMAKER_BASE_DIR": str(self.folder),
            "SAGEMAKER_BIND_TO_PORT": str(self._pool.port),
        }
        return self._cloud.container_environment(self._region, own)

    def _ping(self) -> bool:
        try:
            return self._pool.request("GET", "/ping", timeout=PING_SECONDS).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
