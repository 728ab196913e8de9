"""A training job from its start to its end: a thread that walks it through SageMaker's states.

Downloading lays out the hosts' folders and fills the channels, Training runs one container a host, Uploading
packs what they leave. Whatever goes wrong becomes the job's FailureReason.
"""

from __future__ import annotations

import logging
import queue
import shutil
import time
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_spark_py.local import archives, channels, layout, source, store
from sagemaker_spark_py.local.logs import LogStream
from sagemaker_spark_py.local.pipes import Pipe
from sagemaker_spark_py.local.processes import Container
from sagemaker_spark_py.local.training_job import STOP, TrainingJob

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
DEFAULT_MAX_RUNTIME_SECONDS = 86_400
REASON_CHARACTERS = 1024


class JobFailed(Exception):
    """Ends a job; the text is its FailureReason."""


class StopAsked(Exception):
    """A stop came before there was a container to stop."""


def train(job: TrainingJob) -> None:
    """Run a job to its end; the body of the job's thread."""
    run = _Run(job)
    try:
        end = run.to_the_end()
    except StopAsked:
        end = "Stopped"
    except JobFailed as error:
        job.failure_reason = str(error)[:REASON_CHARACTERS]
        end = "Failed"
    except Exception as error:
        if job.cloud.closing.is_set():
            return
        logger.exception("training job %s: the local SageMaker failed", job.name)
        job.failure_reason = f"InternalServerError: {error!r}"[:REASON_CHARACTERS]
        end = "Failed"
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
    job.enter(end)


