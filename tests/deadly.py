"""Parts of a job that kill the process they run in, or its executor: once, in the middle of the work."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

from pyspark import TaskContext

from sagemaker_spark_py import Session
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import (
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)
from tests.benchmarks import processes

WORKER, EXECUTOR = "worker", "executor"


@dataclass(frozen=True)
class Death:
    """Comes once to a process that works on a partition.

    Parameters
    ----------
    marker : str
        Path of a file that is made when it comes; never if empty.
    victim : str
        `WORKER`, the process of Python, or `EXECUTOR`, the JVM that it works for.
    partition, call : int
        Where and when: the calls of a task are counted from 1.
    """

    marker: str = ""
    victim: str = WORKER
    partition: int = 1
    call: int = 3

    def come(self, call: int) -> None:
        """Kill, if it is time."""
        context = TaskContext.get()
        if not self.marker or context is None or (context.partitionId(), call) != (self.partition, self.call):
            return
        try:
            os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid() if self.victim == WORKER else _executor(), signal.SIGKILL)


def _executor() -> int:
    """Return the JVM that this worker, or the daemon that it was forked from, belongs to."""
    process = os.getppid()
    while b"ExecutorBackend" not in processes.command(process):
        process = processes.parent(process)
    return process


class _Counting:
    """Counts calls; the classes below are frozen."""

    death: Death

    def _called(self) -> None:
        object.__setattr__(self, "calls", getattr(self, "calls", 0) + 1)
        self.death.come(self.calls)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class DeadlyCSV(UnlabeledCSVRequestRowSerializer, _Counting):
    """Dies while rows are turned into lines."""

    death: Death = Death()

    def serializeBatch(self, batch: Any) -> Any:
        self._called()
        return super().serializeBatch(batch)


@dataclass(frozen=True)
class DeadlyRecords(ProtobufRequestRowSerializer, _Counting):
    """Dies while rows are turned into records."""

    death: Death = Death()

    def serializeBatch(self, batch: Any) -> Any:
        self._called()
        return super().serializeBatch(batch)


@dataclass(frozen=True)
class DeadlyNumbers(XGBoostCSVRowDeserializer, _Counting):
    """Dies while lines are read."""

    death: Death = Death()

    def deserializeBatch(self, body: bytes, rows: int) -> Any:
        self._called()
        return super().deserializeBatch(body, rows)


class DeadlyClusters(KMeansProtobufResponseRowDeserializer, _Counting):
    """Dies while clusters are read; the death is no field, since fields name columns."""

    def __init__(self, death: Death) -> None:
        super().__init__()
        object.__setattr__(self, "death", death)

    def deserializeBatch(self, body: bytes, rows: int) -> Any:
        self._called()
        return super().deserializeBatch(body, rows)


@dataclass(frozen=True)
class DeadlySession(Session):
    """Dies when S3 has stored an object of a task, and nobody knows of it yet."""

    death: Death = Death(call=1)

    def client(self, service: str, **options: Any) -> Any:
        client = super().client(service, **options)
        if service == "s3":
            client.meta.events.register("after-call.s3.PutObject", self._stored, unique_id="death")
        return client

    def _stored(self, **_: Any) -> None:
        self.death.come(1)
