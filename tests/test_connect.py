"""The main job over Spark Connect, in a process of its own: no process can have both kinds of sessions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import boto3
import pyspark
import pytest

SCRIPT = """
from pyspark.sql import SparkSession

spark = SparkSession.builder.remote("local[2]").getOrCreate()
assert "connect" in type(spark).__module__
from sagemaker_spark_py import S3DataPath, read_recordio
from tests.digits import digits, kmeans

estimator = kmeans(
    trainingInputS3DataPath=S3DataPath("{bucket}", "in"),
    deleteStagingDataAfterTraining=False,
    transformInstanceType="ml.m5.large",
)
model = estimator.fit(digits(spark, 200))
staged = read_recordio(spark, "s3://{bucket}/in")
assert sorted(map(str, staged.collect())) == sorted(map(str, digits(spark, 200).collect()))
predicted = model.transform(digits(spark, 100))
assert predicted.columns == ["label", "features", "distance_to_cluster", "closest_cluster"]
assert predicted.filter("closest_cluster >= 0").count() == 100
batch = model.batchTransform(digits(spark, 50))
assert batch.columns == predicted.columns and batch.filter("closest_cluster >= 0").count() == 50
model.deleteBatchData()
model.save("{path}/model")
assert type(model).load("{path}/model").endpointName == model.endpointName
model.resourceCleanup.deleteResources(model.getCreatedResources())
print("rows: 100")
"""


@pytest.mark.skipif(pyspark.__version__ < "4", reason="the pip package of Spark 3.5 brings no Connect server")
def test_main_job_over_connect(aws, tmp_path: Path) -> None:
    bucket = "over-connect"
    boto3.client("s3").create_bucket(Bucket=bucket)
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{path}", str(tmp_path)).replace("{bucket}", bucket)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "SPARK_TESTING": "1"},  # any free port instead of a fixed one
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.stdout.strip().endswith("rows: 100"), run.stderr[-3000:]
