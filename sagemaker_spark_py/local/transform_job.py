"""What is known about a transform job, and the states it may be in."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

from sagemaker_spark_py.local.cloud import Cloud, Region, now

logger = logging.getLogger(__name__)

ENDED = ("Completed", "Failed", "Stopped")
STOP = "stop"


class TransformJob:
    """What is known about a transform job; the thread of `transform` moves it on.

    Parameters
    ----------
    request : dict
        CreateTransformJob's parameters.
    arn : str
    region : Region
    cloud : Cloud
    container : dict
        The model's container as it was when the job was made: Image, ModelDataUrl, Environment.
    """

    def __init__(
        self, request: dict[str, Any], arn: str, region: Region, cloud: Cloud, container: dict[str, Any]
    ) -> None:
        self.request = request
        self.name: str = request["TransformJobName"]
        self.arn = arn
        self.region = region
        self.cloud = cloud
        self.container = container
        self.status = "InProgress"
        self.failure_reason = ""
        self.stop_asked = threading.Event()
        # What happens to the running job: instances that are done, a stop that was asked for.
        self.events: queue.Queue[str] = queue.Queue()
        self._lock = threading.RLock()
        self._created = self._modified = now()
        self._times: dict[str, Any] = {}
        logger.info("transform job %s: InProgress", self.name)

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.status in ENDED

    def start(self) -> None:
        """Note that the instances take up their work."""
        self._times["TransformStartTime"] = now()

    def enter(self, status: str, reason: str = "") -> None:
        """Move on to a status."""
        with self._lock:
            self.status, self.failure_reason, self._modified = status, reason, now()
            if self.ended:
                self._times["TransformEndTime"] = self._modified
        logger.info("transform job %s: %s%s", self.name, status, f" ({reason})" if reason else "")

    def request_stop(self) -> bool:
        """Ask for an end; False where the job is not in progress."""
        with self._lock:
            if self.status != "InProgress":
                return False
            self.enter("Stopping")
            self.stop_asked.set()
            self.events.put(STOP)
            return True

    def describe(self) -> dict[str, Any]:
        """Return DescribeTransformJob's answer."""
        with self._lock:
            shown = {key: value for key, value in self.request.items() if key != "Tags"}
            return {**shown, **self.summary(), **self._times}

    def summary(self) -> dict[str, Any]:
        """Return the job as ListTransformJobs shows it."""
        with self._lock:
            return {
                "TransformJobName": self.name,
                "TransformJobArn": self.arn,
                "TransformJobStatus": self.status,
                "CreationTime": self._created,
                "LastModifiedTime": self._modified,
                "TransformEndTime": self._times.get("TransformEndTime"),
                "FailureReason": self.failure_reason or None,
            }
