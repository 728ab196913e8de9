"""Rows to the input objects of a transform job, and beside each object the rows that it was made of.

What was sent is kept, so that predictions meet their own rows even where the DataFrame would be another one
if it were read again. Exactly once is made as in `write`: each task attempt writes objects of its own, Spark
hands over the reports of one attempt per partition, and a manifest names those objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame

from sagemaker_spark_py.errors import DataError, SageMakerSparkError, StagingError
from sagemaker_spark_py.service.objects import upload
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.failures import in_partition, reported
from sagemaker_spark_py.staging.manifest import write_manifest
from sagemaker_spark_py.staging.write import undone_on_failure
from sagemaker_spark_py.transformation.batching import Body, bodies
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

SENT = "sent"
"""Name of the last column of kept rows: whether a row is in the input object."""
RESULT = "partition int, attempt long, number int, rows long, sent long"
"""Spark schema of what a task tells the driver about each object."""

_ARROW_RESULT = pa.schema(
    [
        ("partition", pa.int32()),
        ("attempt", pa.int64()),
        ("number", pa.int32()),
        ("rows", pa.int64()),
        ("sent", pa.int64()),
    ]
)
_GROUP_BYTES = 32 << 20
"""Arrow bytes of the rows of one object, at most, so that it is read back in bounded memory."""
_PIECE_BYTES = 8 << 20
_IPC = pa.ipc.IpcWriteOptions(compression="lz4")


class SentPart(NamedTuple):
    """Consecutive rows of one partition: an input object, and the object of the rows themselves."""

    name: str
    """Of both objects."""
    partition: int
    first_row: int
    rows: int
    sent: int
    """How many of the rows are in the input object; there is none if it is 0."""

    @property
    def output(self) -> str:
        """Last part of the key of the object that answers this one."""
        return f"{self.name}.out"

    @property
    def where(self) -> str:
        """The rows, for messages."""
        return f"partition {self.partition}, rows {self.first_row} to {self.first_row + self.rows - 1}"


@dataclass(frozen=True)
class TransformInput:
    """What is staged for a transform job.

    Parameters
    ----------
    place : Place
        The prefix that belongs to this job alone.
    parts : tuple of SentPart
        By partition and row.
    manifest : str, optional
        S3 URI of the manifest; `None` if there is nothing to send.
    """

    place: Place
    parts: tuple[SentPart, ...] = field(repr=False)
    manifest: str | None


@dataclass(frozen=True)
class SendTask:
    """All that a task needs to know.

    Parameters
    ----------
    session : Session
        How to reach S3 from an executor.
    place : Place
        The prefix that belongs to this job alone.
    serializer : RequestRowSerializer
        Rows to payloads.
    inputs : tuple of str
        The serializer's columns.
    places : tuple of int
        Where they are among the columns that are sent.
    keepColumns : bool
        Whether the columns are kept; else only which rows were sent.
    maxBytes : int
        Most bytes of an input object.
    maxRows : int, optional
        Most rows of it.
    """

    session: Session
    place: Place
    serializer: RequestRowSerializer
    inputs: tuple[str, ...]
    places: tuple[int, ...]
    keepColumns: bool
    maxBytes: int
    maxRows: int | None = None


def input_place(place: Place) -> Place:
    """Return the prefix of a job's input objects."""
    return replace(place, prefix=place.key("input"))


def rows_key(place: Place, name: str) -> str:
    """Return the key of the rows beside an input object."""
    return place.key(f"rows/{name}")


def stage(frame: DataFrame, task: SendTask) -> TransformInput:
    """Write the input objects of a transform job and the rows that they are made of.

    Runs on the driver; the executors write. The data set is evaluated once, nothing is shuffled.

    Parameters
    ----------
    frame : DataFrame
        The columns that are to be kept, or the serializer's; their names do not matter.
    task : SendTask
        What each task is to do.

    Raises
    ------
    DataError
        If a row cannot be serialized, or is larger than one object may be.
    StagingError, AccessError, NotFoundError, ServiceError
        If Spark or S3 fails. In all cases what was written is deleted.
    """
    with undone_on_failure(task.session, task.place):
        with reported(task.place.uri):
            plain = frame.toDF(*(f"c{place}" for place in range(len(frame.columns))))
            reports = plain.mapInArrow(partial(write_partition, task), RESULT).collect()
        parts = tuple(_parts(sorted(reports, key=lambda r: (r.partition, r.number)), task.place))
        return TransformInput(task.place, parts, _commit(task, parts))


