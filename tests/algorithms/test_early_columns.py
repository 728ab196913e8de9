"""Columns, formats and channels that an algorithm does not take are refused before anything costs."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py import Channel, EndpointCreationPolicy, IAMRole
from sagemaker_spark_py.algorithms import (
    FactorizationMachinesRegressor,
    KMeansSageMakerEstimator,
    LDASageMakerEstimator,
    LinearLearnerBinaryClassifier,
    LinearLearnerRegressor,
    PCASageMakerEstimator,
    RandomCutForestSageMakerEstimator,
    XGBoostSageMakerEstimator,
)
from sagemaker_spark_py.errors import DataError, SchemaError, SettingError
from sagemaker_spark_py.transformation.serializers import (
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)

REQUIRED: dict[Any, dict[str, Any]] = {
    FactorizationMachinesRegressor: {"num_factors": 2},
    LDASageMakerEstimator: {"num_topics": 2, "mini_batch_size": 10},
    PCASageMakerEstimator: {"num_components": 1},
    XGBoostSageMakerEstimator: {"num_round": 1},
}
SCHEMA = StructType(
    [StructField("label", DoubleType()), StructField("features", VectorUDT()), StructField("w", DoubleType())]
)
CSV = {"trainingSparkDataFormat": "csv", "requestRowSerializer": UnlabeledCSVRequestRowSerializer()}


def frame(spark):
    rows = [
        (0.0, Vectors.dense([1.0, 2.0]), 1.0, True, "a"),
        (1.0, Vectors.dense([2.0, 1.0]), 2.0, False, "b"),
    ]
    return spark.createDataFrame(rows, ["label", "features", "w", "held", "text"])


def built(cls: Any, **settings: Any) -> Any:
    arguments = {
        "trainingInstanceType": "ml.m5.large",
        "trainingInstanceCount": 1,
        "endpointInstanceType": "ml.m5.large",
        "endpointInitialInstanceCount": 1,
        "sagemakerRole": IAMRole("arn:aws:iam::123456789012:role/r"),
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        "logs": "none",
        "hyperParameters": REQUIRED.get(cls, {}),
        **settings,
    }
    return cls(**arguments)


def drop(name):
    return lambda df: df.drop(name)


SAME = lambda df: df  # noqa: E731
REFUSED = {
    "format": (
        KMeansSageMakerEstimator,
        {"trainingSparkDataFormat": "libsvm"},
        SAME,
        r"'libsvm'; expected 'sagemaker' or 'csv'",
    ),
    "format of FM": (
        FactorizationMachinesRegressor,
        {"trainingSparkDataFormat": "csv"},
        SAME,
        r"expected 'sagemaker'",
    ),
    "data source": (KMeansSageMakerEstimator, {"trainingSparkDataFormat": "orc"}, SAME, "'orc'"),
    "content type": (
        LinearLearnerRegressor,
        {"trainingContentType": "text/libsvm"},
        SAME,
        "ContentType of training data.*text/csv",
    ),
    "LDA by pipe": (
        LDASageMakerEstimator,
        {"trainingSparkDataFormat": "csv", "trainingInputMode": "Pipe"},
        SAME,
        "LDA's CSV",
    ),
    "no label": (XGBoostSageMakerEstimator, CSV, drop("label"), "'label' is missing"),
    "label ''": (
        XGBoostSageMakerEstimator,
        {**CSV, "trainingSparkDataFormatOptions": {"labelColumnName": ""}},
        SAME,
        "without a label",
    ),
    "label of text": (
        LinearLearnerRegressor,
        {"labelCol": "text"},
        SAME,
        "'text' has the wrong type: string",
    ),
    "features": (LinearLearnerRegressor, {"featuresCol": ["w", "text"]}, SAME, "'text' has the wrong type"),
    "two roles": (LinearLearnerRegressor, {"featuresCol": ["w", "label"]}, SAME, "'label' has two roles"),
    "weights": (LinearLearnerRegressor, {"weightCol": "w"}, SAME, "weightCol has no effect.*not at all"),
    "weights in parquet": (
        XGBoostSageMakerEstimator,
        {**CSV, "trainingSparkDataFormat": "parquet", "weightCol": "w"},
        SAME,
        "in formats 'libsvm' or 'csv' only",
    ),
    "no weight": (XGBoostSageMakerEstimator, {"weightCol": "nothing"}, SAME, "'nothing' is missing"),
    "csv_weights": (
        XGBoostSageMakerEstimator,
        {**CSV, "weightCol": "w", "hyperParameters": {"num_round": 1, "csv_weights": "0"}},
        SAME,
        "csv_weights is '0'",
    ),
    "indicator": (
        XGBoostSageMakerEstimator,
        {"validationIndicatorCol": "w"},
        SAME,
        "'w' has the wrong type: double; expected a boolean",
    ),
    "no validation": (
        KMeansSageMakerEstimator,
        {"validationIndicatorCol": "held"},
        SAME,
        "Channel is not taken.*'validation'; expected 'test'",
    ),
    "unknown channel": (
        LinearLearnerRegressor,
        {"channels": {"model": "s3://b/k"}},
        SAME,
        "'model'; expected 'validation' or 'test'",
    ),
    "channel of the name": (
        LinearLearnerRegressor,
        {"channels": {"train": "s3://b/k"}},
        SAME,
        "Channel is given twice: 'train'",
    ),
    "validation twice": (
        XGBoostSageMakerEstimator,
        {"validationIndicatorCol": "held", "channels": {"validation": "s3://b/k"}},
        SAME,
        "given twice: 'validation'",
    ),
    "sharded test": (
        RandomCutForestSageMakerEstimator,
        {"channels": {"test": Channel("s3://b/k", distribution="ShardedByS3Key")}},
        SAME,
        "expected 'FullyReplicated'",
    ),
    "other content type": (
        XGBoostSageMakerEstimator,
        {"channels": {"validation": Channel("s3://b/k", contentType="text/csv")}},
        SAME,
        "has another ContentType than the training channel: 'text/csv'; expected 'text/libsvm'",
    ),
    "options": (
        LinearLearnerRegressor,
        {"featuresCol": "features", "trainingSparkDataFormatOptions": {"featurescolumnname": "x"}},
        SAME,
        r"featuresCol is 'features', but trainingSparkDataFormatOptions\['featuresColumnName'\] is 'x'",
    ),
    "serializer": (
        LinearLearnerRegressor,
        {
            "featuresCol": "features",
            "requestRowSerializer": ProtobufRequestRowSerializer(featuresColumnName="x"),
        },
        SAME,
        "but requestRowSerializer.featuresColumnName is 'x'",
    ),
    "shards": (
        LinearLearnerRegressor,
        {"trainingInstanceCount": 3, "numShards": 2},
        SAME,
        "Shards are too few: 2",
    ),
    "prediction": (
        LinearLearnerRegressor,
        {"predictionCol": "w"},
        SAME,
        "predictionCol would exist twice.*'w'",
    ),
    "same names": (
        LinearLearnerBinaryClassifier,
        {"predictionCol": "p", "probabilityCol": "p"},
        SAME,
        "share a name",
    ),
    "no probability": (
        LinearLearnerRegressor,
        {"probabilityCol": "p"},
        SAME,
        "probabilityCol cannot be filled",
    ),
    "margins": (
        LinearLearnerBinaryClassifier,
        {"probabilityCol": "p", "hyperParameters": {"loss": "hinge_loss"}},
        SAME,
        "no probabilities of classes",
    ),
    "no meaning": (PCASageMakerEstimator, {"predictionCol": "p"}, SAME, "does not say what its columns mean"),
    "given dim": (
        LinearLearnerRegressor,
        {"featuresCol": ["w", "label2"], "hyperParameters": {"feature_dim": 3}},
        lambda df: df.withColumn("label2", F.lit(1)),
        "feature_dim does not fit column .*: 3; expected 2",
    ),
    "skip and Spark's source": (
        LinearLearnerRegressor,
        {
            "trainingSparkDataFormat": "json",
            "trainingContentType": "text/csv",
            "handleInvalid": "skip",
            "hyperParameters": {"feature_dim": 2},
        },
        SAME,
        "handleInvalid has no meaning for Spark's data source 'json'",
    ),
}


@pytest.mark.parametrize(("cls", "settings", "change", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_before_anything_is_made(spark, aws, cls, settings, change, words) -> None:
    aws.faults.add(service="sts", status=500, code="InternalFailure", message="asked")
    aws.faults.add(service="s3", status=500, code="InternalFailure", message="asked")
    estimator = built(cls, **settings)
    with pytest.raises((SettingError, SchemaError), match=words):
        estimator.fit(change(frame(spark)))
    assert estimator.latestTrainingJob is None


WRONG_ROWS = {
    "NaN": (
        LinearLearnerRegressor,
        {},
        {"features": Vectors.dense([1.0, float("nan")])},
        "'features' holds an invalid number",
    ),
    "infinite label": (
        LinearLearnerRegressor,
        {},
        {"label": float("inf")},
        "'label' holds an invalid number",
    ),
    "negative weight": (
        XGBoostSageMakerEstimator,
        {"weightCol": "w"},
        {"w": -1.0},
        "impossible weight: -1.0 in row 0",
    ),
    "null weight": (XGBoostSageMakerEstimator, {"weightCol": "w"}, {"w": None}, "'w' is null"),
    "channel's dim": (
        LinearLearnerRegressor,
        {},
        {},
        "Channel 'test' has rows of another size: 3 values; expected 2",
    ),
    "nothing valid": (
        LinearLearnerRegressor,
        {"handleInvalid": "skip"},
        {"label": None},
        "has no valid rows: 1 were left out",
    ),
}


@pytest.mark.parametrize(("cls", "settings", "values", "words"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_wrong_rows_start_no_job(spark, aws, request, cls, settings, values, words) -> None:
    row = {"label": 1.0, "features": Vectors.dense([1.0, 2.0]), "w": 1.0, **values}
    rows = spark.createDataFrame([tuple(row.values())], SCHEMA)
    wide = spark.createDataFrame([(1.0, Vectors.dense([1.0, 2.0, 3.0]))], ["label", "features"])
    channels = {"channels": {"test": wide}} if request.node.callspec.id == "channel's dim" else {}
    estimator = built(cls, **settings, **channels)
    with pytest.raises(DataError, match=f"(?s){words}"):
        estimator.fit(rows)
    assert estimator.latestTrainingJob is None
