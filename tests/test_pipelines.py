"""Stages together: two of SageMaker in one pipeline, and a search that finds the better setting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import Pipeline
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import DataFrame

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole, RandomNamePolicyFactory
from sagemaker_spark_py.algorithms import KMeansSageMakerEstimator, PCASageMakerEstimator
from tests.algorithms.exercises import EXERCISES
from tests.algorithms.test_end_to_end import delete, estimator, frame_of
from tests.digits import ROLE, digits, purity

SETTINGS = {
    "trainingInstanceType": "ml.m5.large",
    "trainingInstanceCount": 1,
    "endpointInstanceType": "ml.m5.large",
    "endpointInitialInstanceCount": 1,
    "sagemakerRole": IAMRole(ROLE),
    "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
    "logs": "none",
}
PIXELS = [f"pixel{i}" for i in range(64)]

APPLY = """
import json, sys
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
folder = sys.argv[1]
rows = PipelineModel.load(folder + "/model").transform(spark.read.parquet(folder + "/rows")).collect()
print(json.dumps({row.id: [row.closest_cluster, *row.projection.toArray()] for row in rows}))
"""


def pixels(spark, rows: int) -> DataFrame:
    """Digits with a numeric column per pixel."""
    images = digits(spark, rows, 1).rdd.zipWithIndex().map(lambda pair: (pair[1], *pair[0]))
    frame = images.toDF(["id", "label", "image"])
    image = vector_to_array("image")
    return frame.select("id", "label", *(image[i].alias(name) for i, name in enumerate(PIXELS)))


@pytest.mark.smoke
def test_two_stages_of_sagemaker_are_fitted_saved_and_applied_elsewhere(
    spark, aws, sagemaker, tmp_path: Path
) -> None:
    frame = pixels(spark, 300)
    frame.write.parquet(str(tmp_path / "rows"))
    reduce = PCASageMakerEstimator(**SETTINGS).setNumComponents(8)
    cluster = KMeansSageMakerEstimator(**SETTINGS).setFeaturesCol("projection").setK(10)
    stages = [VectorAssembler(inputCols=PIXELS, outputCol="features"), reduce, cluster]
    Pipeline(stages=stages).save(str(tmp_path / "pipeline"))
    model = Pipeline.load(str(tmp_path / "pipeline")).fit(frame)
    try:
        rows = {row.id: row for row in model.transform(frame).collect()}
        labels, clusters = (np.array([row[c] for row in rows.values()]) for c in ("label", "closest_cluster"))
        assert purity(labels, clusters) > 0.6
        model.save(str(tmp_path / "model"))
        run = subprocess.run(
            [sys.executable, "-c", APPLY, str(tmp_path)], capture_output=True, text=True, check=True
        )
        applied = {int(key): values for key, values in json.loads(run.stdout.splitlines()[-1]).items()}
        assert applied.keys() == rows.keys()
        for key, (closest, *projection) in applied.items():
            assert closest == rows[key].closest_cluster
            np.testing.assert_array_equal(projection, rows[key].projection.toArray())
    finally:
        model.stages[1].resourceCleanup.deleteResources(model.stages[1].getCreatedResources())
        delete(model.stages[2], sagemaker)


def test_cross_validation_picks_the_better_setting(spark, aws, sagemaker) -> None:
    exercise = EXERCISES["XGBoostSageMakerEstimator"]
    frame = frame_of(spark, exercise).cache()
    asked = estimator("XGBoostSageMakerEstimator", namePolicyFactory=RandomNamePolicyFactory("better-"))
    grid = ParamGridBuilder().addGrid(asked.num_round, [1, 25]).build()
    search = CrossValidator(
        estimator=asked,
        estimatorParamMaps=grid,
        evaluator=BinaryClassificationEvaluator(rawPredictionCol="prediction"),
        numFolds=2,
        parallelism=2,
        seed=1,
    )
    found = search.fit(frame)
    try:
        worse, better = found.avgMetrics
        assert 0.9 < worse < better
        assert found.bestModel.nativeModel().num_boosted_rounds() == 25
        assert sagemaker.list_endpoints()["Endpoints"] == []
        assert search.getEvaluator().evaluate(found.transform(frame)) > 0.99
    finally:
        delete(found.bestModel, sagemaker)
