"""Spark ML's way of naming columns, from fit to an evaluator, on the local SageMaker."""

from __future__ import annotations

from typing import Any

import boto3
import numpy as np
import pytest
from pyspark.ml import Pipeline
from pyspark.ml.evaluation import (
    BinaryClassificationEvaluator,
    ClusteringEvaluator,
    MulticlassClassificationEvaluator,
)
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn.datasets import load_breast_cancer

from sagemaker_spark_py import (
    Channel,
    CustomNamePolicyFactory,
    EndpointCreationPolicy,
    IAMRole,
    RandomNamePolicyFactory,
)
from sagemaker_spark_py.algorithms import (
    KMeansSageMakerEstimator,
    LinearLearnerBinaryClassifier,
    PCASageMakerEstimator,
    XGBoostSageMakerEstimator,
)
from sagemaker_spark_py.transformation.serializers import LibSVMRequestRowSerializer
from tests.digits import ROLE, digits, kmeans

COLUMNS = [f"x{i}" for i in range(30)]
INDEXED_FROM_0 = LibSVMRequestRowSerializer(indexBase=0)


def built(cls: Any, **settings: Any) -> Any:
    arguments = {
        "trainingInstanceType": "ml.m5.large",
        "trainingInstanceCount": 1,
        "endpointInstanceType": "ml.m5.large",
        "endpointInitialInstanceCount": 1,
        "sagemakerRole": IAMRole(ROLE),
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        "logs": "none",
        **settings,
    }
    return cls(**arguments)


def cancer(spark: SparkSession) -> DataFrame:
    """Integer labels, thirty numeric columns, every fifth row held out."""
    values, labels = load_breast_cancer(return_X_y=True)
    rows = [(int(y), *map(float, x), i % 5 == 0) for i, (x, y) in enumerate(zip(values, labels, strict=True))]
    return spark.createDataFrame(rows, ["y", *COLUMNS, "held"])


def described(estimator: Any) -> dict[str, Any]:
    return boto3.client("sagemaker").describe_training_job(TrainingJobName=estimator.latestTrainingJob)


def delete(model: Any) -> None:
    model.resourceCleanup.deleteResources(model.getCreatedResources())


@pytest.mark.smoke
def test_numeric_columns_a_held_out_part_and_sparks_evaluators(spark, aws) -> None:
    settings = {"featuresCol": COLUMNS, "labelCol": "y", "validationIndicatorCol": "held"}
    estimator = built(XGBoostSageMakerEstimator, **settings).setNumRound(5).setObjective("binary:logistic")
    estimator.setPredictionCol("class").setProbabilityCol("probability").setRawPredictionCol("raw")
    frame = cancer(spark)
    model = estimator.fit(frame)
    channels = {c["ChannelName"]: c for c in described(estimator)["InputDataConfig"]}
    assert list(channels) == ["train", "validation"]
    assert {c["ContentType"] for c in channels.values()} == {"text/libsvm"}
    sources = [c["DataSource"]["S3DataSource"] for c in channels.values()]
    assert [s["S3DataDistributionType"] for s in sources] == ["ShardedByS3Key", "FullyReplicated"]
    for source in sources:
        bucket, _, key = source["S3Uri"].removeprefix("s3://").partition("/")
        prefix = key.removesuffix(".manifest")
        assert boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"] == 0
    answers = model.transform(frame).cache()
    assert answers.schema == model.transformSchema(frame.schema)
    assert answers.columns == [*frame.columns, "prediction", "class", "probability", "raw"]
    by_class = MulticlassClassificationEvaluator(labelCol="y", predictionCol="class", metricName="accuracy")
    assert by_class.evaluate(answers) > 0.95
    for column in ("raw", "probability"):
        assert BinaryClassificationEvaluator(labelCol="y", rawPredictionCol=column).evaluate(answers) > 0.98
    delete(model)


@pytest.mark.parametrize("staged", ["libsvm", "csv"])
def test_weights_matter(spark, aws, staged) -> None:
    """Labels contradict each other; the rows that weigh more win."""
    rows = [(float(i % 2), float(i % 10), 100.0 if i % 2 else 1.0, i >= 180) for i in range(200)]
    frame = spark.createDataFrame(rows, ["label", "x", "w", "held"]).withColumn("z", F.lit(0.5))
    settings = {"trainingSparkDataFormat": staged, "validationIndicatorCol": "held"}
    if staged == "csv":
        settings["requestRowSerializer"] = INDEXED_FROM_0
    estimator = built(XGBoostSageMakerEstimator, **settings, featuresCol=["z"]).setNumRound(10)
    estimator.setObjective("binary:logistic")
    scores = {}
    for weight in (None, "w"):
        chosen = estimator if weight is None else estimator.copy().setWeightCol(weight)
        model = chosen.fit(frame)
        scores[weight] = model.transform(frame.limit(1)).first()["prediction"]
        delete(model)
        sent = described(chosen)["HyperParameters"].get("csv_weights")
        assert sent == ("1" if weight and staged == "csv" else None)
    assert scores[None] == pytest.approx(0.5, abs=0.01)
    assert scores["w"] > 0.9


