"""Searches over parameters with Spark's own tools: rows staged once, no endpoint left."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from pyspark.ml import Pipeline
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.ml.tuning import CrossValidator, CrossValidatorModel, ParamGridBuilder, TrainValidationSplit

from sagemaker_spark_py import CustomNamePolicyFactory, RandomNamePolicyFactory
from sagemaker_spark_py.errors import SettingError
from tests.digits import digits, kmeans


def evaluator() -> ClusteringEvaluator:
    return ClusteringEvaluator(predictionCol="closest_cluster")


def jobs_with(prefix: str) -> list[dict[str, Any]]:
    sagemaker = boto3.client("sagemaker")
    pages = sagemaker.get_paginator("list_training_jobs").paginate(NameContains=prefix)
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    return [sagemaker.describe_training_job(TrainingJobName=name) for name in names]


def places_of(jobs: list[dict[str, Any]]) -> set[str]:
    return {job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] for job in jobs}


def endpoints() -> list[Any]:
    return boto3.client("sagemaker").list_endpoints()["Endpoints"]


def test_cross_validation_stages_once_per_fold_and_leaves_no_endpoint(spark, aws, tmp_path) -> None:
    estimator = kmeans(namePolicyFactory=RandomNamePolicyFactory("cv-test-"))
    grid = ParamGridBuilder().addGrid(estimator.k, [2, 10]).build()
    search = CrossValidator(
        estimator=estimator, estimatorParamMaps=grid, evaluator=evaluator(), numFolds=2, parallelism=2, seed=1
    )
    found = search.fit(digits(spark, 200).cache())
    jobs = jobs_with("cv-test-")
    assert len(jobs) == 5
    assert len(places_of(jobs)) == 3
    assert len(set(found.avgMetrics)) == 2
    assert endpoints() == []
    best = found.bestModel
    assert best.transform(digits(spark, 20)).count() == 20
    found.save(str(tmp_path / "cv"))
    loaded = CrossValidatorModel.load(str(tmp_path / "cv"))
    assert loaded.bestModel.endpointName == best.endpointName
    best.resourceCleanup.deleteResources(best.getCreatedResources())


def test_search_over_a_pipeline_leaves_no_endpoint(spark, aws) -> None:
    frame = digits(spark, 150)
    columns = frame.withColumn("a", vector_to_array("features")[10]).withColumn(
        "b", vector_to_array("features")[20]
    )
    estimator = kmeans(namePolicyFactory=RandomNamePolicyFactory("pipe-test-")).setFeatureDim(2)
    pipeline = Pipeline(stages=[VectorAssembler(inputCols=["a", "b"], outputCol="features"), estimator])
    grid = ParamGridBuilder().addGrid(estimator.k, [2, 5]).build()
    split = TrainValidationSplit(estimator=pipeline, estimatorParamMaps=grid, evaluator=evaluator(), seed=1)
    found = split.fit(columns.drop("features"))
    assert len(found.validationMetrics) == 2
    assert len(jobs_with("pipe-test-")) == 3
    assert endpoints() == []


def test_fits_with_several_maps_of_params(spark, aws) -> None:
    estimator = kmeans(namePolicyFactory=RandomNamePolicyFactory("maps-test-"))
    models = estimator.fit(digits(spark, 60), [{estimator.k: 2}, {estimator.k: 3}])
    jobs = jobs_with("maps-test-")
    assert len(models) == 2
    assert {job["HyperParameters"]["k"] for job in jobs} == {"2", "3"}
    assert len(places_of(jobs)) == 1
    assert staged_keys(jobs) == []


def test_rows_of_a_search_that_breaks_off_are_deleted(spark, aws) -> None:
    names = CustomNamePolicyFactory("broken-search", "m", "c", "e")
    estimator = kmeans(namePolicyFactory=names)
    models = estimator.fitMultiple(digits(spark, 60), [{estimator.k: 2}, {estimator.k: 3}, {estimator.k: 4}])
    next(models)
    jobs = jobs_with("broken-search")
    assert staged_keys(jobs) != []
    with pytest.raises(Exception, match="broken-search"):
        next(models)
    del models
    assert staged_keys(jobs) == []


def staged_keys(jobs: list[dict[str, Any]]) -> list[str]:
    bucket, _, key = places_of(jobs).pop().removeprefix("s3://").partition("/")
    prefix = key.removesuffix(".manifest")
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_wrong_value_in_a_grid(spark, aws) -> None:
    estimator = kmeans()
    with pytest.raises(SettingError, match="k cannot be used"):
        estimator.fit(digits(spark, 20), {estimator.k: 1})
