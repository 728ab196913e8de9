"""Partitions that are written in this process, as a task would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest

from sagemaker_spark_py.staging import task as module
from sagemaker_spark_py.staging.task import Task, write_partition


class Context:
    """What a task asks Spark for."""

    def __init__(self, partition: int = 0, attempt: int = 0) -> None:
        self._numbers = partition, attempt

    def partitionId(self) -> int:
        return self._numbers[0]

    def attemptNumber(self) -> int:
        return 0

    def taskAttemptId(self) -> int:
        return self._numbers[1]


@pytest.fixture
def write_here(monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes batches as a partition and returns its reports."""

    def write(task: Task, batches: Iterable[pa.RecordBatch], **context: int) -> list[dict[str, Any]]:
        monkeypatch.setattr(module.TaskContext, "get", lambda: Context(**context))
        return [row for batch in write_partition(task, iter(batches)) for row in batch.to_pylist()]

    return write