def test_rows_that_cannot_be_used_are_skipped_alike_in_training_and_inference(spark, aws, caplog) -> None:
    good = [(float(i % 2), [float(i % 2), 1.0]) for i in range(40)]
    bad = [
        (None, [1.0, 1.0]),
        (1.0, None),
        (1.0, [float("nan"), 1.0]),
        (0.0, [None, 1.0]),
        (1.0, [float("inf")] * 2),
    ]
    frame = spark.createDataFrame(good + bad, "label double, features array<double>").repartition(3)
    estimator = built(LinearLearnerBinaryClassifier, handleInvalid="skip", predictionCol="p")
    model = estimator.fit(frame)
    assert "Left out 5 rows with invalid values" in caplog.text
    answers = model.transform(frame).collect()
    assert len(answers) == 45
    assert sorted(row.p is None for row in answers) == [False] * 41 + [True] * 4  # a label is not needed
    assert all(row.p == row.label for row in answers if row.p is not None and row.label is not None)
    delete(model)


def test_xgboost_takes_nan_for_missing_and_null_too_where_it_is_kept(spark, aws) -> None:
    rows = [(float(i % 2), None if i % 2 else 1.0, 2.0) for i in range(60)]
    frame = spark.createDataFrame(rows, ["label", "a", "b"])
    estimator = built(XGBoostSageMakerEstimator, featuresCol=["a", "b"], handleInvalid="keep").setNumRound(3)
    model = estimator.setObjective("binary:logistic").setPredictionCol("p").fit(frame)
    assert all(row.p == row.label for row in model.transform(frame).collect())
    delete(model)


def test_channels_of_every_kind(spark, aws, tmp_path) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="held-out")
    lines = "\n".join(f"{i % 2},{i % 2}.0,1.0" for i in range(10))
    client.put_object(Bucket="held-out", Key="rows/a.csv", Body=lines.encode())
    frame = spark.createDataFrame(
        [(float(i % 2), [float(i % 2), 1.0]) for i in range(40)], ["label", "features"]
    )
    channels = {
        "validation": frame.limit(10),
        "test": Channel("s3://held-out/rows/", contentType="text/csv"),
    }
    estimator = built(LinearLearnerBinaryClassifier, channels=channels, trainingInstanceCount=2)
    estimator.fit(frame)
    found = {c["ChannelName"]: c for c in described(estimator)["InputDataConfig"]}
    assert list(found) == ["train", "validation", "test"]
    assert [c.get("ContentType") for c in found.values()] == [
        *["application/x-recordio-protobuf"] * 2,
        "text/csv",
    ]
    assert found["test"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://held-out/rows/"
    # Data of the user's own is never deleted.
    assert client.list_objects_v2(Bucket="held-out")["KeyCount"] == 1


def test_feature_dim_and_shards(spark, aws) -> None:
    estimator = kmeans(numShards=4, deleteStagingDataAfterTraining=False)
    estimator.clear(estimator.feature_dim)
    estimator.fit(digits(spark, 100))
    job = described(estimator)
    assert job["HyperParameters"]["feature_dim"] == "64"
    bucket, _, key = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"][5:].partition("/")
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=key.removesuffix(".manifest"))
    assert sum(entry["Key"].endswith(".pbr") for entry in listed["Contents"]) == 4


def test_two_stages_the_second_on_the_output_of_the_first(spark, aws) -> None:
    frame = digits(spark, 200).withColumnRenamed("features", "pixels")
    assembled = VectorAssembler(inputCols=["pixels"], outputCol="features")
    pca = built(PCASageMakerEstimator).setNumComponents(5)
    clusters = (
        built(KMeansSageMakerEstimator).setK(10).setFeaturesCol("projection").setPredictionCol("prediction")
    )
    model = Pipeline(stages=[assembled, pca, clusters]).fit(frame)
    assert described(pca)["HyperParameters"]["feature_dim"] == "64"
    assert described(clusters)["HyperParameters"]["feature_dim"] == "5"
    answers = model.transform(frame)
    assert ClusteringEvaluator(featuresCol="projection").evaluate(answers) > 0
    for stage in model.stages[1:]:
        delete(stage)


def test_all_channels_of_several_fits_are_staged_once(spark, aws) -> None:
    names = RandomNamePolicyFactory("once-test-")
    estimator = kmeans(channels={"test": digits(spark, 20)}, namePolicyFactory=names)
    estimator.fit(digits(spark, 60), [{estimator.k: 2}, {estimator.k: 3}])
    sagemaker = boto3.client("sagemaker")
    jobs = sagemaker.list_training_jobs(NameContains="once-test-")["TrainingJobSummaries"]
    told = [sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"]) for job in jobs]
    places = {c["DataSource"]["S3DataSource"]["S3Uri"] for job in told for c in job["InputDataConfig"]}
    assert (len(told), len(places)) == (2, 2)


def test_nothing_is_left_when_a_later_channel_fails(spark, aws) -> None:
    bad = spark.createDataFrame([(0.0, [float("nan")] * 64)], ["label", "features"])
    names = CustomNamePolicyFactory("late-failure", "m", "c", "e")
    estimator = kmeans(channels={"test": bad}, namePolicyFactory=names)
    with pytest.raises(Exception, match="invalid number"):
        estimator.fit(digits(spark, 60))
    bucket = "123456789012-sagemaker-us-east-1"
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    assert not [entry for entry in listed if "late-failure" in entry["Key"]]
    assert np.isnan(bad.first().features[0])
