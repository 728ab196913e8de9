"""The columns that Spark's evaluators look for, made from what a model answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.transformation.columns import is_vector, read_features
from sagemaker_spark_py.transformation.deserializers.deserializer import (
    Predictions,
    ResponseRowDeserializer,
    conform,
)
from sagemaker_spark_py.transformation.features import Array, rectangle
from sagemaker_spark_py.transformation.schemas import arrow_schema, as_nullable
from sagemaker_spark_py.transformation.vectors import to_vectors


@dataclass(frozen=True)
class SparkColumns(ResponseRowDeserializer):
    """Reads what another deserializer reads, and adds the columns of Spark ML that were asked for.

    A column of the answer gives way to one of Spark ML that has its name.

    Parameters
    ----------
    deserializer : ResponseRowDeserializer
        Reads the answer.
    meaning : Predictions
        What its columns mean.
    prediction, probability, rawPrediction : str, optional
        Names of the columns to add: a double, a vector with one entry per class, and another.

    Raises
    ------
    SettingError
        If the answer cannot give one of them, or two have the same name.
    """

    deserializer: ResponseRowDeserializer
    meaning: Predictions
    prediction: str | None = None
    probability: str | None = None
    rawPrediction: str | None = None

    def __post_init__(self) -> None:
        """Refuse columns that the answer cannot give."""
        names = [name for name in (self.prediction, self.probability, self.rawPrediction) if name is not None]
        if len(set(names)) < len(names):
            raise SettingError(
                f"Columns of predictions share a name: {', '.join(names)}; expected different ones."
            )
        told = self.meaning
        if self.probability is not None and (told.scores is None or not told.probable):
            raise self._lacks("probabilityCol", self.probability, "no probabilities of classes")
        if self.rawPrediction is not None and told.scores is None:
            raise self._lacks("rawPredictionCol", self.rawPrediction, "no scores of classes")
        for key in (told.prediction, told.scores):
            if key is not None:
                self._place(key)

    @property
    def accepts(self) -> str:  # type: ignore[override]
        """That of the deserializer."""
        return self.deserializer.accepts

    @property
    def schema(self) -> StructType:
        """The columns of the answer, then those of Spark ML."""
        added = [StructField(name, VectorUDT()) for name in (self.probability, self.rawPrediction) if name]
        if self.prediction is not None:
            added.insert(0, StructField(self.prediction, DoubleType()))
        names = {field.name for field in added}
        return StructType([f for f in self.deserializer.schema.fields if f.name not in names] + added)

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the answer and those that were added; executor side."""
        answer = conform(self.deserializer.deserializeBatch(body, rows), self.deserializer.schema)
        columns = dict(zip(answer.schema.names, answer.columns, strict=True))
        columns.update(self._added(answer))
        schema = arrow_schema(as_nullable(self.schema))
        return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)

    def _added(self, answer: pa.RecordBatch) -> dict[str, pa.Array]:
        told = self.meaning
        scores = None if told.scores is None else self._scores(answer.column(self._place(told.scores)))
        added = {}
        if self.prediction is not None and told.prediction is not None:
            added[self.prediction] = answer.column(self._place(told.prediction)).cast(pa.float64())
        elif self.prediction is not None and scores is not None:
            added[self.prediction] = pa.array(scores.argmax(axis=1).astype(np.float64))
        for name in (self.probability, self.rawPrediction):
            if name is not None and scores is not None:
                added[name] = to_vectors(rectangle(name, scores))
        return added

    def _scores(self, column: pa.Array) -> Array:
        """Return one score for each row and class."""
        if is_vector(column.type):
            return read_features(column, name="scores").dense()
        score = np.asarray(column).astype(np.float64)
        return np.column_stack([1 - score if self.meaning.probable else -score, score])

    def _place(self, key: str) -> int:
        place = self.deserializer.placeOf(key)
        if place is None:
            raise SettingError(
                f"{type(self.deserializer).__name__} reads no {key!r} from the answer; expected it among "
                f"{', '.join(self.deserializer.schema.names)}. Give another deserializer, or clear "
                "predictionCol, probabilityCol and rawPredictionCol."
            )
        return place

    def _lacks(self, param: str, name: str, what: str) -> SettingError:
        reader = type(self.deserializer).__name__
        return SettingError(
            f"{param} cannot be filled: {name!r}; this model answers {what} ({reader}). Clear the Param."
        )
