"""The columns that predictions come in, known before anything runs."""

from __future__ import annotations

from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import SchemaError
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.schemas import as_nullable
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer


def output_schema(
    schema: StructType,
    serializer: RequestRowSerializer,
    deserializer: ResponseRowDeserializer,
    prepend: bool,
    *,
    caseSensitive: bool = False,
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

    Raises
    ------
    SchemaError
        If a column is missing or of the wrong type for the serializer, or two columns of the result would
        have the same name.
    """
    serializer.validateSchema(schema)
    predictions = as_nullable(deserializer.schema)
    existing = list(schema.fields) if prepend else []
    _refuse_clashes([field.name for field in existing], predictions.names, caseSensitive)
    return StructType(existing + predictions.fields)


def _refuse_clashes(existing: list[str], added: list[str], sensitive: bool) -> None:
    taken = {name if sensitive else name.lower() for name in existing}
    for name in added:
        key = name if sensitive else name.lower()
        if key in taken:
            raise SchemaError(
                f"Column {name!r} would exist twice in the result; expected a new name. "
                "Name the deserializer's column differently, or drop or rename the existing one."
            )
        taken.add(key)
