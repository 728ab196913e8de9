"""What every response deserializer is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import DataError, ResponseError, SchemaError
from sagemaker_spark_py.transformation.columns import is_vector, read_features
from sagemaker_spark_py.transformation.rows import to_batch
from sagemaker_spark_py.transformation.schemas import arrow_schema, as_nullable
from sagemaker_spark_py.transformation.vectors import to_vectors


@dataclass(frozen=True)
class Predictions:
    """Which parts of an answer are what Spark ML calls prediction, probability and rawPrediction.

    Parameters
    ----------
    prediction : str, optional
        Part that is the prediction; `None`: the class with the highest score.
    scores : str, optional
        Part with the score of each class, a vector, or of class 1 alone, a number.
    probable : bool
        Whether scores are probabilities. If not, they are margins, positive for class 1.
    """

    prediction: str | None = None
    scores: str | None = None
    probable: bool = True


class ResponseRowDeserializer:
    """Turns the answer of a model into one row of predictions for each row that was sent.

    A subclass sets `accepts` and `schema` and implements one of `deserializeResponse` and
    `deserializeBatch`; the latter is much faster. An answer with more or fewer rows than were sent is refused
    by whoever sent them, so a subclass need not count.

    Deserializers are values: they are pickled into tasks, compared by what they were made of, and keep
    nothing from one call to the next. Several threads of a task use one at the same time. An argument of a
    constructor is an attribute of the same name.

    Attributes
    ----------
    accepts : str
        MIME type that the model is asked to answer in.
    schema : StructType
        Columns of the predictions.
    predictions : Predictions or None
        What the columns mean to Spark ML; `None`, the default, if that is not known.

    Examples
    --------
    >>> import json
    >>> from pyspark.sql.types import DoubleType, StructField, StructType
    >>> from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
    >>> class ScoreDeserializer(ResponseRowDeserializer):
    ...     accepts = "application/jsonlines"
    ...     schema = StructType([StructField("score", DoubleType())])
    ...     def deserializeResponse(self, body):
    ...         return [(json.loads(line)["score"],) for line in body.splitlines()]
    """

    accepts: str
    predictions: ClassVar[Predictions | None] = None
    if TYPE_CHECKING:

        @property
        def schema(self) -> StructType:
            """An attribute, a field of a dataclass or a property, as the subclass likes."""

    def __new__(cls, *args: Any, **kwargs: Any) -> ResponseRowDeserializer:
        """Refuse a subclass that implements neither way to deserialize."""
        base = ResponseRowDeserializer
        by_row = cls.deserializeResponse is not base.deserializeResponse
        if not by_row and cls.deserializeBatch is base.deserializeBatch:
            raise TypeError(f"{cls.__name__} must implement deserializeResponse or deserializeBatch.")
        return super().__new__(cls)

    def placeOf(self, part: str) -> int | None:
        """Return the position in `schema` of a part of the answer, by default the column of its name."""
        names = self.schema.names
        return names.index(part) if part in names else None

    def deserializeResponse(self, body: bytes) -> Iterable[Sequence[Any]]:
        """Return the rows of an answer on an executor.

        Parameters
        ----------
        body : bytes
            The whole answer to one request.

        Returns
        -------
        iterable of Row or tuple
            With the values of `schema` in its order; vectors as pyspark's.
        """
        raise NotImplementedError(f"{type(self).__name__} reads whole batches: call deserializeBatch.")

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the rows of an answer on an executor, as columns.

        Parameters
        ----------
        body : bytes
            The whole answer to one request.
        rows : int
            How many rows were sent.

        Returns
        -------
        pyarrow.RecordBatch
            With the columns of `schema`, a vector being a struct of ``type, size, indices, values``.

        Raises
        ------
        ResponseError
            If the answer cannot be read.
        """
        return to_batch(self.deserializeResponse(body), self.schema)


def wrong_count(found: int, rows: int) -> ResponseError:
    """Return the error for an answer with another number of rows than were sent."""
    return ResponseError(
        f"The answer does not fit the request: {found} rows; expected {rows}, one for each sent."
    )


def conform(batch: pa.RecordBatch, schema: StructType) -> pa.RecordBatch:
    """Return a deserializer's batch in exactly the Arrow types of its schema, made nullable.

    Numbers are cast where nothing is lost, and lists of numbers become vectors.

    Raises
    ------
    ResponseError
        If columns are missing, do not fit their types, or are null against the schema.
    """
    wanted = arrow_schema(schema)
    if sorted(batch.schema.names) != sorted(wanted.names):
        raise ResponseError(f"The answer has the columns {batch.schema.names}; expected {wanted.names}.")
    columns = [_fit(batch.column(field.name), field) for field in wanted]
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(as_nullable(schema)))


def _fit(column: pa.Array, field: pa.Field) -> pa.Array:
    if column.null_count and not field.nullable:
        raise ResponseError(f"Answer column {field.name!r} holds a null; expected none by its schema.")
    try:
        if is_vector(field.type) and column.type != field.type:
            return to_vectors(read_features(column, name=field.name))
        return column.cast(field.type)
    except (pa.ArrowException, DataError, SchemaError) as error:
        raise ResponseError(
            f"Answer column {field.name!r} has the wrong type: {column.type}; expected {field.type}."
        ) from error
