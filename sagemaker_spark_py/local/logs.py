"""One CloudWatch Logs stream for the output of one container."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)

# Limits of PutLogEvents: 10,000 events and 1 MiB a call, 256 KiB an event; kept with room to spare.
EVENTS_PER_CALL = 1_000
BYTES_PER_CALL = 700_000
CHARACTERS_PER_EVENT = 60_000


class LogStream:
    """Writes lines to a stream, making group and stream first.

    Parameters
    ----------
    client
        boto3's CloudWatch Logs client.
    group, stream : str
        For example ``/aws/sagemaker/TrainingJobs`` and ``my-job/algo-1-1763690000``.
    """

    def __init__(self, client: Any, group: str, stream: str) -> None:
        self._client = client
        self.group = group
        self.stream = stream
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=group)
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_stream(logGroupName=group, logStreamName=stream)

    def write(self, lines: Sequence[str]) -> None:
        """Append lines in order; empty lines are left out, as CloudWatch takes none."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line[:CHARACTERS_PER_EVENT]} for line in lines if line]
        while events:
            batch, events = _split(events)
            try:
                self._client.put_log_events(
                    logGroupName=self.group, logStreamName=self.stream, logEvents=batch
                )
            except (BotoCoreError, ClientError) as error:  # a lost line must not end the container
                logger.warning("log lines of %s are lost: %s", self.stream, error)


def _split(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Cut off as many events as one call may carry."""
    size = 0
    for count, event in enumerate(events):
        size += 4 * len(event["message"]) + 26
        if count and (count == EVENTS_PER_CALL or size > BYTES_PER_CALL):
            return events[:count], events[count:]
    return events, []
