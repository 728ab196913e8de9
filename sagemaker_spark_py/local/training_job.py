"""What is known about a training job, and the states it may be in."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

from sagemaker_spark_py.local.cloud import Cloud, Region, now
from sagemaker_spark_py.local.metrics import MetricWatch
from sagemaker_spark_py.local.processes import Container

logger = logging.getLogger(__name__)

MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
STOPPED = ("Stopped", "MaxRuntimeExceeded")
STOP = "stop"
ENDED = ("Completed", "Failed", *STOPPED)


class TrainingJob:
    """What is known about a training job; the thread of `train` moves it on.

    Parameters
    ----------
    request : dict
        CreateTrainingJob's parameters.
    arn : str
    region : Region
    cloud : Cloud
    """

    def __init__(self, request: dict[str, Any], arn: str, region: Region, cloud: Cloud) -> None:
        self.request = request
        self.name: str = request["TrainingJobName"]
        self.arn = arn
        self.region = region
        self.cloud = cloud
        self.metrics = MetricWatch(request["AlgorithmSpecification"].get("MetricDefinitions", ()))
        self.artifacts = ""
        self.failure_reason = ""
        # What happens to the running job: containers that ended, a stop that was asked for, an error.
        self.events: queue.Queue[Container | str] = queue.Queue()
        self.stop_requested = False
        self._lock = threading.RLock()
        self._created = now()
        self._times: dict[str, Any] = {}
        self._transitions: list[dict[str, Any]] = []
        self.enter("Starting")

    @property
    def secondary_status(self) -> str:
        """The newest SecondaryStatus."""
        return self._transitions[-1]["Status"]  # type: ignore[no-any-return]

    @property
    def status(self) -> str:
        """The TrainingJobStatus that goes with the secondary status."""
        secondary = self.secondary_status
        if secondary in STOPPED:
            return "Stopped"
        if self.stop_requested and secondary not in ENDED:
            return "Stopping"
        return secondary if secondary in ENDED else "InProgress"

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.secondary_status in ENDED

    def enter(self, secondary: str) -> None:
        """Move on to a secondary status."""
        with self._lock:
            moment = now()
            if self._transitions:
                self._transitions[-1]["EndTime"] = moment
            transition = {"Status": secondary, "StartTime": moment, "StatusMessage": MESSAGES[secondary]}
            self._transitions.append(transition)
            if secondary == "Downloading":
                self._times["TrainingStartTime"] = moment
            if secondary in ENDED:
                transition["EndTime"] = moment
                self._times["TrainingEndTime"] = moment
        logger.info("training job %s: %s%s", self.name, secondary, self._reason_shown(secondary))

    def request_stop(self) -> bool:
        """Ask for an end; False where the job is not in progress."""
        with self._lock:
            if self.status != "InProgress":
                return False
            self.stop_requested = True
            self.enter("Stopping")
            self.events.put(STOP)
            return True

    def describe(self) -> dict[str, Any]:
        """Return DescribeTrainingJob's answer."""
        with self._lock:
            return {
                "EnableNetworkIsolation": False,
                "EnableInterContainerTrafficEncryption": False,
                "EnableManagedSpotTraining": False,
                **self.request,
                **self.summary(),
                "SecondaryStatus": self.secondary_status,
                "SecondaryStatusTransitions": list(self._transitions),
                "ModelArtifacts": {"S3ModelArtifacts": self.artifacts} if self.artifacts else None,
                "FailureReason": self.failure_reason or None,
                "FinalMetricDataList": self.metrics.final() or None,
                **self._duration(),
            }

    def summary(self) -> dict[str, Any]:
        """Return the job as ListTrainingJobs shows it."""
        with self._lock:
            return {
                "TrainingJobName": self.name,
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self.status,
                "CreationTime": self._created,
                "LastModifiedTime": self._transitions[-1]["StartTime"],
                **self._times,
            }

    def _duration(self) -> dict[str, int]:
        if "TrainingEndTime" not in self._times or "TrainingStartTime" not in self._times:
            return {}
        seconds = self._times["TrainingEndTime"] - self._times["TrainingStartTime"]
        whole = max(1, round(seconds.total_seconds()))
        return {"TrainingTimeInSeconds": whole, "BillableTimeInSeconds": whole}

    def _reason_shown(self, secondary: str) -> str:
        return f" ({self.failure_reason})" if secondary == "Failed" else ""
