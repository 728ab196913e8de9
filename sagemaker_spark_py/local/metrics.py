"""Metrics that SageMaker reads from a training job's log by regular expressions."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sagemaker_spark_py.local.errors import invalid


class MetricWatch:
    """Keeps the last value of each metric.

    Parameters
    ----------
    definitions : sequence of dict
        The request's MetricDefinitions: ``{"Name": …, "Regex": …}``; the first group is the value.

    Raises
    ------
    AwsError
        ValidationException where an expression is none.
    """

    def __init__(self, definitions: Sequence[dict[str, str]]) -> None:
        self._patterns = [(item["Name"], _compiled(item["Regex"])) for item in definitions]
        self._last: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()  # the hosts' logs are read by a thread each

    def read(self, lines: Sequence[str]) -> None:
        """Look for metrics in log lines."""
        for name, pattern in self._patterns:
            for line in lines:
                found = pattern.search(line)
                if found and found.groups():
                    self._keep(name, found.group(1))

    def final(self) -> list[dict[str, Any]]:
        """Return FinalMetricDataList."""
        with self._lock:
            return list(self._last.values())

    def _keep(self, name: str, text: str) -> None:
        try:
            value = float(text)
        except ValueError:
            return
        with self._lock:
            self._last[name] = {
                "MetricName": name,
                "Value": value,
                "Timestamp": datetime.now(timezone.utc),
            }


def _compiled(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression)
    except re.error as error:
        raise invalid(f"Invalid regular expression in metric definition: {expression} ({error})") from error
