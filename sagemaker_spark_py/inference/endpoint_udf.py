"""An endpoint as a function on columns, for ``select`` and SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyspark
from pyspark.errors import PySparkException
from pyspark.ml.linalg import Vector, VectorUDT
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference import endpoint
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.transformation.columns import VECTOR_FIELDS
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.rows import to_rows
from sagemaker_spark_py.transformation.schemas import as_nullable
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

_VECTOR_TYPES = (pa.int8(), pa.int32(), pa.list_(pa.int32()), pa.list_(pa.float64()))
"""Arrow types of `VECTOR_FIELDS`."""


def endpoint_udf(
    endpointName: str,
    requestRowSerializer: RequestRowSerializer,
    responseRowDeserializer: ResponseRowDeserializer,
    *,
    session: Session | None = None,
    invocation: Invocation | None = None,
    inputCols: Sequence[str] | None = None,
) -> Any:
    """Return a function on columns that asks an endpoint: for ``select``, or for SQL once it is registered.

    It takes the columns that the serializer needs, in that order, whatever they are called in the DataFrame,
    and gives one struct of the deserializer's columns. Rows are sent in large requests, as by
    ``transform()``, and each row once for each action: Spark knows that the function is not deterministic.

    What it does less well than ``transform()``: columns are not checked before the job runs; a row that the
    serializer leaves out has nulls, since a function cannot drop rows; and before Spark 4.1, whose functions
    on Arrow arrays it uses, values pass through pandas, which is slower, makes a null of a NaN that is
    predicted, and takes the zone away from a timestamp.

    Parameters
    ----------
    endpointName : str
        An endpoint that is in service when Spark runs the function. Nothing is asked before.
    requestRowSerializer : RequestRowSerializer
        Turns rows into request bodies.
    responseRowDeserializer : ResponseRowDeserializer
        Turns answers into columns.
    session : Session, optional
        Region, role, profile and endpoint URLs; default boto3's chains.
    invocation : Invocation, optional
        How the endpoint is asked. With a `targetModelCol`, the function takes that column as its last.
    inputCols : sequence of str, optional
        What the serializer calls the function's arguments; by default the columns it was made for. Needed for
        serializers of your own that take any column.

    Returns
    -------
    user-defined function
        For columns, and for ``spark.udf.register``.

    Raises
    ------
    SettingError
        If the serializer does not say which columns it needs.

    Examples
    --------
    ::

        predict = endpoint_udf("my-endpoint", serializer, deserializer)
        df.select("id", predict("features").alias("p")).select("id", "p.*")

        spark.udf.register("predict", predict)
        spark.sql("SELECT id, predict(features).score FROM rows")
    """
    call = EndpointCall(
        session=session or Session.resolve(),
        endpointName=endpointName,
        serializer=requestRowSerializer,
        deserializer=responseRowDeserializer,
        invocation=invocation or Invocation(),
    )
    inputs = list(dict.fromkeys(inputCols or requestRowSerializer.inputColumns(StructType([]))))
    if not inputs:
        raise SettingError(
            f"inputCols is not given, and {type(requestRowSerializer).__name__} takes any column; expected "
            "the names that it knows the function's arguments by."
        )
    inputs += filter(None, [call.invocation.targetModelCol])
    kind = as_nullable(responseRowDeserializer.schema)
    functions: Any = F  # Spark 3.5 and 4.0 have no arrow_udf.
    if endpoint._has_arrow_udf(_spark_version()):
        return functions.arrow_udf(endpoint._array_function(call, inputs), kind).asNondeterministic()
    return functions.pandas_udf(_pandas_function(call, inputs), kind).asNondeterministic()


def _spark_version() -> str:
    """Return the version of the running Spark, which over Connect may be older than this package of it."""
    try:
        return str(SparkSession.active().version)
    except PySparkException:
        return str(pyspark.__version__)


def _pandas_function(call: EndpointCall, inputs: list[str]) -> Any:
    """Return what Spark calls with pandas Series; it finds out how by the type hints."""

    def answer_one(column: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        return _answer_frames(call, inputs, ([series] for series in column))

    def answer_several(columns: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.DataFrame]:
        return _answer_frames(call, inputs, columns)

    return answer_one if len(inputs) == 1 else answer_several


def _answer_frames(
    call: EndpointCall, inputs: list[str], columns: Iterable[Sequence[Any]]
) -> Iterator[pd.DataFrame]:
    """Executor: input columns to frames of predictions."""
    batches = (pa.RecordBatch.from_arrays([*map(_to_arrow, some)], names=inputs) for some in columns)
    for predictions in endpoint._answer_batches(call, inputs, batches):
        rows = [tuple(map(_to_spark, row)) for row in to_rows(predictions)]
        yield pd.DataFrame(rows, columns=predictions.schema.names, dtype=object)


def _to_spark(value: Any) -> Any:
    """Return a prediction as Spark takes it in a frame: Spark 3.5 wants the fields of a vector."""
    is_vector = isinstance(value, Vector) and pyspark.__version__.startswith("3.")
    return VectorUDT().serialize(value) if is_vector else value


def _to_arrow(column: pd.Series | pd.DataFrame) -> pa.Array:
    """Return a column as Arrow; Spark gives structs, and so vectors, as frames of their fields."""
    if isinstance(column, pd.Series):
        return _values(column, None)
    names = list(column.columns)
    if names != list(VECTOR_FIELDS):
        return pa.StructArray.from_arrays([_to_arrow(column[name]) for name in names], names=names)
    fields = [_values(column[name], kind) for name, kind in zip(names, _VECTOR_TYPES, strict=True)]
    # A null vector has no type; the frame has no other mark for it.
    return pa.StructArray.from_arrays(fields, names=names, mask=fields[0].is_null())


def _values(column: pd.Series, kind: pa.DataType | None) -> pa.Array:
    # By way of a list: what pandas makes of whole numbers with nulls differs between its versions.
    return pa.array(list(column), kind, from_pandas=True)
