"""What an algorithm is known to fail with is refused before anything costs."""

import pytest
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole
from sagemaker_spark_py.algorithms import (
    LDASageMakerEstimator,
    PCASageMakerEstimator,
    RandomCutForestSageMakerEstimator,
    XGBoostSageMakerEstimator,
)
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.transformation.serializers import UnlabeledCSVRequestRowSerializer

LDA = {"num_topics": 2, "mini_batch_size": 10, "feature_dim": 2}
CASES = [
    (LDASageMakerEstimator, {"trainingInstanceCount": 2}, LDA, "trainingInstanceCount .*: 2; expected 1"),
    (
        RandomCutForestSageMakerEstimator,
        {"trainingS3DataDistribution": "FullyReplicated"},
        {"feature_dim": 2},
        "'FullyReplicated'; expected 'ShardedByS3Key'",
    ),
    (
        PCASageMakerEstimator,
        {},
        {"feature_dim": 2, "num_components": 3},
        "num_components is too large: 3; expected at most feature_dim, 2",
    ),
    (XGBoostSageMakerEstimator, {"trainingInputMode": "Pipe"}, {"num_round": 1}, "'Pipe'; expected 'File'"),
    (XGBoostSageMakerEstimator, {"trainingInputMode": "FastFile"}, {"num_round": 1}, "'FastFile'"),
    (
        XGBoostSageMakerEstimator,
        {"trainingSparkDataFormat": "csv"},
        {"num_round": 1},
        r"counts features from 1, but training data in csv from 0; .*indexBase=0",
    ),
    (
        XGBoostSageMakerEstimator,
        {"trainingSparkDataFormatOptions": {"indexBase": "0"}},
        {"num_round": 1},
        r"from 1, but training data in libsvm from 0; .*indexBase=0",
    ),
    (
        XGBoostSageMakerEstimator,
        {"requestRowSerializer": UnlabeledCSVRequestRowSerializer()},
        {"num_round": 1},
        r"from 0, but training data in libsvm from 1; .*indexBase=1",
    ),
]


@pytest.mark.parametrize(("cls", "settings", "hyperparameters", "message"), CASES)
def test_it_is_refused_before_anything_is_made(
    spark, aws, sagemaker, cls, settings, hyperparameters, message
) -> None:
    frame = spark.createDataFrame([(0.0, Vectors.dense([1.0, 2.0]))], ["label", "features"])
    arguments = {
        "trainingInstanceType": "ml.m5.large",
        "trainingInstanceCount": 1,
        "endpointInstanceType": "ml.m5.large",
        "endpointInitialInstanceCount": 1,
        "sagemakerRole": IAMRole("arn:aws:iam::123456789012:role/r"),
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        "hyperParameters": hyperparameters,
        **settings,
    }
    before = len(sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"])
    estimator = cls(**arguments)
    with pytest.raises(SettingError, match=message):
        estimator.fit(frame)
    assert estimator.latestTrainingJob is None
    assert len(sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]) == before
