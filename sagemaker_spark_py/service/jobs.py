"""Training jobs: create, wait, stop, and what they leave."""

from __future__ import annotations

from typing import Any

from sagemaker_spark_py.errors import (
    SettingError,
    TrainingError,
    TrainingInterruptedError,
    TrainingStoppedError,
)
from sagemaker_spark_py.service import taken, waiting
from sagemaker_spark_py.service.aws_errors import ANOTHER_NAME
from sagemaker_spark_py.service.logs import TRAINING_GROUP, LogTail
from sagemaker_spark_py.service.polling import Pace
from sagemaker_spark_py.service.progress import Watch, nothing
from sagemaker_spark_py.service.session import Session

TRAINING = waiting.Kind(
    noun="Training job",
    stem="training_job",
    member="TrainingJob",
    log_group=TRAINING_GROUP,
    console="jobs",
    failed=TrainingError,
    stopped=TrainingStoppedError,
    interrupted=TrainingInterruptedError,
    taken_up="What a job of this name has trained can be taken up with SageMakerModel.fromTrainingJob.",
)


def require_unused(session: Session, name: str) -> None:
    """Refuse the name of a training job that exists, with one call to AWS.

    Raises
    ------
    ServiceError
        If there is one of that name, or SageMaker cannot be reached. Who may not describe it is told by
        `create_training_job`.
    """
    advice = f"{ANOTHER_NAME} {TRAINING.taken_up}"
    taken.require_unused(TRAINING.called(name), lambda: describe_training_job(session, name), advice)


def create_training_job(session: Session, request: dict[str, Any]) -> str:
    """Start a training job and return its name.

    Parameters
    ----------
    session : Session
        How to reach SageMaker.
    request : dict
        From `requests.training_job`.

    Raises
    ------
    AccessError, ServiceError
        If SageMaker refuses; then no job runs.
    """
    return waiting.create(session, TRAINING, request)


def describe_training_job(session: Session, name: str) -> dict[str, Any]:
    """Return what SageMaker says about a training job.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    return waiting.describe(session, TRAINING, name)


def wait_for_training_job(
    session: Session,
    name: str,
    *,
    watch: Watch = nothing,
    pace: Pace = Pace(),  # noqa: B008  # a frozen value
    accept_stopped: bool = False,
    stop_on_interrupt: bool = True,
) -> dict[str, Any]:
    """Wait on the driver until a training job is over; return its last description.

    Throttling, server errors and lost connections are waited through.

    Parameters
    ----------
    session, name : Session, str
        How to reach SageMaker, and the job.
    watch : callable
        Gets a `State` after each look.
    pace : Pace
        How often to look; by default at most every 10 s, without end.
    accept_stopped : bool
        Whether a stopped job that has a model is as good as a completed one.
    stop_on_interrupt : bool
        Whether Ctrl-C stops the job. Otherwise it goes on, and costs.

    Raises
    ------
    TrainingError, TrainingStoppedError, TrainingInterruptedError
        If the job failed, was stopped, or Ctrl-C was pressed: it is over, or was told to stop.
    ServiceError
        If SageMaker cannot be asked any longer: for all we know the job still runs and needs its data.
    """

    def is_good(job: dict[str, Any]) -> bool:
        status = job["TrainingJobStatus"]
        return status == "Completed" or (status == "Stopped" and accept_stopped and _has_model(job))

    return waiting.wait(
        session,
        TRAINING,
        name,
        watch=watch,
        pace=pace,
        is_good=is_good,
        stop_on_interrupt=stop_on_interrupt,
        more=_left_by,
    )


def stop_training_job(session: Session, name: str) -> None:
    """Tell a training job to stop; it has 120 s to save its model.

    Raises
    ------
    ServiceError
        If SageMaker refuses, for example because the job is over.
    """
    waiting.stop(session, TRAINING, name)


def finished_training_job(session: Session, name: str) -> dict[str, Any]:
    """Return the description of a job that left a model: one that is completed, or was stopped.

    Raises
    ------
    SettingError
        If the job is in any other status or has no model.
    NotFoundError
        If there is none of that name.
    """
    job = describe_training_job(session, name)
    if job["TrainingJobStatus"] not in ("Completed", "Stopped") or not _has_model(job):
        raise SettingError(
            f"Training job {name!r} has left no model: its status is {job['TrainingJobStatus']}; "
            "expected Completed or Stopped. Wait for it, or name another job."
        )
    return job


def model_data_uri(job: dict[str, Any]) -> str:
    """Return the S3 URI of the model that a described job has left."""
    return str(job["ModelArtifacts"]["S3ModelArtifacts"])


def log_tail(session: Session, name: str) -> LogTail:
    """Return the tail of a job's log, for `progress.watcher`."""
    return waiting.log_tail(session, TRAINING, name)


def console_url(session: Session, name: str) -> str:
    """Return the address of a training job in the AWS console."""
    return waiting.console_url(session, TRAINING, name)


def _has_model(job: dict[str, Any]) -> bool:
    return bool(job.get("ModelArtifacts", {}).get("S3ModelArtifacts"))


def _left_by(job: dict[str, Any]) -> str:
    stopped = job["TrainingJobStatus"] != "Failed"
    return f"It may have left a model: {model_data_uri(job)}" if stopped and _has_model(job) else ""
