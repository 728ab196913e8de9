"""When a request is sent again, and what becomes of its rows in the end: the one place that decides it.

The clients that requests are sent with repeat nothing by themselves: each attempt must count against the time
for its rows, and a throttled one must slow down the whole task. Inference changes nothing, so repeating is
always safe.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from sagemaker_spark_py.errors import AccessError, NotFoundError, ServiceError
from sagemaker_spark_py.service.aws_errors import EXPIRED, THROTTLED, is_transient, timed_out


class Then(Enum):
    """What to do when a request has failed as often as its rule allows."""

    STOP = "no row is to blame: the job ends"
    GIVE_UP = "the endpoint could not do these rows"
    DIVIDE = "the request was too much at once: send its halves"
    SUSPECT = "some of the rows may be to blame: find out which"


@dataclass(frozen=True)
class Rule:
    """How often, and how patiently, a kind of failure is met with another attempt.

    Parameters
    ----------
    then : Then
        What follows the last attempt.
    attempts : int
        Most failures of this kind, the first included.
    first_delay_seconds, longest_delay_seconds : float
        The upper bound of the delays doubles from the first to the longest.
    slows : bool
        Whether the task shall have fewer requests under way.
    """

    then: Then
    attempts: int = 1
    first_delay_seconds: float = 0
    longest_delay_seconds: float = 0
    slows: bool = False

    def delay_seconds(self, failures: int) -> float:
        """Return how long to wait after so many failures, 1 or more: full jitter."""
        doubled = self.first_delay_seconds * 2.0 ** min(failures - 1, 32)
        return random.uniform(0, min(doubled, self.longest_delay_seconds))


class Failure(NamedTuple):
    """What is known about a request that failed."""

    code: str
    status: int
    message: str
    original: int | None
    """The container's status, 0 if it did not answer in time, None where the container was not asked."""
    error: ServiceError


LOADING = Rule(Then.GIVE_UP, 30, 4, 30)
"""A serverless or multi-model endpoint brings the model to an instance, which takes minutes."""
RENEWED = Rule(Then.STOP, 2)
"""The credentials have expired: once more, with new ones."""
THROTTLED_CALL = Rule(Then.GIVE_UP, 30, 0.1, 20, slows=True)
TOO_LARGE = Rule(Then.DIVIDE)
MODEL_TOO_SLOW = Rule(Then.DIVIDE, 2, 0.5, 0.5)
"""The model did not answer in 60 s; half of the rows may take half of the time."""
MODEL_BUSY = Rule(Then.GIVE_UP, 8, 0.2, 20, slows=True)
MODEL_FAILED = Rule(Then.SUSPECT, 3, 0.2, 2)
"""Either it has a bad moment, or it stumbles over a row."""
MODEL_REFUSED = Rule(Then.SUSPECT)
DEPENDENCY = Rule(Then.GIVE_UP, 4, 0.5, 5)
SERVICE_FAILED = Rule(Then.GIVE_UP, 8, 0.1, 20)
NO_ANSWER_IN_TIME = Rule(Then.GIVE_UP, 2, 0.1, 0.1)
"""Each attempt has waited for more than a minute."""
CONNECTION_LOST = Rule(Then.GIVE_UP, 6, 0.1, 5)
REFUSED = Rule(Then.STOP)


def _disguised(failure: Failure) -> bool:
    """Tell whether it is SageMaker's throttling that says neither its name nor anything else."""
    return failure.status == 400 and failure.code in ("", "400") and failure.message in ("", "None")


def _is_oversize(failure: Failure) -> bool:
    return 413 in (failure.status, failure.original) or "oversize" in failure.message.lower()


TABLE: tuple[tuple[Callable[[Failure], bool], Rule], ...] = (
    (lambda f: f.code == "ModelNotReadyException", LOADING),
    (lambda f: f.code in EXPIRED, RENEWED),
    (lambda f: isinstance(f.error, (AccessError, NotFoundError)), REFUSED),
    (lambda f: f.original is None and (f.code in THROTTLED or f.status == 429), THROTTLED_CALL),
    (_disguised, THROTTLED_CALL),
    (_is_oversize, TOO_LARGE),
    (lambda f: f.original == 0, MODEL_TOO_SLOW),
    (lambda f: f.original == 429, MODEL_BUSY),
    (lambda f: f.original is not None and f.original >= 500, MODEL_FAILED),
    (lambda f: f.original is not None, MODEL_REFUSED),
    (lambda f: f.code == "InternalDependencyException", DEPENDENCY),
    (lambda f: f.status >= 500, SERVICE_FAILED),
    (lambda f: timed_out(f.error), NO_ANSWER_IN_TIME),
    (lambda f: is_transient(f.error), CONNECTION_LOST),
    (lambda f: True, REFUSED),
)
"""The first line that fits a failure has its rule."""


def rule_for(error: ServiceError) -> Rule:
    """Return what to do after a failed call."""
    failure = _failure(error)
    return next(rule for fits, rule in TABLE if fits(failure))


def _failure(error: ServiceError) -> Failure:
    answer: Any = getattr(error.__cause__, "response", None)
    answer = answer if isinstance(answer, Mapping) else {}
    original = answer.get("OriginalStatusCode", 500) if error.code == "ModelError" else None
    message = str(answer.get("Error", {}).get("Message", ""))
    return Failure(error.code, error.status, message, original, error)
