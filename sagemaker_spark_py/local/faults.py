"""Faults on request: calls that are refused, slowed down or cut off before any service sees them.

Rules are set over HTTP at the client's `PATH`: POST adds one (a JSON object of `Rule`'s fields), GET lists
them with the number of calls each has met, DELETE removes all.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass, fields

from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.errors import AwsError, for_service
from sagemaker_spark_py.local.http_server import Dropped
from sagemaker_spark_py.local.incoming import Incoming

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
    """

    service: str
    operation: str = ""
    times: int | None = None
    status: int | None = None
    code: str = "InternalFailure"
    message: str = "A fault that was asked for."
    latency_seconds: float = 0.0
    drop: bool = False
    met: int = 0


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def meet(self, request: Incoming) -> Answer | None:
        """Apply the first rule that fits a call; None where the call goes on.

        Raises
        ------
        Dropped
            Where the rule says so.
        """
        rule = self._take(request)
        if rule is None:
            return None
        time.sleep(rule.latency_seconds)
        if rule.drop:
            raise Dropped
        if rule.status is None:
            return None
        answer = for_service(request.service, AwsError(rule.code, rule.message, rule.status))
        return answer._replace(body=b"") if request.method == "HEAD" else answer

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
        with self._lock:
            self._rules.append(Rule(**values))  # type: ignore[arg-type]

    def _take(self, request: Incoming) -> Rule | None:
        """Find the rule that meets this call, and count the call."""
        if not self._rules or request.internal:
            return None
        service = request.service
        with self._lock:
            candidates = [rule for rule in self._rules if rule.service == service and _left(rule)]
        operation = request.operation if any(rule.operation for rule in candidates) else ""
        with self._lock:
            for rule in candidates:
                if rule.operation in ("", operation) and _left(rule):
                    rule.met += 1
                    return rule
        return None


def _left(rule: Rule) -> bool:
    return rule.times is None or rule.met < rule.times


def _json(status: int, value: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
