"""Training jobs: create, wait, stop, and say why one failed."""

from __future__ import annotations

import logging
from typing import Any

from sagemaker_spark_py.errors import (
    ServiceError,
    SettingError,
    TrainingError,
    TrainingInterruptedError,
    TrainingStoppedError,
)
from sagemaker_spark_py.service.aws_errors import TAKEN, translated
from sagemaker_spark_py.service.hints import hint
from sagemaker_spark_py.service.logs import TRAINING_GROUP, LogTail, last_lines
from sagemaker_spark_py.service.polling import Pace, poll
from sagemaker_spark_py.service.progress import State, Watch, nothing
from sagemaker_spark_py.service.session import Session

OVER = frozenset({"Completed", "Failed", "Stopped"})
"""Statuses that do not change any more. All others, also those that AWS adds later, are work in progress."""

_log = logging.getLogger(__name__)


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
    name = str(request["TrainingJobName"])
    try:
        with translated(f"Training job {name!r}"):
            session.client("sagemaker").create_training_job(**request)
    except ServiceError as error:
        if error.code in TAKEN:
            advice = f"{error} A job of this name can be taken up with SageMakerModel.fromTrainingJob."
            raise ServiceError(advice, error.code, error.status, error.requestId) from error
        raise
    _log.info("Training job %s: %s", name, console_url(session, name))
    return name


def describe_training_job(session: Session, name: str) -> dict[str, Any]:
    """Return what SageMaker says about a training job.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    with translated(f"Training job {name!r}"):
        return dict(session.client("sagemaker").describe_training_job(TrainingJobName=name))


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
    try:
        job = _follow(session, name, watch, pace)
    except KeyboardInterrupt as interrupt:
        raise _interrupted(session, name, stop_on_interrupt) from interrupt
    status = job["TrainingJobStatus"]
    if status == "Completed" or (status == "Stopped" and accept_stopped and _has_model(job)):
        return job
    raise _ended_badly(session, job)


def stop_training_job(session: Session, name: str) -> None:
    """Tell a training job to stop; it has 120 s to save its model.

    Raises
    ------
    ServiceError
        If SageMaker refuses, for example because the job is over.
    """
    with translated(f"Training job {name!r}"):
        session.client("sagemaker").stop_training_job(TrainingJobName=name)


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
    return LogTail(session, TRAINING_GROUP, f"{name}/")


def console_url(session: Session, name: str) -> str:
    """Return the address of a training job in the AWS console."""
    region = session.region or ""
    console = "console.amazonaws.cn" if region.startswith("cn-") else f"{region}.console.aws.amazon.com"
    console = "console.amazonaws-us-gov.com" if region.startswith("us-gov-") else console
    return f"https://{console}/sagemaker/home?region={region}#/jobs/{name}"


def _has_model(job: dict[str, Any]) -> bool:
    return bool(job.get("ModelArtifacts", {}).get("S3ModelArtifacts"))


def _state(job: dict[str, Any], elapsed_seconds: float) -> State:
    status, finer = job["TrainingJobStatus"], job.get("SecondaryStatus")
    transitions = job.get("SecondaryStatusTransitions") or [{}]
    return State(
        f"Training job {job['TrainingJobName']!r}",
        f"{status} ({finer})" if finer and finer != status else status,
        transitions[-1].get("StatusMessage", ""),
        elapsed_seconds,
        status in OVER,
    )


def _follow(session: Session, name: str, watch: Watch, pace: Pace) -> dict[str, Any]:
    """Look at a job until it is over."""
    started = pace.clock()

    def look() -> dict[str, Any]:
        job = describe_training_job(session, name)
        watch(_state(job, pace.clock() - started))
        return job

    return poll(look, lambda job: job["TrainingJobStatus"] in OVER, pace)


def _interrupted(session: Session, name: str, stop: bool) -> TrainingInterruptedError:
    status, told = "InProgress", "it was left running"
    if stop:
        try:
            stop_training_job(session, name)
            status, told = "Stopping", "it was told to stop"
        except ServiceError as error:
            told = f"it could not be told to stop ({error})"
    return TrainingInterruptedError(
        f"Training job {name!r} was interrupted while it was waited for; {told}. "
        f"Look at {console_url(session, name)}, or take up its model with SageMakerModel.fromTrainingJob.",
        name,
        status,
    )


def _ended_badly(session: Session, job: dict[str, Any]) -> TrainingError:
    name, status = job["TrainingJobName"], job["TrainingJobStatus"]
    failed = status == "Failed"
    reason = job.get("FailureReason", "")
    why = reason or job.get("SecondaryStatus") or "SageMaker gives no reason"
    lines = last_lines(session, TRAINING_GROUP, f"{name}/")
    parts = [
        f"Training job {name!r} {'failed' if failed else 'was stopped'}: {why.rstrip('.')}.",
        hint(why),
        f"It may have left a model: {model_data_uri(job)}" if _has_model(job) and not failed else "",
        "Last lines of its log:\n" + "\n".join(f"  {line}" for line in lines) if lines else "",
        f"More: {console_url(session, name)}",
    ]
    kind = TrainingError if failed else TrainingStoppedError
    return kind("\n".join(part for part in parts if part), name, status, reason)
