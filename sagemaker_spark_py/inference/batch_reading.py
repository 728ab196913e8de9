"""The outputs of a transform job, joined to the rows that were sent: the executor's side.

Each part is read whole: its rows as they were staged, and the answer to them. Position i of
the answer belongs to the i-th of the rows that were sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import NotFoundError, ResponseError
from sagemaker_spark_py.inference.output import read_answer
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.reading import open_object
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.transform_input import SentPart, rows_key
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.schemas import arrow_schema, as_nullable


@dataclass(frozen=True)
class ReadTask:
    """All that a task needs to know.

    Parameters
    ----------
    session : Session
        How to reach S3 from an executor.
    job : str
        Name of the transform job, for messages.
    place : Place
        The prefix that belongs to the job.
    outputs : str
        What the keys of outputs begin with; the part's name and ``.out`` follow.
    partitions : tuple of tuple of SentPart
        The parts, by partition.
    deserializer : ResponseRowDeserializer
        Answers to columns.
    names : tuple of str
        Names of the columns of the result.
    """

    session: Session
    job: str
    place: Place
    outputs: str
    partitions: tuple[tuple[SentPart, ...], ...]
    deserializer: ResponseRowDeserializer
    names: tuple[str, ...]


def read_partitions(task: ReadTask, numbers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the partitions whose numbers come in, with their predictions.

    Runs on executors as the function of ``mapInArrow``.

    Raises
    ------
    ResponseError
        If an output does not fit the rows that were sent; names the job and the rows.
    AccessError, NotFoundError, ServiceError
        If S3 refuses or fails.
    """
    for batch in numbers:
        for number in batch.column(0).to_pylist():
            for part in task.partitions[number]:
                yield from _joined(task, part)


def _joined(task: ReadTask, part: SentPart) -> list[pa.RecordBatch]:
    """Return the rows of one part with their predictions."""
    where = f"Transform job {task.job!r}, {part.where}"
    rows = pa.ipc.open_stream(_object(task, rows_key(task.place, part.name), where)).read_all()
    predictions = _placed(_predictions(task, part, where), rows)
    columns = [*rows.columns[:-1], *predictions.columns]
    batches: list[pa.RecordBatch] = pa.table(columns, names=list(task.names)).to_batches()
    return batches


def _placed(predictions: pa.RecordBatch, rows: pa.Table) -> pa.Table:
    """Put nulls where a row was not sent."""
    sent = np.asarray(rows.column(-1))
    if not sent.all():
        predictions = predictions.take(pa.array(np.cumsum(sent) - 1, mask=~sent))
    return pa.Table.from_batches([predictions])


def _predictions(task: ReadTask, part: SentPart, where: str) -> pa.RecordBatch:
    if not part.sent:
        return pa.RecordBatch.from_pylist([], schema=arrow_schema(as_nullable(task.deserializer.schema)))
    answer = _object(task, f"{task.outputs}{part.output}", where)
    try:
        return read_answer(task.deserializer, answer, part.sent)
    except ResponseError as error:
        raise ResponseError(f"{where}, output {part.output}: {error}") from error


def _object(task: ReadTask, key: str, where: str) -> bytes:
    try:
        with open_object(task.session, S3DataPath(task.place.bucket, key)) as file:
            return file.read()
    except NotFoundError as error:
        raise NotFoundError(
            f"{where}: {error} If deleteBatchData() was called, write the predictions somewhere before it.",
            error.code,
            error.status,
            error.requestId,
        ) from error
