"""Batch Transform jobs, each with a SageMaker model of its own, which bears the job's name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sagemaker_spark_py.errors import (
    SageMakerSparkError,
    ServiceError,
    TransformError,
    TransformInterruptedError,
    TransformStoppedError,
)
from sagemaker_spark_py.service import waiting
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.cleanup import SageMakerResourceCleanup
from sagemaker_spark_py.service.logs import TRANSFORM_GROUP, LogTail
from sagemaker_spark_py.service.polling import Pace
from sagemaker_spark_py.service.progress import Watch, nothing
from sagemaker_spark_py.service.session import Session

_log = logging.getLogger(__name__)

TRANSFORM = waiting.Kind(
    noun="Transform job",
    stem="transform_job",
    member="TransformJob",
    log_group=TRANSFORM_GROUP,
    console="transform-jobs",
    failed=TransformError,
    stopped=TransformStoppedError,
    interrupted=TransformInterruptedError,
    taken_up="",
)


def create_transform_job(session: Session, model: dict[str, Any], request: dict[str, Any]) -> str:
    """Make a SageMaker model, start a transform job that asks it, and return the job's name.

    Parameters
    ----------
    session : Session
        How to reach SageMaker.
    model : dict
        From `requests.model`.
    request : dict
        From `requests.transform_job`.

    Raises
    ------
    AccessError, ServiceError
        If SageMaker refuses; then no job runs and no new model is left, or the error names it.
    """
    name = str(model["ModelName"])
    with translated(f"Model {name!r}"):
        session.client("sagemaker").create_model(**model)
    try:
        return waiting.create(session, TRANSFORM, request)
    except BaseException as error:
        left = delete_model(session, name)
        if left and isinstance(error, ServiceError):
            raise type(error)(f"{error} {left}", error.code, error.status, error.requestId) from error
        raise


def wait_for_transform_job(
    session: Session,
    name: str,
    *,
    watch: Watch = nothing,
    pace: Pace = Pace(),  # noqa: B008  # a frozen value
    stop_on_interrupt: bool = True,
) -> dict[str, Any]:
    """Wait on the driver until a transform job is completed; return its last description.

    Parameters and errors of AWS are those of `jobs.wait_for_training_job`.

    Raises
    ------
    TransformError, TransformStoppedError, TransformInterruptedError
        If the job failed, was stopped, or Ctrl-C was pressed: it is over, or was told to stop.
    ServiceError
        If SageMaker cannot be asked any longer: for all we know the job still runs and needs its data.
    """
    return waiting.wait(
        session,
        TRANSFORM,
        name,
        watch=watch,
        pace=pace,
        is_good=lambda job: job["TransformJobStatus"] == "Completed",
        stop_on_interrupt=stop_on_interrupt,
    )


def wait_until_over(session: Session, name: str) -> None:
    """Wait on the driver until a transform job is over, however it ends.

    Raises
    ------
    ServiceError
        If SageMaker cannot be asked any longer.
    """
    waiting.wait(
        session,
        TRANSFORM,
        name,
        watch=nothing,
        pace=Pace(),
        is_good=lambda job: True,
        stop_on_interrupt=False,
    )


@contextmanager
def model_removed_when_over(session: Session, name: str) -> Iterator[None]:
    """Delete a job's model after the block, unless it ends with the job still running for all we know."""
    try:
        yield
    except TransformError as error:
        if error.status != "InProgress":
            _remove_model(session, name)
        raise
    _remove_model(session, name)


def _remove_model(session: Session, name: str) -> None:
    left = delete_model(session, name)
    if left:
        _log.warning("%s", left)


def stop_transform_job(session: Session, name: str) -> None:
    """Tell a transform job to stop; outputs that are complete stay.

    Raises
    ------
    ServiceError
        If SageMaker refuses, for example because the job is over.
    """
    waiting.stop(session, TRANSFORM, name)


def log_tail(session: Session, name: str) -> LogTail:
    """Return the tail of a job's log, for `progress.watcher`."""
    return waiting.log_tail(session, TRANSFORM, name)


def delete_model(session: Session, name: str) -> str:
    """Delete a SageMaker model; return ``""``, or what to tell the user if that fails."""
    try:
        SageMakerResourceCleanup(session.client("sagemaker")).deleteModel(name)
    except SageMakerSparkError as error:
        return f"Model {name!r} is left: {error}"
    return ""
