"""An instance of a multi-model endpoint: each model is brought to it when it is first asked for.

A real container loads all models into one process. Here each has a container of its own, made as for an
endpoint of that model alone, so that any image can serve several; callers see the same.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import urllib3

from sagemaker_spark_py.local import store
from sagemaker_spark_py.local.cloud import Cloud
from sagemaker_spark_py.local.errors import AwsError
from sagemaker_spark_py.local.instances import (
    ANSWER_SECONDS,
    DEFAULT_STARTUP_SECONDS,
    LOG_GROUPS,
    Instance,
    StartFailed,
)

TARGET_HEADER = "X-Amzn-SageMaker-Target-Model"
MODE = "MultiModel"


class MultiModelInstance:
    """Serves the models below a prefix; takes the place of an `Instance`.

    Parameters
    ----------
    cloud, region, place
        As for `Instance`.
    definition : dict
        The model's container; its ModelDataUrl is the prefix.
    """

    def __init__(self, cloud: Cloud, region: str, place: tuple[str, str], definition: dict[str, Any]) -> None:
        self._made_of = (cloud, region, place)
        self._definition = definition
        self._loaded: dict[str, Instance] = {}
        self._lock = threading.Lock()
        self.log_group = f"{LOG_GROUPS}/{place[0]}"

    def start(self) -> None:
        """Begin without a model."""

    def await_ping(self, startup_seconds: float) -> None:
        """Be there at once."""

    def invoke(
        self, body: bytes, headers: Mapping[str, str], timeout_seconds: float = ANSWER_SECONDS
    ) -> urllib3.BaseHTTPResponse:
        """Send one request to the container of the model that the headers name.

        Raises
        ------
        AwsError
            ValidationError where none is named, or its artifact is not there or cannot be served.
        urllib3.exceptions.HTTPError
            Where the container does not answer.
        """
        target = headers.get(TARGET_HEADER, "")
        if not target:
            raise AwsError("ValidationError", "Target model must be given for a multi-model endpoint.")
        with self._lock:  # a second request for a model waits until it is there
            instance = self._loaded.get(target) or self._load(target)
        return instance.invoke(body, headers, timeout_seconds)

    def stop(self) -> None:
        """End all containers."""
        for instance in self._loaded.values():
            instance.stop()

    def _load(self, target: str) -> Instance:
        cloud, region, _ = self._made_of
        uri = self._definition["ModelDataUrl"].rstrip("/") + "/" + target.lstrip("/")
        if not store.exists(cloud.client("s3", region), uri):
            bucket, key = store.split_uri(uri)
            raise AwsError(
                "ValidationError",
                f"Failed to download model data (bucket: {bucket}, key: {key}). Is there an object at this "
                "URL, and may the role passed to CreateModel download it?",
            )
        instance = Instance(*self._made_of, {**self._definition, "ModelDataUrl": uri})
        try:
            instance.start()
            instance.await_ping(DEFAULT_STARTUP_SECONDS)
        except StartFailed as error:
            instance.stop()
            raise AwsError("ValidationError", f"Model {target} cannot be served: {error}") from error
        self._loaded[target] = instance
        return instance
