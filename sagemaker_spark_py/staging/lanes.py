"""Rows that Java encodes: how it is asked to, and how a task takes them for rows of its own.

In the Java lane Python gets bytes that it only sends on. In the Python lane it gets the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sagemaker_spark_py.jvm import JAVA, accelerate, call, in_chunks
from sagemaker_spark_py.staging import fillers
from sagemaker_spark_py.staging.formats import CSV, LibSVM, RecordIO, StagingFormat, contents
from sagemaker_spark_py.staging.plan import Plan
from sagemaker_spark_py.staging.rows import Columns, Rows
from sagemaker_spark_py.staging.task import RESULT, Task, write_partition
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.invalid import Invalid

BATCH_BYTES = 4 << 20
"""Payloads that travel to Python at a time: so few that the memory of one batch serves for the next."""

_CALLS: dict[type[StagingFormat], tuple[str, dict[str, str]]] = {
    RecordIO: ("recordio", {"overflow": "error"}),
    LibSVM: ("libsvm", {"overflow": "error"}),
    CSV: ("csv", {}),
}
"""By format that Java writes: its name there, and what makes Java do as Python does."""


def reports(frame: DataFrame, task: Task) -> DataFrame:
    """Return, with the columns of `RESULT`, what will be written of a DataFrame; driver side.

    Both lanes write the same bytes. The Java lane is taken where the session allows it and Java knows the
    format.

    Parameters
    ----------
    frame : DataFrame
        With the columns of the task's plan, in their order.
    task : Task
        What each task is to do.
    """
    if not _is_known(task.plan) or accelerate(frame.sparkSession) != JAVA:
        return fillers.with_fillers(frame).mapInArrow(partial(write_rows, task), RESULT)
    chunks = in_chunks(_encoded(frame, task.plan), BATCH_BYTES, fillers.most(frame.sparkSession))
    return chunks.mapInArrow(partial(write_chunks, replace(task, plan=_taken(task.plan))), RESULT)


def write_rows(task: Task, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write one partition's rows as `write_partition` does; fillers may be among them."""
    return write_partition(task, fillers.without_fillers(batches))


def write_chunks(task: Task, chunks: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write one partition's rows as `write_partition` does; they come as `jvm.in_chunks` packs them.

    Memory over an idle worker, however large the partition and wide the rows, is about 45 MiB:
    3 batches of `BATCH_BYTES`, 3 parts of an upload (8 MiB; 16 MiB beyond 7.8 GiB, ...), and buffers.
    """
    return write_partition(task, _rows(chunks))


def _is_known(plan: Plan) -> bool:
    """Tell whether Java knows all that a plan says; it has no weights, and leaves out no rows."""
    columns = Columns(plan.columns.label, plan.columns.features, plan.columns.flat)
    plain = Plan(plan.format, columns, plan.dim, plan.gzip, Invalid("error", plan.invalid.numbers))
    return type(plan.format) in _CALLS and plan == plain


def _encoded(frame: DataFrame, plan: Plan) -> DataFrame:
    """Return one column of payloads; messages call the columns by the names that the plan has."""
    columns = [F.col(held).alias(name) for held, name in zip(frame.columns, plan.columns.names, strict=True)]
    labels, features = (columns[:1], columns[1:]) if plan.columns.label else ([], columns)
    name = ", ".join(plan.columns.features)
    named = frame.select(*labels, F.struct(*features).alias(name) if plan.columns.flat else features[0])
    format, own = _CALLS[type(plan.format)]
    options = {option: str(getattr(plan.format, option)) for option in plan.format.options}
    dim = "same" if plan.dim is None else str(plan.dim)
    checks = {"nulls": "error", "numbers": plan.invalid.numbers, "dim": dim}
    arguments = [plan.columns.label, name] if plan.columns.label else [name]
    return named.select(call(format, arguments, {**own, **options, **checks, "trailer": "dim"}))


def _taken(plan: Plan) -> Plan:
    columns = _Payloads(plan.columns.label, plan.columns.features)
    return _TakenPlan(_Taken(), columns, plan.dim, plan.gzip, original=plan)


@dataclass(frozen=True)
class _TakenPlan(Plan):
    """How rows that were encoded after another plan become objects."""

    original: Plan = field(kw_only=True)

    @property
    def extension(self) -> str:
        return self.original.extension


@dataclass(frozen=True)
class _Taken(StagingFormat):
    """Payloads as they are."""

    extension = ""

    def contentType(self, labelled: bool) -> str:
        raise NotImplementedError("Executors need no content type.")

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield the payloads of rows."""
        return (contents(some.batch.column(0)) for some in rows)


@dataclass(frozen=True)
class _Payloads(Columns):
    """Columns in whose place payloads travel, and for each how many features it has."""

    @property
    def names(self) -> tuple[str, ...]:
        return "payload", "dim"

    def read(self, batch: pa.RecordBatch, dim: int | None) -> Rows:
        dims = np.asarray(batch.column(1))
        features = Features(self.features[0], np.empty(0), np.zeros(len(dims) + 1, np.int64), dims)
        features.require_dim(features.dim if dim is None else dim)
        return Rows(batch, None, features)


def _rows(chunks: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield a batch of one row per payload for each batch of chunks, without copying payloads."""
    for batch in chunks:
        payloads, lengths, dims = batch.columns
        sizes = np.frombuffer(_data(lengths), "<i4")
        if len(sizes):
            dim = dims.drop_null()[0].as_py()
            bounds = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
            buffers = [None, pa.py_buffer(bounds), _data(payloads)]
            column = pa.Array.from_buffers(pa.large_binary(), len(sizes), buffers)
            dims = pa.array(np.full(len(sizes), dim))
            yield pa.RecordBatch.from_arrays([column, dims], names=["payload", "dim"])


def _data(column: pa.Array) -> pa.Buffer:
    """Return the bytes of all rows, which lie one after the other, null ones having none."""
    column = column.cast(pa.large_binary())
    _, bounds, data = column.buffers()
    ends = np.frombuffer(bounds, np.int64)[column.offset :]
    return pa.py_buffer(b"") if data is None else data.slice(ends[0], ends[len(column)] - ends[0])
