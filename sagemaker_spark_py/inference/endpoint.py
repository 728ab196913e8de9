"""Predictions of an endpoint as columns of a DataFrame."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference.invoke import answers
from sagemaker_spark_py.inference.lanes import encoded
from sagemaker_spark_py.inference.ledger import pieces
from sagemaker_spark_py.inference.output import output_schema, result_schema
from sagemaker_spark_py.inference.share import shared
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.service.async_invocation import Queue
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.schemas import field_of
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

_FIRST_WITH_ARROW_UDF = (4, 1)


@dataclass(frozen=True)
class EndpointCall:
    """All that an executor needs to ask an endpoint; it is pickled into the tasks.

    Parameters
    ----------
    session : Session
        How to reach AWS.
    endpointName : str
        An endpoint that is in service.
    serializer : RequestRowSerializer
        Rows to requests.
    deserializer : ResponseRowDeserializer
        Answers to columns.
    invocation : Invocation
        How to ask.
    queue : Queue, optional
        How requests of an asynchronous endpoint are queued; without it requests are answered at once.
    total : accumulator, optional
        Where tasks add their `InvocationSummary`.
    """

    session: Session
    endpointName: str
    serializer: RequestRowSerializer
    deserializer: ResponseRowDeserializer
    invocation: Invocation = field(default_factory=Invocation)
    queue: Queue | None = None
    total: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse user-made serializers that lack something."""
        for value, attribute in (
            (self.serializer, "contentType"),
            (self.deserializer, "accepts"),
            (self.deserializer, "schema"),
        ):
            if not hasattr(value, attribute):
                raise SettingError(f"{type(value).__name__} has no {attribute}. Set it in the class.")
        if self.max_payload_bytes < 1:
            raise SettingError(
                f"maxBodyBytes is too small: {self.invocation.maxBodyBytes}; expected more than the "
                f"{self.serializer.frameBytes} bytes that {type(self.serializer).__name__} puts around rows."
            )

    @property
    def max_payload_bytes(self) -> int:
        """Most bytes of the payloads of one request: what the serializer puts around them counts too."""
        return self.invocation.maxBodyBytes - self.serializer.frameBytes

    @property
    def max_rows(self) -> int | None:
        """Most rows of one request, by the settings and by what the serializer's format can hold."""
        limits = (self.invocation.maxRowsPerRequest, self.serializer.maxRows)
        return min((limit for limit in limits if limit is not None), default=None)

    @property
    def resultSchema(self) -> StructType:
        """The columns that asking adds."""
        return result_schema(self.deserializer, self.invocation)


def transform(dataset: DataFrame, call: EndpointCall, prepend: bool) -> DataFrame:
    """Return the predictions for the rows of a DataFrame; nothing is sent before an action needs them.

    Each row is sent once for each action that needs its prediction, in the order of its partition.

    Parameters
    ----------
    dataset : DataFrame
        Classic or Connect, static or streaming.
    call : EndpointCall
        What to ask, and how.
    prepend : bool
        Whether the columns of `dataset` come first.

    Returns
    -------
    DataFrame
        As many rows, with the columns of `output_schema`.

    Raises
    ------
    SchemaError
        See `output_schema`.
    """
    sensitive = str(dataset.sparkSession.conf.get("spark.sql.caseSensitive", "false")).lower() == "true"
    output_schema(
        dataset.schema,
        call.serializer,
        call.deserializer,
        prepend,
        caseSensitive=sensitive,
        invocation=call.invocation,
    )
    inputs = list(dict.fromkeys(call.serializer.inputColumns(dataset.schema)))
    for name in inputs:
        field_of(dataset.schema, name)
    # The column with the model's name travels last, even if the serializer wants it too.
    inputs += filter(None, [call.invocation.targetModelCol])
    dataset, call = shared(dataset, call)
    columns = [F.col(_quoted(name)) for name in inputs]
    has_udf = _has_arrow_udf(dataset.sparkSession.version)
    # Without such functions whole rows travel, and payloads would come on top of them.
    if (has_udf or not prepend) and (java := encoded(dataset, call)):
        call, inputs, columns = java[0], ["payload"], [java[1]]
    if has_udf:
        return _with_udf(dataset, call, inputs, columns, prepend)
    return _with_map(dataset, call, inputs, columns, prepend)


