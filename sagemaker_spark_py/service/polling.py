"""Waiting for something that AWS does: ask, pause, ask again."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.service.aws_errors import is_transient

T = TypeVar("T")
_log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True)
class Pace:
    """How patiently a wait asks.

    Pauses begin at 1.5 s and grow by half each time up to `poll_seconds`. While asking fails they double, up
    to 60 s. All are shortened at random by up to a fifth, so that many waits do not ask at the same moment.

    Parameters
    ----------
    poll_seconds : float
        Longest pause while all is well.
    timeout_seconds : float, optional
        Give up after this time; by default never.
    outage_seconds : float
        Give up when nothing but throttling, server errors or silence has come back for so long.
    clock, sleep : callable
        Tell and pass the time, in seconds.
    """

    poll_seconds: float = 10.0
    timeout_seconds: float | None = None
    outage_seconds: float = 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def poll(ask: Callable[[], T], is_over: Callable[[T], bool], pace: Pace) -> T:
    """Ask until the answer is final, and return it.

    Raises
    ------
    ServiceError
        From `ask`: at once if asking again cannot help, else after ``pace.outage_seconds`` of nothing better.
    TimeoutError
        After ``pace.timeout_seconds``.
    """
    started = answered = pace.clock()
    pause = min(_FIRST_PAUSE_SECONDS, pace.poll_seconds)
    while True:
        try:
            answer = ask()
        except ServiceError as error:
            if not is_transient(error) or pace.clock() - answered >= pace.outage_seconds:
                raise
            _log.warning("Asking again: %s", error)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        else:
            if is_over(answer):
                return answer
            answered = pace.clock()
            pause = min(pause * 1.5, pace.poll_seconds)
        if pace.timeout_seconds is not None and pace.clock() - started >= pace.timeout_seconds:
            raise TimeoutError(f"not over after {pace.timeout_seconds:.0f} s")
        pace.sleep(pause * random.uniform(0.8, 1))
