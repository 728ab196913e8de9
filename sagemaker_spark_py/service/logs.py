"""What containers wrote to CloudWatch Logs. Best effort: logs never make anything else fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.session import Session

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
"""Log group of all training jobs; a job's streams are named ``<job>/algo-<n>-<time>``."""
TRANSFORM_GROUP = "/aws/sagemaker/TransformJobs"
"""Log group of all transform jobs; streams are ``<job>/<instance>`` and ``<job>/<instance>/data-log``."""
ENDPOINT_GROUP = "/aws/sagemaker/Endpoints/"
"""Followed by the endpoint's name: the log group of that endpoint."""

_STREAMS_SHOWN = 5
_log = logging.getLogger(__name__)


def last_lines(session: Session, group: str, prefix: str = "", count: int = 15) -> list[str]:
    """Return the last lines of the streams whose names begin with `prefix`; none if they cannot be read."""
    try:
        with translated(f"Log group {group!r}"):
            streams = list(_streams(session, group, prefix))[:_STREAMS_SHOWN]
            events = [
                (event["timestamp"], _line(event, stream, streams))
                for stream in streams
                for event in _page(session, group, stream, limit=count, startFromHead=False)["events"]
            ]
    except ServiceError as error:
        _log.debug("No last lines: %s", error)
        return []
    events.sort(key=lambda timed: timed[0])
    return [line for _, line in events[-count:]]


class LogTail:
    """Hands out the lines that have come since it was last asked.

    Parameters
    ----------
    session : Session
        How to reach CloudWatch Logs.
    group, prefix : str
        Log group, and how the names of its streams begin.
    """

    def __init__(self, session: Session, group: str, prefix: str) -> None:
        self._session, self._group, self._prefix = session, group, prefix
        self._tokens: dict[str, str] = {}

    def new_lines(self) -> list[str]:
        """Return what is new, stream by stream; what cannot be read now is read the next time."""
        lines: list[str] = []
        try:
            with translated(f"Log group {self._group!r}"):
                for stream in _streams(self._session, self._group, self._prefix):
                    self._tokens.setdefault(stream, "")
                for stream in self._tokens:
                    lines += self._new_of(stream)
        except ServiceError as error:
            _log.debug("No log lines now: %s", error)
        return lines

    def _new_of(self, stream: str) -> Iterator[str]:
        while True:
            token = self._tokens[stream]
            begin = {"nextToken": token} if token else {"startFromHead": True}
            page = _page(self._session, self._group, stream, **begin)
            self._tokens[stream] = page["nextForwardToken"]
            yield from (_line(event, stream, self._tokens) for event in page["events"])
            if page["nextForwardToken"] == token:  # an empty page alone does not mean the end
                return


def _streams(session: Session, group: str, prefix: str) -> Iterator[str]:
    where = {"logGroupName": group, **({"logStreamNamePrefix": prefix} if prefix else {})}
    for page in session.client("logs").get_paginator("describe_log_streams").paginate(**where):
        yield from (stream["logStreamName"] for stream in page["logStreams"])


def _page(session: Session, group: str, stream: str, **how: Any) -> Any:
    return session.client("logs").get_log_events(logGroupName=group, logStreamName=stream, **how)


def _line(event: dict[str, Any], stream: str, streams: Any) -> str:
    """Return an event's text, after the name of its host where there are several."""
    text = str(event["message"]).rstrip("\n")
    if len(streams) == 1:
        return text
    host = stream.rpartition("/")[2].rpartition("-")[0] or stream
    return f"{host} | {text}"
