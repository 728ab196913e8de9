"""K nearest neighbors."""

from __future__ import annotations

from typing import Any

from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py.algorithms.algorithm import SUPERVISED, HasMiniBatchSize, VectorAlgorithmEstimator
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import choice, custom, integer, word_or_number
from sagemaker_spark_py.transformation.deserializers import (
    Predictions,
    ProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
)

# Amazon SageMaker Developer Guide, "K-Nearest Neighbors Hyperparameters".
_PQ_PARTS = (1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96)


def _predicted_label() -> ResponseRowDeserializer:
    return ProtobufResponseRowDeserializer(StructType([StructField("predicted_label", DoubleType())]))


def _pq_parts(value: Any) -> int:
    parts = integer().convert(value)
    if parts not in _PQ_PARTS:
        raise ValueError
    return int(parts)


class KNNSageMakerEstimator(HasMiniBatchSize, VectorAlgorithmEstimator):
    """Predicts from the `k` nearest rows of a sample; the model appends the label they speak for.

    A classifier takes the label that most of them have, a regressor their mean.
    """

    algorithm = "knn"
    intake = SUPERVISED
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=_predicted_label)

    k = hyperparameter("k", integer(at_least=1), "Number of neighbors.", required=True)
    setK, getK = accessors(k)

    predictor_type = hyperparameter(
        "predictor_type",
        choice("classifier", "regressor"),
        "What is predicted: a class or a number.",
        required=True,
    )
    setPredictorType, getPredictorType = accessors(predictor_type)

    sample_size = hyperparameter(
        "sample_size",
        integer(at_least=1),
        "Number of rows of the data that are kept to look among.",
        required=True,
    )
    setSampleSize, getSampleSize = accessors(sample_size)

    mini_batch_size = hyperparameter(
        "mini_batch_size", integer(at_least=1), "Rows in one step of the training; 5000 unless set."
    )

    dimension_reduction_type = hyperparameter(
        "dimension_reduction_type",
        choice("sign", "fjlt"),
        "How features are made fewer: random projection (sign) or the fast Johnson-Lindenstrauss transform "
        "(fjlt); not at all unless set.",
    )
    setDimensionReductionType, getDimensionReductionType = accessors(dimension_reduction_type)

    dimension_reduction_target = hyperparameter(
        "dimension_reduction_target",
        integer(at_least=1),
        "Number of features after that, below feature_dim; needed with dimension_reduction_type.",
    )
    setDimensionReductionTarget, getDimensionReductionTarget = accessors(dimension_reduction_target)

    index_type = hyperparameter(
        "index_type",
        choice("faiss.Flat", "faiss.IVFFlat", "faiss.IVFPQ"),
        "Index that finds the neighbors: exact (Flat), by cells (IVFFlat), compressed (IVFPQ); faiss.Flat "
        "unless set.",
    )
    setIndexType, getIndexType = accessors(index_type)

    index_metric = hyperparameter(
        "index_metric",
        choice("L2", "INNER_PRODUCT", "COSINE"),
        "What near means; L2, the Euclidean distance, unless set. faiss.IVFPQ knows L2 only.",
    )
    setIndexMetric, getIndexMetric = accessors(index_metric)

    faiss_index_ivf_nlists = hyperparameter(
        "faiss_index_ivf_nlists",
        word_or_number("auto", whole=True, at_least=1),
        "Number of cells of an IVF index; auto, the square root of sample_size, unless set.",
    )
    setFaissIndexIvfNlists, getFaissIndexIvfNlists = accessors(faiss_index_ivf_nlists)

    faiss_index_pq_m = hyperparameter(
        "faiss_index_pq_m",
        custom(_pq_parts, f"one of {', '.join(map(str, _PQ_PARTS))}"),
        "Number of parts in which faiss.IVFPQ compresses each row.",
    )
    setFaissIndexPqM, getFaissIndexPqM = accessors(faiss_index_pq_m)

    def _predictions(self) -> Predictions:
        return Predictions("predicted_label")

    def _required_hyperparameters(self) -> list[str]:
        reduced = self.isDefined(self.dimension_reduction_type)
        return [*super()._required_hyperparameters(), *(["dimension_reduction_target"] if reduced else [])]