def _has_arrow_udf(spark_version: str) -> bool:
    """Tell whether Spark has functions on iterators of Arrow arrays; a Connect server may be older."""
    return release(spark_version) >= _FIRST_WITH_ARROW_UDF and hasattr(F, "arrow_udf")


def release(spark_version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", spark_version)[:2])


def _with_udf(
    dataset: DataFrame, call: EndpointCall, inputs: list[str], columns: list[Column], prepend: bool
) -> DataFrame:
    """Send only the input columns to Python: the row itself waits for its predictions in the JVM."""
    functions: Any = F  # Spark 3.5 and 4.0 have no arrow_udf.
    kind = call.resultSchema
    udf = functions.arrow_udf(_array_function(call, inputs, numbered=True), kind)
    holder = _unused_name(dataset.schema.names)
    # Where a scan of Parquet feeds the function directly, Spark 4.3 refuses vectors among the columns; the
    # number of the partition, which is not deterministic, forces a projection between the two.
    rows = dataset.select("*", F.spark_partition_id().alias(holder))
    # Spark may evaluate a deterministic function as often as it likes, for example again for a filter.
    predictions: Column = udf.asNondeterministic()(*columns, F.col(holder))
    if not prepend:
        return rows.select(predictions.alias(holder)).select(f"{holder}.*")
    return rows.withColumn(holder, predictions).select("*", f"{holder}.*").drop(holder)


def _with_map(
    dataset: DataFrame, call: EndpointCall, inputs: list[str], columns: list[Column], prepend: bool
) -> DataFrame:
    """Send whole rows to Python and back, or, without `prepend`, the input columns only."""
    predictions = call.resultSchema
    if not prepend:
        return _numbered(dataset.select(*columns)).mapInArrow(
            partial(_answer_batches, call, inputs), predictions
        )
    places = [dataset.columns.index(name) for name in inputs]
    schema = StructType(dataset.schema.fields + predictions.fields)
    return _numbered(dataset).mapInArrow(partial(_answer_rows, call, inputs, places), schema)


def _numbered(dataset: DataFrame) -> DataFrame:
    """Name columns by their places: mapInArrow looks them up by name, which fails for some names."""
    return dataset.toDF(*(f"c{place}" for place in range(len(dataset.columns))))


def _array_function(call: EndpointCall, inputs: list[str], *, numbered: bool = False) -> Any:
    """Return what Spark calls with Arrow arrays (with a number behind them if `numbered`), by type hints."""

    def answer_one(column: Iterator[pa.Array]) -> Iterator[pa.Array]:
        return _answer_arrays(call, inputs, ([array] for array in column))

    def answer_several(columns: Iterator[tuple[pa.Array, ...]]) -> Iterator[pa.Array]:
        return _answer_arrays(call, inputs, (arrays[: len(inputs)] for arrays in columns))

    return answer_one if len(inputs) + numbered == 1 else answer_several


def _answer_arrays(
    call: EndpointCall, inputs: list[str], columns: Iterable[Sequence[pa.Array]]
) -> Iterator[pa.StructArray]:
    """Executor: input columns to structs of predictions."""
    batches = (pa.RecordBatch.from_arrays(list(arrays), names=inputs) for arrays in columns)
    for predictions in _answer_batches(call, inputs, batches):
        yield pa.StructArray.from_arrays(predictions.columns, fields=list(predictions.schema))


def _answer_batches(
    call: EndpointCall, inputs: list[str], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Executor: input columns to predictions."""
    named = (pa.RecordBatch.from_arrays(batch.columns, names=inputs) for batch in batches)
    return answers(pieces(named), call, _partition())


def _answer_rows(
    call: EndpointCall, inputs: list[str], places: list[int], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Executor: whole rows, of which the input columns are at `places`, to rows with predictions."""
    waiting: deque[pa.RecordBatch] = deque()

    def chosen() -> Iterator[pa.RecordBatch]:
        for piece in pieces(batches):
            waiting.append(piece)
            yield pa.RecordBatch.from_arrays([piece.column(place) for place in places], names=inputs)

    for predictions in answers(chosen(), call, _partition()):
        rows = waiting.popleft()
        schema = pa.schema([*rows.schema, *predictions.schema])
        yield pa.RecordBatch.from_arrays([*rows.columns, *predictions.columns], schema=schema)


def _partition() -> int:
    context = TaskContext.get()
    return context.partitionId() if context else 0


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _unused_name(names: list[str]) -> str:
    name = "predictions"
    while name in {taken.lower() for taken in names}:
        name += "_"
    return name
