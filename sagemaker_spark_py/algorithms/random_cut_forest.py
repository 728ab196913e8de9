"""Random cut forests: anomaly detection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py.algorithms.algorithm import UNSUPERVISED, VectorAlgorithmEstimator
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import choice, integer, word_list
from sagemaker_spark_py.staging.plan import NEVER
from sagemaker_spark_py.transformation.deserializers import (
    Predictions,
    ProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
)


def _score() -> ResponseRowDeserializer:
    return ProtobufResponseRowDeserializer(StructType([StructField("score", DoubleType())]))


class RandomCutForestSageMakerEstimator(VectorAlgorithmEstimator):
    """Learns what rows usually look like; the model appends a score, high where a row is an anomaly.

    Training reads the features column only. SageMaker takes its training data as ``ShardedByS3Key`` only.
    """

    algorithm = "randomcutforest"
    intake = replace(UNSUPERVISED, label=NEVER)
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=_score)

    # Bounds: Amazon SageMaker Developer Guide, "RCF Hyperparameters".
    feature_dim = hyperparameter(
        "feature_dim", integer(at_least=1, at_most=10000), "Number of features.", required=True
    )

    num_trees = hyperparameter(
        "num_trees", integer(at_least=50, at_most=1000), "Number of trees; 100 unless set."
    )
    setNumTrees, getNumTrees = accessors(num_trees)

    num_samples_per_tree = hyperparameter(
        "num_samples_per_tree",
        integer(at_least=1, at_most=2048),
        "Rows that each tree sees; one over it should be near the share of anomalies; 256 unless set.",
    )
    setNumSamplesPerTree, getNumSamplesPerTree = accessors(num_samples_per_tree)

    eval_metrics = hyperparameter(
        "eval_metrics",
        word_list(choice("accuracy", "precision_recall_fscore"), as_json=True),
        "Scores of the model on a labeled test channel; both unless set.",
    )
    setEvalMetrics, getEvalMetrics = accessors(eval_metrics)

    def _predictions(self) -> Predictions:
        return Predictions("score")

    # Amazon SageMaker Developer Guide, "Random Cut Forest (RCF) Algorithm", input/output interface.
    def _check_job(self, hyperparameters: Mapping[str, str]) -> None:
        if self.trainingS3DataDistribution != "ShardedByS3Key":
            raise SettingError(
                "trainingS3DataDistribution does not fit random cut forests: "
                f"{self.trainingS3DataDistribution!r}; expected 'ShardedByS3Key', which is the default."
            )
