"""Estimators of the algorithms that AWS keeps as images."""

from sagemaker_spark_py.algorithms.factorization_machines import (
    FactorizationMachinesBinaryClassifier,
    FactorizationMachinesRegressor,
)
from sagemaker_spark_py.algorithms.kmeans import KMeansSageMakerEstimator
from sagemaker_spark_py.algorithms.knn import KNNSageMakerEstimator
from sagemaker_spark_py.algorithms.lda import LDASageMakerEstimator
from sagemaker_spark_py.algorithms.linear_learner import (
    LinearLearnerBinaryClassifier,
    LinearLearnerMultiClassClassifier,
    LinearLearnerRegressor,
)
from sagemaker_spark_py.algorithms.pca import PCASageMakerEstimator
from sagemaker_spark_py.algorithms.random_cut_forest import RandomCutForestSageMakerEstimator
from sagemaker_spark_py.algorithms.xgboost import XGBoostSageMakerEstimator

__all__ = [
    "FactorizationMachinesBinaryClassifier",
    "FactorizationMachinesRegressor",
    "KMeansSageMakerEstimator",
    "KNNSageMakerEstimator",
    "LDASageMakerEstimator",
    "LinearLearnerBinaryClassifier",
    "LinearLearnerMultiClassClassifier",
    "LinearLearnerRegressor",
    "PCASageMakerEstimator",
    "RandomCutForestSageMakerEstimator",
    "XGBoostSageMakerEstimator",
]
