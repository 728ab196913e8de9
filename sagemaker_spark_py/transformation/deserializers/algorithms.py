"""Answers of SageMaker's built-in algorithms.

Each takes the names of its columns; the names of the tensors are the algorithms' own, from the pages on
inference formats of the SageMaker Developer Guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import DataType, DoubleType, StructField, StructType

from sagemaker_spark_py.transformation.deserializers.deserializer import Predictions, ResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.protobuf import read_answer


class _AlgorithmDeserializer(ResponseRowDeserializer):
    """A frozen dataclass whose fields are the column names of `_tensors`, in the same order."""

    _tensors: ClassVar[Mapping[str, DataType]]
    accepts = "application/x-recordio-protobuf"

    @property
    def schema(self) -> StructType:
        """One column for each tensor, under the names given."""
        names = [getattr(self, field.name) for field in fields(self)]  # type: ignore[arg-type]
        return StructType([StructField(n, t) for n, t in zip(names, self._tensors.values(), strict=True)])

    def placeOf(self, part: str) -> int | None:
        """Return the position of the column that a tensor fills."""
        names = list(self._tensors)
        return names.index(part) if part in names else None

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the answer; executor side.

        Raises
        ------
        ResponseError
            If the answer is not made of records, or a tensor is missing or does not fit its column.
        """
        return read_answer(body, self.schema, list(self._tensors))


@dataclass(frozen=True)
class KMeansProtobufResponseRowDeserializer(_AlgorithmDeserializer):
    """Reads the distance to the closest cluster, and its number, as doubles."""

    distance_to_cluster_column_name: str = "distance_to_cluster"
    closest_cluster_column_name: str = "closest_cluster"
    _tensors = {"distance_to_cluster": DoubleType(), "closest_cluster": DoubleType()}
    predictions = Predictions("closest_cluster")


@dataclass(frozen=True)
class PCAProtobufResponseRowDeserializer(_AlgorithmDeserializer):
    """Reads the projection on the principal components, a vector."""

    projection_column_name: str = "projection"
    _tensors = {"projection": VectorUDT()}


@dataclass(frozen=True)
class LDAProtobufResponseRowDeserializer(_AlgorithmDeserializer):
    """Reads the mixture of topics, a vector."""

    projection_column_name: str = "topic_mixture"
    _tensors = {"topic_mixture": VectorUDT()}


@dataclass(frozen=True)
class LinearLearnerBinaryClassifierProtobufResponseRowDeserializer(_AlgorithmDeserializer):
    """Reads the score of class 1, and the predicted class, as doubles."""

    score_column_name: str = "score"
    predicted_label_column_name: str = "predicted_label"
    _tensors = {"score": DoubleType(), "predicted_label": DoubleType()}
    predictions = Predictions("predicted_label", "score")


@dataclass(frozen=True)
class LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer(_AlgorithmDeserializer):
    """Reads the scores of all classes, a vector, and the predicted class, a double."""

    score_column_name: str = "score"
    predicted_label_column_name: str = "predicted_label"
    _tensors = {"score": VectorUDT(), "predicted_label": DoubleType()}
    predictions = Predictions("predicted_label", "score")


@dataclass(frozen=True)
class LinearLearnerRegressorProtobufResponseRowDeserializer(_AlgorithmDeserializer):
    """Reads the predicted value, a double."""

    score_column_name: str = "score"
    _tensors = {"score": DoubleType()}
    predictions = Predictions("score")


@dataclass(frozen=True)
class FactorizationMachinesBinaryClassifierDeserializer(_AlgorithmDeserializer):
    """Reads the score of class 1, and the predicted class, as doubles."""

    score_column_name: str = "score"
    predicted_label_column_name: str = "predicted_label"
    _tensors = {"score": DoubleType(), "predicted_label": DoubleType()}
    predictions = Predictions("predicted_label", "score")


@dataclass(frozen=True)
class FactorizationMachinesRegressorDeserializer(_AlgorithmDeserializer):
    """Reads the predicted value, a double."""

    score_column_name: str = "score"
    _tensors = {"score": DoubleType()}
    predictions = Predictions("score")
