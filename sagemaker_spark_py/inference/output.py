"""The columns that predictions come in, known before anything runs."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError, SchemaError
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.deserializer import conform, wrong_count
from sagemaker_spark_py.transformation.schemas import as_nullable, field_of
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

PROBLEM_TYPE = pa.struct(
    [("code", pa.string()), ("message", pa.string()), ("attempts", pa.int32()), ("requestId", pa.string())]
)
PROBLEM_SCHEMA = StructType(
    [
        StructField("code", StringType()),
        StructField("message", StringType()),
        StructField("attempts", IntegerType()),
        StructField("requestId", StringType()),
    ]
)


def result_schema(deserializer: ResponseRowDeserializer, invocation: Invocation) -> StructType:
    """Return the columns that asking gives: the predictions, and the error column if there is to be one."""
    fields = list(as_nullable(deserializer.schema).fields)
    if invocation.onError == "column":
        fields.append(StructField(invocation.errorCol, PROBLEM_SCHEMA))
    return StructType(fields)


def output_schema(
    schema: StructType,
    serializer: RequestRowSerializer,
    deserializer: ResponseRowDeserializer,
    prepend: bool,
    *,
    caseSensitive: bool = False,
    invocation: Invocation | None = None,
) -> StructType:
    """Return the columns of the result, having checked that rows of this schema can be sent.

    Parameters
    ----------
    schema : StructType
        Of the DataFrame.
    serializer : RequestRowSerializer
        Checks the columns that it needs.
    deserializer : ResponseRowDeserializer
        Says which columns the predictions have.
    prepend : bool
        Whether the columns of the DataFrame come first.
    caseSensitive : bool
        Whether names that differ only by case are different (``spark.sql.caseSensitive``).
    invocation : Invocation, optional
        How the endpoint is asked; it may add a column, and need one.

    Raises
    ------
    SchemaError
        If a column is missing or of the wrong type for the serializer, or two columns of the result would
        have the same name.
    """
    how = invocation or Invocation()
    serializer.validateSchema(schema)
    if how.targetModelCol is not None:
        _require_text(schema, how.targetModelCol)
    results = result_schema(deserializer, how)
    existing = list(schema.fields) if prepend else []
    _refuse_clashes([field.name for field in existing], results.names, caseSensitive)
    return StructType(existing + results.fields)


def _require_text(schema: StructType, name: str) -> None:
    kind = field_of(schema, name).dataType
    if not isinstance(kind, StringType):
        raise SchemaError(f"Column {name!r} has the wrong type: {kind.simpleString()}; expected string.")


def read_answer(deserializer: ResponseRowDeserializer, answer: bytes, rows: int) -> pa.RecordBatch:
    """Return the predictions of an answer, one for each row that was sent; executor side.

    Raises
    ------
    ResponseError
        If it cannot be read, or has another number of rows.
    """
    try:
        batch = deserializer.deserializeBatch(answer, rows)
    except ResponseError:
        raise
    except Exception as error:
        # It may be the user's own code, which may stumble over an answer in any way.
        raise ResponseError(
            f"{type(deserializer).__name__} cannot read the answer of {len(answer)} bytes: "
            f"{type(error).__name__}."
        ) from error
    if batch.num_rows != rows:
        raise wrong_count(batch.num_rows, rows)
    return conform(batch, deserializer.schema)


def _refuse_clashes(existing: list[str], added: list[str], sensitive: bool) -> None:
    taken = {name if sensitive else name.lower() for name in existing}
    for name in added:
        key = name if sensitive else name.lower()
        if key in taken:
            raise SchemaError(
                f"Column {name!r} would exist twice in the result; expected a new name. "
                "Name the deserializer's column or the error column differently, or drop or rename the "
                "existing one."
            )
        taken.add(key)
