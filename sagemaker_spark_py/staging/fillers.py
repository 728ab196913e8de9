"""Rows of nulls among a DataFrame's own, so that the batches in which Spark sends rows to Python stay small.

Spark counts the rows of an Arrow batch, whatever their size: of 784 doubles the 10,000 that its conf allows
are 63 MB, of which both sides hold several, and which take twice the time of batches that fit into the
processor's cache. The conf is the user's. So each row is followed by as many rows of nulls, which weigh next
to nothing, as make a batch end after about `BATCH_BYTES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StructType, UserDefinedType

from sagemaker_spark_py.transformation.columns import VECTOR_FIELDS
from sagemaker_spark_py.transformation.features import Array

BATCH_BYTES = 8 << 20
"""Arrow bytes of a batch, more or less."""

LIMIT = "spark.sql.execution.arrow.maxRecordsPerBatch"
"""Key in Spark's conf: rows of a batch."""
_MAX = 50_000
"""More fillers than this would take longer than the rows."""
_NUMBER_BYTES = 8
_MARK = "is row"


def most(spark: SparkSession) -> int:
    """Return how many fillers a batch may have; 0 where the conf sets no limit that they could reach.

    Where the conf allows more rows than that, batches are larger by as much as it allows more.
    """
    return min(_MAX, max(0, int(spark.conf.get(LIMIT, "10000") or 0)))


def with_fillers(frame: DataFrame) -> DataFrame:
    """Return the rows with fillers behind them, for `without_fillers`; driver side.

    Parameters
    ----------
    frame : DataFrame
        Of numbers, arrays, vectors and matrices. It is returned as it is where its rows are so narrow that
        batches are small anyway, and where the conf sets no limit.
    """
    fillers = _bytes(frame.schema, frame) * (most(frame.sparkSession) / BATCH_BYTES)
    if not most(frame.sparkSession) or (isinstance(fillers, float) and fillers < 1):
        return frame
    place = F.explode(F.sequence(F.lit(0), F.lit(fillers).cast("int")))
    placed = frame.select("*", place.alias(_MARK))
    is_row = F.col(f"`{_MARK}`") == 0
    own = (_where(is_row, field.dataType, F.col(field.name)).alias(field.name) for field in frame.schema)
    return placed.select(*own, is_row.alias(_MARK))


def _where(is_row: Column, kind: DataType, column: Column) -> Column:
    """Return a column's values for rows, null for fillers.

    Dense vectors have no indices. Spark 4.1 and newer measure a batch after each row, for which Arrow then
    goes through the nulls at the end of a list column: through the whole batch if all are null.
    """
    if not isinstance(kind, VectorUDT):
        return F.when(is_row, column)
    inner = F.unwrap_udt(column)
    fields = {name: inner[name] for name in VECTOR_FIELDS}
    fields["indices"] = F.coalesce(fields["indices"], F.array().cast("array<int>"))
    vector = F.struct(*(field.alias(name) for name, field in fields.items()))
    return F.when(is_row & column.isNotNull(), vector)


def _bytes(kind: DataType, column: Any) -> Any:
    """Return how many bytes a value, or a row, has: a number, or a column where rows differ."""
    if isinstance(kind, UserDefinedType):
        return _bytes(kind.sqlType(), F.unwrap_udt(column))
    if isinstance(kind, StructType):
        return sum(_bytes(field.dataType, column[field.name]) for field in kind)
    if isinstance(kind, ArrayType):
        # The size of null is null or -1, as another conf says.
        return F.greatest(F.coalesce(F.size(column), F.lit(0)), F.lit(0)) * _NUMBER_BYTES
    return _NUMBER_BYTES


def without_fillers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows alone; runs on executors. The numbers of vectors and arrays stay where they are."""
    for batch in batches:
        if batch.schema.names[-1] != _MARK:
            yield batch
            continue
        kept = np.asarray(batch.column(batch.num_columns - 1))
        names = batch.schema.names[:-1]
        columns = [_only(batch.column(place), kept) for place in range(len(names))]
        del batch
        if kept.any():
            yield pa.RecordBatch.from_arrays(columns, names=names)


def _only(column: pa.Array, kept: Array) -> pa.Array:
    """Return some of a column's rows; lists of the others must be empty."""
    rows, kind = int(kept.sum()), column.type
    if not (pa.types.is_struct(kind) or pa.types.is_list(kind)):
        return column.filter(pa.array(kept))
    validity = column.is_valid().filter(pa.array(kept)).buffers()[1] if column.null_count else None
    if pa.types.is_struct(kind):
        children = [_only(column.field(place), kept) for place in range(kind.num_fields)]
        return pa.Array.from_buffers(kind, rows, [validity], children=children)
    offsets = np.asarray(column.offsets)
    starts = np.append(offsets[:-1][kept], offsets[-1:])
    return pa.Array.from_buffers(kind, rows, [validity, pa.py_buffer(starts)], children=[column.values])
