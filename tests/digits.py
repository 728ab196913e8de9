"""scikit-learn's handwritten digits as a DataFrame, and an estimator for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from sklearn.datasets import load_digits

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole
from sagemaker_spark_py.algorithms import KMeansSageMakerEstimator

ROLE = "arn:aws:iam::123456789012:role/sagemaker"


def digits(spark: SparkSession, rows: int = 400, partitions: int = 3) -> DataFrame:
    data = load_digits()
    pairs = zip(data.data[:rows], data.target[:rows], strict=True)
    frame = spark.createDataFrame([(float(y), Vectors.dense(x)) for x, y in pairs], ["label", "features"])
    return frame.repartition(partitions)


def kmeans(**changes: Any) -> KMeansSageMakerEstimator:
    """Return an estimator that is ready to fit, and quiet."""
    arguments = {
        "trainingInstanceType": "ml.m4.xlarge",
        "trainingInstanceCount": 1,
        "endpointInstanceType": "ml.t2.medium",
        "endpointInitialInstanceCount": 1,
        "sagemakerRole": IAMRole(ROLE),
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        "logs": "none",
        **changes,
    }
    return KMeansSageMakerEstimator(**arguments).setK(10).setFeatureDim(64)


def purity(labels: np.ndarray, clusters: np.ndarray) -> float:
    commonest = (np.unique(labels[clusters == c], return_counts=True)[1].max() for c in set(clusters))
    return sum(commonest) / len(labels)
