"""What one task does: encode the rows of its partition and send them to S3 as they come."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
from pyspark import TaskContext

from sagemaker_spark_py.errors import DataError, SageMakerSparkError
from sagemaker_spark_py.service.objects import upload
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.service.workers import settle
from sagemaker_spark_py.staging.failures import in_partition
from sagemaker_spark_py.staging.plan import Plan
from sagemaker_spark_py.staging.rows import Rows, Slice, sliced
from sagemaker_spark_py.staging.shares import Share

RESULT = (
    "partition int, attempt long, key string, rows long, bytes long, checksum string, dim int, skipped long"
)
"""Spark schema of what a task tells the driver about each object it wrote.

Rows that were left out are told with the partition's last object, or, without a key, where there is none.
"""

_ARROW_RESULT = pa.schema(
    [
        ("partition", pa.int32()),
        ("attempt", pa.int64()),
        ("key", pa.string()),
        ("rows", pa.int64()),
        ("bytes", pa.int64()),
        ("checksum", pa.string()),
        ("dim", pa.int32()),
        ("skipped", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Task:
    """All that a task needs to know.

    Parameters
    ----------
    session : Session
        How to reach S3 from an executor.
    place : Place
        Prefix of this staging alone.
    plan : Plan
        Columns and format.
    shares : tuple of Share
        Partitions that are written as more than one object.
    """

    session: Session
    place: Place
    plan: Plan
    shares: tuple[Share, ...] = ()

    def cuts(self, partition: int) -> list[int]:
        """Return the rows at which a partition's second, third, ... object begins."""
        return next((share.cuts for share in self.shares if share.partition == partition), [])


def write_partition(task: Task, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write one partition's rows and yield one batch of `RESULT`, or nothing if there are no rows.

    Runs on executors as the function of ``mapInArrow``. Keys hold the id of the task attempt, so that a
    second attempt never meets the objects of the first.

    Memory over an idle worker, whatever the size of the partition, about::

        2 Arrow batches + 3 parts of an upload (8 MiB; 16 MiB beyond 7.8 GiB, ...) + 12 MiB

    Spark keeps one Arrow batch while it reads the next. `fillers` keep them at about 8 MiB, or as
    much more as ``spark.sql.execution.arrow.maxRecordsPerBatch`` is above 50,000; if that is 0, they have all
    rows of the partition. On Spark 4.1 and newer they have at most ``...maxBytesPerBatch`` bytes (64 MiB).
    Parquet needs three row groups (8 MiB) more, and 0.6 kB for each column of each row group until
    the file is complete.

    Raises
    ------
    DataError
        If a value cannot be written; names partition and row.
    AccessError, NotFoundError, ServiceError
        If S3 refuses or fails.
    """
    context = TaskContext.get()
    assert context is not None
    writer = _PartitionWriter(task, context.partitionId(), context.taskAttemptId())
    try:
        written = writer.write(batches)
    except SageMakerSparkError as error:
        raise in_partition(error, writer.where(error)) from error
    settle()
    if written:
        yield pa.RecordBatch.from_pylist(written, schema=_ARROW_RESULT)


class _PartitionWriter:
    """Writes one partition, and knows how far it has come."""

    def __init__(self, task: Task, partition: int, attempt: int) -> None:
        self._task, self._plan = task, task.plan
        self._partition, self._attempt = partition, attempt
        self._cuts = task.cuts(partition)
        self._dim = task.plan.dim
        self._first_row = self._rows = self._seen = self._skipped = 0

    def write(self, batches: Iterable[pa.RecordBatch]) -> list[dict[str, Any]]:
        # Cuts count the rows that are left.
        cleaned = map(self._clean, batches)
        slices = sliced(cleaned, self._plan.columns, self._plan.format.expands, self._cuts)
        # Each group is read to its end, as its object is written, before the next one begins.
        groups = groupby(slices, lambda some: bisect_right(self._cuts, some.first_row))
        written = [self._write_object(number, own) for number, own in groups]
        if not written and self._skipped:
            written = [{"partition": self._partition, "attempt": self._attempt, "rows": 0}]
        if written:
            written[-1]["skipped"] = self._skipped
        return written

    def _clean(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        self._first_row = self._seen
        cleaned = self._plan.columns.clean(batch, self._plan.invalid)
        self._seen += batch.num_rows
        self._skipped += batch.num_rows - cleaned.num_rows
        return cleaned

    def where(self, error: SageMakerSparkError) -> str:
        rows = f", batch from row {self._first_row} on" if isinstance(error, DataError) else ""
        return f"Partition {self._partition}{rows}"

    def _write_object(self, number: int, slices: Iterable[Slice]) -> dict[str, Any]:
        before = self._rows
        buffers = self._plan.format.buffers(self._read(slices), self._plan.columns)
        if self._plan.gzip:
            buffers = _gzipped(buffers)
        key = self._task.place.key(self._name(number))
        done = upload(self._task.session, self._task.place, key, buffers)
        assert done is not None  # every row has bytes
        rows = self._rows - before
        mine = {"partition": self._partition, "attempt": self._attempt, "rows": rows, "dim": self._dim}
        return {**mine, **done._asdict()}

    def _name(self, number: int) -> str:
        suffix = f"-{number:05d}" if self._cuts else ""
        return f"part-{self._partition:05d}-{self._attempt}{suffix}{self._plan.extension}"

    def _read(self, slices: Iterable[Slice]) -> Iterator[Rows]:
        for some in slices:
            self._first_row = some.first_row
            rows = self._plan.columns.read(some.batch, self._dim)
            self._dim = rows.features.dim
            self._rows += len(rows.features)
            yield rows


def _gzipped(buffers: Iterable[Any]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)  # 31: with the header and the checksum of gzip
    for buffer in buffers:
        yield packer.compress(buffer)
    yield packer.flush()