def _commit(task: SendTask, parts: Iterable[SentPart]) -> str | None:
    """Write the manifest that says which objects are the input; return its URI."""
    place = input_place(task.place)
    keys = [place.key(part.name) for part in parts if part.sent]
    return f"s3://{place.bucket}/{write_manifest(task.session, place, keys)}" if keys else None


def _parts(reports: Iterable[Any], place: Place) -> Iterator[SentPart]:
    """Name the reported parts and number their rows; each partition must come from one attempt."""
    partition, attempt, first_row = -1, -1, 0
    for report in reports:
        if report.partition != partition:
            partition, attempt, first_row = report.partition, report.attempt, 0
        if report.attempt != attempt:
            raise StagingError(
                f"Data for {place.uri} was reported twice; expected one attempt per partition."
            )
        name = _name(partition, attempt, report.number)
        yield SentPart(name, partition, first_row, report.rows, report.sent)
        first_row += report.rows


def write_partition(task: SendTask, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write one partition and yield one batch of `RESULT`, or nothing if there are no rows.

    Runs on executors as the function of ``mapInArrow``.

    Raises
    ------
    DataError
        If a value cannot be sent; names partition and rows.
    AccessError, NotFoundError, ServiceError
        If S3 refuses or fails.
    """
    context = TaskContext.get()
    assert context is not None
    partition, attempt = context.partitionId(), context.taskAttemptId()
    reports: list[dict[str, int]] = []
    try:
        for rows, body in _cut(task, batches):
            name = _name(partition, attempt, len(reports))
            _write(task, name, rows, body)
            mine = {"partition": partition, "attempt": attempt, "number": len(reports)}
            reports.append({**mine, "rows": len(rows), "sent": body.rows})
    except SageMakerSparkError as error:
        raise in_partition(error, f"Partition {partition}") from error
    if reports:
        yield pa.RecordBatch.from_pylist(reports, schema=_ARROW_RESULT)


def _name(partition: int, attempt: int, number: int) -> str:
    return f"part-{partition:05d}-{attempt}-{number:05d}"


def _cut(task: SendTask, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.Table, Body]]:
    """Yield the rows of each object and its body."""
    first_row = 0
    for group in _groups(batches):
        payloads = []
        for batch in group:
            payloads.append(_serialized(task, batch, first_row))
            first_row += batch.num_rows
        kept = _kept(task, group, payloads)
        for body in bodies(payloads, task.maxBytes, task.maxRows):
            yield kept.slice(body.first_row, body.last_row - body.first_row + 1), body


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Cut large batches without copying, and put small ones together, up to `_GROUP_BYTES`."""
    group: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        step = max(1, batch.num_rows * _PIECE_BYTES // max(batch.nbytes, _PIECE_BYTES))
        for start in range(0, batch.num_rows, step):
            piece = batch.slice(start, step)
            if group and size + piece.nbytes > _GROUP_BYTES:
                yield group
                group, size = [], 0
            group.append(piece)
            size += piece.nbytes
    if group:
        yield group


def _serialized(task: SendTask, batch: pa.RecordBatch, first_row: int) -> pa.Array:
    columns = [batch.column(place) for place in task.places]
    chosen = pa.RecordBatch.from_arrays(columns, names=list(task.inputs))
    try:
        return task.serializer.serializeBatch(chosen)
    except DataError as error:
        raise DataError(f"batch of rows {first_row} to {first_row + len(batch) - 1}: {error}") from error


def _kept(task: SendTask, group: Sequence[pa.RecordBatch], payloads: Sequence[pa.Array]) -> pa.Table:
    """Return the rows to keep, and last which of them are sent."""
    sent = pa.array(np.concatenate([np.asarray(array.is_valid()) for array in payloads]))
    if not task.keepColumns:
        return pa.table([sent], names=[SENT])
    return pa.Table.from_batches(group).append_column(SENT, sent)


def _write(task: SendTask, name: str, rows: pa.Table, body: Body) -> None:
    """Write one object of rows and, unless no row is sent, one of payloads."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_IPC) as writer:
        writer.write_table(rows)
    upload(task.session, task.place, rows_key(task.place, name), [sink.getvalue()])
    if body.rows:
        # Unless SageMaker splits it, an object is one request.
        data = task.serializer.wrapBody(body.data, body.rows)
        upload(task.session, task.place, input_place(task.place).key(name), [data])
