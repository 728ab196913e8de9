"""What training jobs and transform jobs have in common: create, look, wait, stop, and say why one failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sagemaker_spark_py.errors import JobError, ServiceError
from sagemaker_spark_py.service.aws_errors import TAKEN, translated
from sagemaker_spark_py.service.hints import hint
from sagemaker_spark_py.service.logs import LogTail, last_lines
from sagemaker_spark_py.service.polling import Pace, poll
from sagemaker_spark_py.service.progress import State, Watch
from sagemaker_spark_py.service.session import Session

OVER = frozenset({"Completed", "Failed", "Stopped"})
"""Statuses that do not change any more. All others, also those that AWS adds later, are work in progress."""

_log = logging.getLogger(__name__)

Job = dict[str, Any]
"""What SageMaker says about a job."""


@dataclass(frozen=True)
class Kind:
    """A kind of job, by the names that AWS gives its parts.

    Parameters
    ----------
    noun : str
        For example ``"Training job"``; begins messages.
    stem : str
        In the names of operations: ``create_<stem>``, ``describe_<stem>``, ``stop_<stem>``.
    member : str
        ``<member>Name`` and ``<member>Status`` are the members of requests and answers.
    log_group : str
        Where its containers log, into streams ``<name>/...``.
    console : str
        Its page in the AWS console.
    failed, stopped, interrupted : subclass of JobError
        What is raised.
    taken_up : str
        What to do with a job that exists already; follows errors that name one.
    """

    noun: str
    stem: str
    member: str
    log_group: str
    console: str
    failed: type[JobError]
    stopped: type[JobError]
    interrupted: type[JobError]
    taken_up: str

    def called(self, name: str) -> str:
        """Return a job's name for messages."""
        return f"{self.noun} {name!r}"

    def status_of(self, job: Job) -> str:
        """Return the status of a described job."""
        return str(job[f"{self.member}Status"])


def create(session: Session, kind: Kind, request: Job) -> str:
    """Start a job and return its name.

    Raises
    ------
    AccessError, ServiceError
        If SageMaker refuses; then no job runs.
    """
    name = str(request[f"{kind.member}Name"])
    try:
        with translated(kind.called(name)):
            getattr(session.client("sagemaker"), f"create_{kind.stem}")(**request)
    except ServiceError as error:
        if error.code in TAKEN:
            text = f"{error} {kind.taken_up}".rstrip()
            raise ServiceError(text, error.code, error.status, error.requestId) from error
        raise
    _log.info("%s %s: %s", kind.noun, name, console_url(session, kind, name))
    return name


def describe(session: Session, kind: Kind, name: str) -> Job:
    """Return what SageMaker says about a job.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    with translated(kind.called(name)):
        answer = getattr(session.client("sagemaker"), f"describe_{kind.stem}")(**_named(kind, name))
        return dict(answer)


def stop(session: Session, kind: Kind, name: str) -> None:
    """Tell a job to stop.

    Raises
    ------
    ServiceError
        If SageMaker refuses, for example because the job is over.
    """
    with translated(kind.called(name)):
        getattr(session.client("sagemaker"), f"stop_{kind.stem}")(**_named(kind, name))


def wait(
    session: Session,
    kind: Kind,
    name: str,
    *,
    watch: Watch,
    pace: Pace,
    is_good: Callable[[Job], bool],
    stop_on_interrupt: bool,
    more: Callable[[Job], str] = lambda job: "",
) -> Job:
    """Wait on the driver until a job is over; return its last description.

    Throttling, server errors and lost connections are waited through.

    Parameters
    ----------
    session, kind, name, watch, pace
        How to reach SageMaker, the job, what gets a `State` after each look, and how often to look.
    is_good : callable
        Tells whether a job that is over is what was hoped for.
    stop_on_interrupt : bool
        Whether Ctrl-C stops the job. Otherwise it goes on, and costs.
    more : callable
        Says what else to tell of a job that ended badly.

    Raises
    ------
    JobError
        As `kind` names them, if the job failed, was stopped, or Ctrl-C was pressed.
    ServiceError
        If SageMaker cannot be asked any longer: for all we know the job still runs and needs its data.
    """
    started = pace.clock()

    def look() -> Job:
        job = describe(session, kind, name)
        watch(_state(kind, job, pace.clock() - started))
        return job

    try:
        job = poll(look, lambda job: kind.status_of(job) in OVER, pace)
    except KeyboardInterrupt as interrupt:
        raise _interrupted(session, kind, name, stop_on_interrupt) from interrupt
    if is_good(job):
        return job
    raise _ended_badly(session, kind, job, more(job))


def log_tail(session: Session, kind: Kind, name: str) -> LogTail:
    """Return the tail of a job's log, for `progress.watcher`."""
    return LogTail(session, kind.log_group, f"{name}/")


def console_url(session: Session, kind: Kind, name: str) -> str:
    """Return the address of a job in the AWS console."""
    region = session.region or ""
    console = "console.amazonaws.cn" if region.startswith("cn-") else f"{region}.console.aws.amazon.com"
    console = "console.amazonaws-us-gov.com" if region.startswith("us-gov-") else console
    return f"https://{console}/sagemaker/home?region={region}#/{kind.console}/{name}"


def _named(kind: Kind, name: str) -> dict[str, str]:
    return {f"{kind.member}Name": name}


def _state(kind: Kind, job: Job, elapsed_seconds: float) -> State:
    status, finer = kind.status_of(job), job.get("SecondaryStatus")
    transitions = job.get("SecondaryStatusTransitions") or [{}]
    return State(
        kind.called(job[f"{kind.member}Name"]),
        f"{status} ({finer})" if finer and finer != status else status,
        transitions[-1].get("StatusMessage", ""),
        elapsed_seconds,
        status in OVER,
    )


def _interrupted(session: Session, kind: Kind, name: str, stop_it: bool) -> JobError:
    status, told = "InProgress", "it was left running"
    if stop_it:
        try:
            stop(session, kind, name)
            status, told = "Stopping", "it was told to stop"
        except ServiceError as error:
            told = f"it could not be told to stop ({error})"
    return kind.interrupted(
        f"{kind.called(name)} was interrupted while it was waited for; {told}. "
        f"Look at {console_url(session, kind, name)}. {kind.taken_up}".rstrip(),
        name,
        status,
    )


def _ended_badly(session: Session, kind: Kind, job: Job, more: str) -> JobError:
    name, status = job[f"{kind.member}Name"], kind.status_of(job)
    reason = job.get("FailureReason", "")
    why = reason or job.get("SecondaryStatus") or "SageMaker gives no reason"
    lines = last_lines(session, kind.log_group, f"{name}/")
    parts = [
        f"{kind.called(name)} {'failed' if status == 'Failed' else 'was stopped'}: {why.rstrip('.')}.",
        hint(why),
        more,
        "Last lines of its log:\n" + "\n".join(f"  {line}" for line in lines) if lines else "",
        f"More: {console_url(session, kind, name)}",
    ]
    error = kind.failed if status == "Failed" else kind.stopped
    return error("\n".join(part for part in parts if part), name, status, reason)
