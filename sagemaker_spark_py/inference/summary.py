"""What asking an endpoint took: counted by each task, added up on the driver."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pyspark.sql import SparkSession

from sagemaker_spark_py import jvm

_STEP = math.log(1.1)
"""Latencies are counted in steps of a tenth: counts can be added up, and quantiles be read from them."""


@dataclass(frozen=True)
class InvocationSummary:
    """Counts of the requests of one or more tasks.

    Attributes
    ----------
    tasks : int
        Tasks that have ended and had rows.
    rows : int
        Rows that came in.
    skippedRows : int
        Rows that the serializer left out; their predictions are null.
    failedRows : int
        Rows that got no prediction, with ``onError="null"`` or ``"column"``.
    requests : int
        Attempts in all, repeated ones included.
    retries : int
        Requests that were sent again.
    throttles : int
        Requests that were throttled.
    splits : int
        Requests that were divided: too large, too slow, or in search of bad rows.
    sentBytes, receivedBytes : int
        Sizes of the bodies of requests and of answers that could be used.
    latencies : dict of int to int
        How many requests were answered within ``1.1 ** key`` seconds, and not within ``1.1 ** (key - 1)``.
    """

    tasks: int = 0
    rows: int = 0
    skippedRows: int = 0
    failedRows: int = 0
    requests: int = 0
    retries: int = 0
    throttles: int = 0
    splits: int = 0
    sentBytes: int = 0
    receivedBytes: int = 0
    latencies: Mapping[int, int] = field(default_factory=dict, repr=False)

    def latencySeconds(self, quantile: float) -> float:
        """Return how long a request took, from sending it to having its answer, at most 10 % too high.

        Parameters
        ----------
        quantile : float
            For example 0.5 for the median.

        Returns
        -------
        float
            Seconds; NaN if no request was answered.
        """
        wanted = quantile * sum(self.latencies.values())
        for step in sorted(self.latencies):
            wanted -= self.latencies[step]
            if wanted <= 0:
                return math.exp(_STEP * step)
        return math.nan

    def __add__(self, other: InvocationSummary) -> InvocationSummary:
        """Return the counts of both."""
        if not isinstance(other, InvocationSummary):
            return NotImplemented
        steps = self.latencies.keys() | other.latencies.keys()
        latencies = {step: self.latencies.get(step, 0) + other.latencies.get(step, 0) for step in steps}
        names = [field.name for field in fields(self) if field.name != "latencies"]
        counts = {name: getattr(self, name) + getattr(other, name) for name in names}
        return InvocationSummary(**counts, latencies=latencies)

    def __str__(self) -> str:
        """Say it in one line."""
        middle, late = (self.latencySeconds(quantile) for quantile in (0.5, 0.99))
        return (
            f"{self.rows} rows ({self.skippedRows} skipped, {self.failedRows} failed) in {self.requests} "
            f"requests ({self.retries} retries, {self.throttles} throttled, {self.splits} divided), "
            f"{self.sentBytes} bytes sent, {self.receivedBytes} received, latency {middle:.3f} s (median), "
            f"{late:.3f} s (99 %)"
        )


def answered(seconds: float, sent_bytes: int, received_bytes: int) -> InvocationSummary:
    """Return the counts of one request that was answered."""
    step = math.ceil(math.log(max(seconds, 1e-6)) / _STEP)
    return InvocationSummary(
        requests=1, sentBytes=sent_bytes, receivedBytes=received_bytes, latencies={step: 1}
    )


class Adding:
    """How Spark's accumulators add summaries up."""

    def zero(self, value: InvocationSummary) -> InvocationSummary:
        """Return what each task begins with."""
        return InvocationSummary()

    def addInPlace(self, one: InvocationSummary, other: InvocationSummary) -> InvocationSummary:
        """Return the counts of both."""
        return one + other


def new_total(spark: SparkSession) -> Any:
    """Return the accumulator of one ``transform()``; `None` over Spark Connect."""
    return jvm.accumulator(spark, InvocationSummary(), Adding())


class Tally:
    """The counts of a task, which several threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = InvocationSummary()

    def add(self, counts: InvocationSummary) -> None:
        """Add the counts."""
        with self._lock:
            self._counts += counts

    def total(self) -> InvocationSummary:
        """Return all of a task."""
        return replace(self._counts, tasks=1)
