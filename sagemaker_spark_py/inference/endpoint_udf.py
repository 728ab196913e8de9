"""An endpoint as a function on columns, for ``select`` and SQL.

Rows are sent in large requests, as by ``transform()``, each once for each action. Other than by
``transform()``, columns are not checked before the job runs, and a row that the serializer leaves out has
nulls: a function cannot drop rows. Before Spark 4.1, whose functions on Arrow arrays are used from then on,
values pass through pandas, which is slower, makes a null of a NaN that is predicted, takes the zone away from
a timestamp, and gives vectors as ``array<double>``.

From 4.2 on, Spark hands whole columns of a scan to such functions, and fails (``UNSUPPORTED_DATATYPE``) if
there are vectors among those read from Parquet or ORC: ``ArrowEvalPythonExec`` cannot put them beside its
results. No expression around an argument helps; a session does without that road if
``spark.sql.execution.arrow.pythonUDF.columnarInput.enabled`` is ``false``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyspark
from pyspark.errors import PySparkException
from pyspark.ml.linalg import Vector, VectorUDT
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DoubleType, StructField, StructType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference import endpoint
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.share import shared_by_function
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.transformation.columns import VECTOR_FIELDS
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.rows import to_rows
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

_VECTOR_TYPES = (pa.int8(), pa.int32(), pa.list_(pa.int32()), pa.list_(pa.float64()))
"""Arrow types of `VECTOR_FIELDS`."""

_FIRST_WITH_COLUMNAR_INPUT = (4, 2)
_COLUMNAR = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"

_log = logging.getLogger(__name__)


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

    It takes the columns that the serializer needs, in that order, and gives one struct of the
    deserializer's columns. What else there is to know stands at the top of its module.

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
        How the endpoint is asked. With a `targetModelCol`, the function takes that column as its last. A
        `maxTotalInFlight` holds for each call of the function in a query.
    inputCols : sequence of str, optional
        What the serializer calls the function's arguments; by default the columns it was made for. Needed for
        serializers of your own that take any column.

    Raises
    ------
    SettingError
        If the serializer does not say which columns it needs, or `maxTotalInFlight` cannot be kept: it must
        be at least the number of tasks that run at a time, which the session's conf has to tell.

    Examples
    --------
    >>> predict = endpoint_udf("my-endpoint", serializer, deserializer)  # doctest: +SKIP
    >>> df.select("id", predict("features").alias("p")).select("id", "p.*")  # doctest: +SKIP
    """
    how = invocation or Invocation()
    where = session or Session.resolve()
    call = EndpointCall(where, endpointName, requestRowSerializer, responseRowDeserializer, how)
    inputs = _argument_names(call, inputCols)
    spark = _running()
    call = shared_by_function(spark, call)
    _warn_of_vectors(spark)
    functions: Any = F  # Spark 3.5 and 4.0 have no arrow_udf.
    # Over Connect, the server may be older than this package of Spark.
    if endpoint._has_arrow_udf(pyspark.__version__ if spark is None else spark.version):
        udf = functions.arrow_udf(_array_function(call, inputs), call.resultSchema)
    else:
        udf = functions.pandas_udf(_pandas_function(call, inputs), _without_vectors(call.resultSchema))
    return udf.asNondeterministic()


def _argument_names(call: EndpointCall, given: Sequence[str] | None) -> list[str]:
    """Return what the serializer calls the arguments, and the column with the model's name last."""
    names = list(dict.fromkeys(given or call.serializer.inputColumns(StructType([]))))
    if not names:
        raise SettingError(
            f"inputCols is not given, and {type(call.serializer).__name__} takes any column; expected "
            "the names that it knows the function's arguments by."
        )
    return [*names, *filter(None, [call.invocation.targetModelCol])]


def _without_vectors(schema: StructType) -> StructType:
    """Return a schema with arrays for vectors: Spark 3.5 takes no structs with vectors from pandas."""
    kinds = [ArrayType(DoubleType()) if isinstance(f.dataType, VectorUDT) else f.dataType for f in schema]
    return StructType([StructField(f.name, kind) for f, kind in zip(schema, kinds, strict=True)])


def _running() -> SparkSession | None:
    try:
        return SparkSession.active()
    except PySparkException:
        return None


def _warn_of_vectors(spark: SparkSession | None) -> None:
    """Say what to do about an error that Spark gives without any advice."""
    if spark is None or endpoint.release(spark.version) < _FIRST_WITH_COLUMNAR_INPUT:
        return
    if spark.conf.get(_COLUMNAR, "true") == "true":
        _log.warning(
            "If vectors come to this function straight from Parquet or ORC, this Spark fails with "
            "UNSUPPORTED_DATATYPE. Set %s to false in that case, or to be spared this warning.",
            _COLUMNAR,
        )


def _array_function(call: EndpointCall, inputs: list[str]) -> Any:
    """Return what Spark calls with Arrow arrays; it finds out how by the type hints."""

    def answer_one(column: Iterator[pa.Array]) -> Iterator[pa.Array]:
        return endpoint._answer_arrays(call, inputs, ([array] for array in column))

    def answer_several(columns: Iterator[tuple[pa.Array, ...]]) -> Iterator[pa.Array]:
        return endpoint._answer_arrays(call, inputs, columns)

    return answer_one if len(inputs) == 1 else answer_several


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
        rows = [[v.toArray() if isinstance(v, Vector) else v for v in row] for row in to_rows(predictions)]
        yield pd.DataFrame(rows, columns=predictions.schema.names, dtype=object)


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
