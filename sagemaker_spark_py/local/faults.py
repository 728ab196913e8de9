"""Faults on request: calls that are refused, slowed down, cut off, or answered wrongly.

Rules are set over HTTP at the client's `PATH`: POST adds one (a JSON object of `Rule`'s fields), GET lists
them with the number of calls each has met, DELETE removes all.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields

from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.errors import AwsError, for_service
from sagemaker_spark_py.local.http_server import Dropped
from sagemaker_spark_py.local.incoming import Incoming
from sagemaker_spark_py.local.spoiled import WAYS, spoiled

logger = logging.getLogger(__name__)

SERVICES = ("s3", "sts", "sagemaker", "sagemaker-runtime", "logs")


@dataclass
class Rule:
    """One kind of call and what happens to it.

    Attributes
    ----------
    service : str
        boto3's client name: ``s3``, ``sts``, ``sagemaker``, ``sagemaker-runtime``, ``logs``.
    operation : str
        For example ``"PutObject"``; ``""`` for all of the service.
    times : int or None
        How many calls are met; None for all.
    status : int or None
        HTTP status of the error; None lets the call through (after its latency).
    code, message : str
        The error as the service would give it.
    latency_seconds : float
        Wait before the answer.
    drop : bool
        Close the connection without an answer.
    original_status : int or None
        For a ModelError: what the container is said to have answered.
    spoil : str
        The service answers, and then: ``short`` takes a row off its answer, ``garbage`` and ``empty`` replace
        it.
    above_in_flight : int or None
        Only calls that come while so many others of the service are under way.
    containing : str
        Only calls with these bytes, given as Latin-1, in their body.
    probability : float
        Only so many of the calls, at random.
    """

    service: str
    operation: str = ""
    times: int | None = None
    status: int | None = None
    code: str = "InternalFailure"
    message: str | None = "A fault that was asked for."
    latency_seconds: float = 0.0
    drop: bool = False
    original_status: int | None = None
    spoil: str = ""
    above_in_flight: int | None = None
    containing: str = ""
    probability: float = 1.0
    met: int = 0

    def error(self) -> AwsError:
        """Return the error that the service gives."""
        assert self.status is not None
        if self.original_status is None:
            return AwsError(self.code, self.message, self.status)
        arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/faults"
        members = {
            "OriginalStatusCode": self.original_status,
            "OriginalMessage": self.message,
            "LogStreamArn": arn,
        }
        return AwsError(self.code, self.message, self.status, members)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._calls = 0

    def meet(self, request: Incoming, serve: Callable[[Incoming], Answer | None]) -> Answer | None:
        """Answer a call by the first rule that fits it, or as the service does.

        Raises
        ------
        Dropped
            Where the rule says so.
        AwsError
            Where the service refuses the call.
        """
        with self._under_way(request) as others:
            rule = self._take(request, others)
            if rule is None:
                return serve(request)
            logger.info("%s %s: a fault was asked for: %s", request.service, request.operation, rule)
            time.sleep(rule.latency_seconds)
            if rule.drop:
                raise Dropped
            if rule.status is not None:
                answer = for_service(request.service, rule.error())
                return answer._replace(body=b"") if request.method == "HEAD" else answer
            answer_of_service = serve(request)
            if rule.spoil and answer_of_service is not None:
                return spoiled(answer_of_service, rule.spoil)
            return answer_of_service

    @contextmanager
    def _under_way(self, request: Incoming) -> Iterator[int]:
        """Count a call of the runtime as long as it lasts; give how many others there are."""
        if request.service != "sagemaker-runtime":
            yield 0
            return
        with self._lock:
            others = self._calls
            self._calls += 1
        try:
            yield others
        finally:
            with self._lock:
                self._calls -= 1

    def administer(self, request: Incoming) -> Answer:
        """Answer a call that sets or shows rules."""
        if request.method == "POST":
            try:
                self._add(json.loads(request.body()))
            except (TypeError, ValueError) as error:
                return _json(400, {"message": f"not a fault rule: {error}"})
        elif request.method == "DELETE":
            with self._lock:
                self._rules.clear()
        with self._lock:
            return _json(200, {"rules": [asdict(rule) for rule in self._rules]})

    def _add(self, values: dict[str, object]) -> None:
        known = {field.name for field in fields(Rule)} - {"met"}
        unknown = set(values) - known
        if unknown:
            raise ValueError(f"unknown {sorted(unknown)}; expected some of {sorted(known)}")
        if values.get("service") not in SERVICES:
            raise ValueError(f"unknown service {values.get('service')!r}; expected one of {list(SERVICES)}")
        if values.get("spoil", "") not in ("", *WAYS):
            raise ValueError(f"unknown spoil {values['spoil']!r}; expected one of {list(WAYS)}")
        with self._lock:
            self._rules.append(Rule(**values))  # type: ignore[arg-type]

    def _take(self, request: Incoming, others: int) -> Rule | None:
        """Find the rule that meets this call, and count the call."""
        if not self._rules or request.internal:
            return None
        service = request.service
        with self._lock:
            candidates = [rule for rule in self._rules if rule.service == service and _left(rule)]
        operation = request.operation if any(rule.operation for rule in candidates) else ""
        body = request.body() if any(rule.containing for rule in candidates) else b""
        with self._lock:
            for rule in candidates:
                if rule.operation in ("", operation) and _left(rule) and _fits(rule, others, body):
                    rule.met += 1
                    return rule
        return None


def _fits(rule: Rule, others: int, body: bytes) -> bool:
    return (
        (rule.above_in_flight is None or others >= rule.above_in_flight)
        and rule.containing.encode("latin-1") in body
        and random.random() < rule.probability
    )


def _left(rule: Rule) -> bool:
    return rule.times is None or rule.met < rule.times


def _json(status: int, value: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
