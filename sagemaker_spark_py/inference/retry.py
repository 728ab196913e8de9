"""When a request is sent again: the one place that decides it.

botocore's standard mode has already repeated, within a second or so, what it takes for a passing fault. What
is decided here comes on top of it. Inference changes nothing, so repeating is always safe.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.service.aws_errors import is_transient


@dataclass(frozen=True)
class Rule:
    """How often, and how patiently, a request is repeated.

    Parameters
    ----------
    attempts : int
        Calls in all, each with botocore's own repetitions.
    first_delay_seconds, longest_delay_seconds : float
        The upper bound of the delays doubles from the first to the longest.
    """

    attempts: int
    first_delay_seconds: float
    longest_delay_seconds: float

    def delay_seconds(self, attempt: int) -> float:
        """Return how long to wait after the given attempt, counted from 1: full jitter."""
        bound = min(self.first_delay_seconds * 2 ** (attempt - 1), self.longest_delay_seconds)
        return random.uniform(0, bound)


NEVER = Rule(1, 0, 0)
BUSY = Rule(5, 0.5, 20)
"""Throttled, or a fault of the service (5xx)."""
LOST = Rule(2, 1, 1)
"""Nothing was answered. Each of botocore's attempts may have waited for more than a minute."""
LOADING = Rule(12, 4, 30)
"""The model is being loaded, which takes minutes (ModelNotReadyException)."""


def rule_for(error: ServiceError) -> Rule:
    """Return how to go on after a failed call."""
    if error.code == "ModelNotReadyException":
        return LOADING
    if not is_transient(error):
        return NEVER
    return BUSY if error.status else LOST
