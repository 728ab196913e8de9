"""Save an estimator's pipeline and a model's with the Spark that is installed: ``spark-<version>/``.

    python save_stages.py

The folders beside this file were written so; `tests/test_persistence.py` loads them with every Spark.
"""

from __future__ import annotations

from pathlib import Path

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

from sagemaker_spark_py import (
    CustomNamePolicy,
    EndpointCreationPolicy,
    IAMRole,
    RandomNamePolicyFactory,
    S3DataPath,
    SageMakerModel,
    Session,
)
from sagemaker_spark_py.algorithms import KMeansSageMakerEstimator
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer

ROLE = "arn:aws:iam::123456789012:role/sagemaker"


def estimator() -> KMeansSageMakerEstimator:
    """Return an estimator with settings of every kind that is saved."""
    return (
        KMeansSageMakerEstimator(
            "ml.m5.large",
            2,
            "ml.m5.xlarge",
            1,
            sagemakerRole=IAMRole(ROLE),
            trainingInputS3DataPath=S3DataPath("bucket", "prefix"),
            trainingProjectedColumns=["features"],
            namePolicyFactory=RandomNamePolicyFactory("saved-"),
            modelEnvironmentVariables={"A": "b"},
            endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
            session=Session("eu-west-1"),
            extraRequest={"CreateTrainingJob": {"Tags": [{"Key": "a", "Value": "b"}]}},
            hyperParameters={"init_method": "random"},
            uid="saved-estimator",
        )
        .setK(7)
        .setFeatureDim(2)
    )


def model() -> SageMakerModel:
    """Return a model with settings of every kind that is saved."""
    return SageMakerModel(
        endpointInstanceType="ml.m5.xlarge",
        endpointInitialInstanceCount=1,
        requestRowSerializer=ProtobufRequestRowSerializer(featuresColumnName=("a", "b")),
        responseRowDeserializer=KMeansProtobufResponseRowDeserializer("d", "c"),
        modelImage="image",
        modelPath=S3DataPath("bucket", "model.tar.gz"),
        modelExecutionRoleARN=ROLE,
        endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        namePolicy=CustomNamePolicy("job", "model", "config", "endpoint"),
        session=Session("eu-west-1"),
        uid="saved-model",
    )


def main() -> None:
    """Save both, each behind a stage of Spark's own."""
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    folder = Path(__file__).parent / f"spark-{spark.version}"
    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    Pipeline(stages=[assembler, estimator()]).write().overwrite().save(str(folder / "pipeline"))
    PipelineModel([assembler, model()]).write().overwrite().save(str(folder / "model"))
    spark.stop()
    for extra in [*folder.rglob("*.crc"), *folder.rglob("_SUCCESS")]:
        extra.unlink()


if __name__ == "__main__":
    main()