class _Run:
    """One run of one job."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job
        self._request = job.request
        self._s3 = job.cloud.client("s3", job.region.name)
        self._hosts = layout.hosts_of(job.request["ResourceConfig"])
        self._started = int(time.time())
        self._deadline = 0.0
        self._pipes: list[Pipe] = []
        self._containers: list[Container] = []
        self.folder = job.cloud.home / "training" / job.region.account / job.region.name / job.name

    def to_the_end(self) -> str:
        """Return the final SecondaryStatus."""
        try:
            self._go_on()
            self._job.enter("Downloading")
            self._download()
            self._go_on()
            self._job.enter("Training")
            for number in range(len(self._hosts)):
                self._start(number)
            end = self._supervise()
        finally:
            self._release()
        self._job.enter("Uploading")
        self._upload(end)
        if end == "Failed":
            raise JobFailed(self._job.failure_reason)
        return end

    def _go_on(self) -> None:
        if self._job.stop_requested:
            raise StopAsked

    def _release(self) -> None:
        for container in self._containers:
            container.kill()
        for pipe in self._pipes:
            pipe.stop()

    def _place(self, number: int) -> Path:
        """Return the folder that is /opt/ml of a host."""
        return self.folder / self._hosts[number].name

    # Downloading

    def _download(self) -> None:
        for number, host in enumerate(self._hosts):
            layout.lay_out(self._place(number), self._request, host, self._hosts)
        (self.folder / "rendezvous").mkdir()
        settings = {**self._request.get("Environment", {}), **self._request.get("HyperParameters", {})}
        try:
            for number in range(len(self._hosts)):
                source.bring(self._s3, settings, self._place(number))
            self._restore_checkpoints()
            for channel in self._request.get("InputDataConfig", ()):
                self._fill(channel)
        except (channels.DataDownloadError, ClientError) as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from error
        except source.SourceError as error:
            raise JobFailed(f"AlgorithmError: {error}") from error

    def _restore_checkpoints(self) -> None:
        """Bring what an earlier job left below CheckpointConfig's S3Uri to every host."""
        if "CheckpointConfig" in self._request:
            bucket, prefix = store.split_uri(self._checkpoints_uri())
            found = channels.items_below(self._s3, bucket, prefix)
            for number in range(len(self._hosts)):
                channels.download(found, self._place(number) / layout.CHECKPOINTS, self._s3, self._go_on)

    def _checkpoints_uri(self) -> str:
        return str(self._request["CheckpointConfig"]["S3Uri"]).rstrip("/") + "/"

    def _fill(self, channel: dict[str, Any]) -> None:
        """Bring one channel to every host."""
        mode = channels.input_mode(channel, self._request)
        found = channels.items(channel, mode, self._s3)
        for number in range(len(self._hosts)):
            data = self._place(number) / "input" / "data"
            own = channels.shard(found, channel, number, len(self._hosts))
            if mode == "Pipe":
                self._pipes.append(Pipe(channel, own, data, self._s3, self._pipe_failed))
            else:
                channels.download(own, data / channel["ChannelName"], self._s3, self._go_on)

    def _pipe_failed(self, reason: str) -> None:
        self._job.events.put(f"ClientError: Data download failed:{reason}")

    # Training

    def _start(self, number: int) -> None:
        job, host = self._job, self._hosts[number]
        logs = job.cloud.client("logs", job.region.name)
        stream = LogStream(logs, LOG_GROUP, f"{job.name}/{host.name}-{self._started}")

        def on_lines(lines: list[str]) -> None:
            job.metrics.read(lines)
            stream.write(lines)

        image = self._request["AlgorithmSpecification"]["TrainingImage"]
        command = job.cloud.images.command(image, "train")
        try:
            container = job.cloud.start(
                command, self._place(number), self._environment(number), on_lines, job.events.put
            )
        except OSError as error:  # a user's own image whose command is not there
            raise JobFailed(f"ClientError: The container could not be started: {error}") from error
        self._containers.append(container)

    def _environment(self, number: int) -> dict[str, str]:
        own = {
            **self._request.get("Environment", {}),
            "SAGEMAKER_BASE_DIR": str(self._place(number)),
            "SAGEMAKER_LOCAL_RENDEZVOUS": str(self.folder / "rendezvous"),
            "TRAINING_JOB_NAME": self._job.name,
            "TRAINING_JOB_ARN": self._job.arn,
        }
        return self._job.cloud.container_environment(self._job.region.name, own)

    def _supervise(self) -> str:
        """Wait until every container has ended; one that fails, a stop or the time limit ends the others."""
        stopping = self._request["StoppingCondition"]
        self._deadline = time.monotonic() + stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)
        running, end = set(self._containers), ""
        while running:
            event = self._next_event()
            if isinstance(event, Container):
                running.discard(event)
            if event is None and end:  # the grace is over
                self._deadline = float("inf")
                for container in running:
                    container.kill()
            elif not end:
                end = self._verdict(event)
                if end:
                    self._end(running)
        return end or "Completed"

    def _next_event(self) -> Container | str | None:
        """Wait for what happens next; None: the deadline."""
        left = max(0.0, self._deadline - time.monotonic())
        try:
            return self._job.events.get(timeout=None if left == float("inf") else left)
        except queue.Empty:
            return None

    def _verdict(self, event: Container | str | None) -> str:
        """Return how the job ends because of an event, ``""`` where it goes on."""
        if event is None:
            return "MaxRuntimeExceeded"
        if event == STOP:
            return "Stopped"
        if isinstance(event, Container):
            if event.exit_code == 0:
                return ""
            self._job.failure_reason = _reason(event)
        else:
            self._job.failure_reason = str(event)
        return "Failed"

    def _end(self, running: set[Container]) -> None:
        for container in running:
            container.terminate()
        self._deadline = time.monotonic() + self._job.cloud.grace_seconds

    # Uploading

    def _upload(self, end: str) -> None:
        """Bring models (unless the job failed) and outputs of all hosts to S3."""
        output = self._request["OutputDataConfig"]
        root = f"{output['S3OutputPath'].rstrip('/')}/{self._job.name}/output"
        places = [self._place(number) for number in range(len(self._hosts))]
        try:
            self._keep_checkpoints(places)
            if end != "Failed":
                models = archives.files_below(place / "model" for place in places)
                self._job.artifacts = self._upload_files(models, f"{root}/model")
            self._upload_files(
                archives.files_below(place / "output" / "data" for place in places), f"{root}/output"
            )
        except (ClientError, BotoCoreError, S3UploadFailedError) as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from error

    def _keep_checkpoints(self, places: list[Path]) -> None:
        """Copy checkpoints to S3: here when the containers have ended, on SageMaker all along."""
        if "CheckpointConfig" in self._request:
            files = archives.files_below(place / layout.CHECKPOINTS for place in places)
            for name, path in files.items():
                store.upload(self._s3, path, self._checkpoints_uri() + name, {})

    def _upload_files(self, files: dict[str, Path], uri: str) -> str:
        """Upload files as one archive, or one by one where the request says CompressionType NONE."""
        output = self._request["OutputDataConfig"]
        settings = store.encryption(output.get("KmsKeyId"))
        if output.get("CompressionType") == "NONE":
            for name, path in files.items():
                store.upload(self._s3, path, f"{uri}/{name}", settings)
            return f"{uri}/"
        if files:
            archive = self.folder / "archive.tar.gz"
            archives.pack(files, archive)
            store.upload(self._s3, archive, f"{uri}.tar.gz", settings)
        return f"{uri}.tar.gz"


def _reason(container: Container) -> str:
    """Word a container's failure as SageMaker does.

    The algorithms' toolkit marks whose fault it is in the text; everything else is the algorithm's.
    """
    text = layout.failure_text(container.folder)
    kind = "AlgorithmError"
    for mark, meant in (
        ("Customer Error: ", "ClientError"),
        ("ClientError: ", "ClientError"),
        ("AlgorithmError: ", kind),
    ):
        if text.startswith(mark):
            kind, text = meant, text.removeprefix(mark)
            break
    return f"{kind}: {text}, exit code: {container.exit_code}"
