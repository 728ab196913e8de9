"""A proof by hand: a large DataFrame through Batch Transform, each row with its own prediction.

``python -m tests.benchmarks.batch_rows [--rows 1000000] [--kill worker|executor]``. With ``--kill`` a Python
worker, or an executor, is killed once in the middle of staging, and once in the middle of reading. Every row
is checked: the model answers the sum of a row's numbers, which are different in each row.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import boto3
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sagemaker_spark_py import BatchTransform, S3DataPath, SageMakerModel
from sagemaker_spark_py.local import LocalSageMaker
from tests.deadly import EXECUTOR, WORKER, DeadlyCSV, DeadlyNumbers, Death
from tests.local.jobs import ROLE, archive

IMAGE = [sys.executable, str(Path(__file__).parents[1] / "local" / "batch_image.py")]
BUCKET = "proof"
PARTITIONS = 8


def rows_of(spark: SparkSession, rows: int) -> DataFrame:
    """Return rows whose second number is another one at each reading."""
    numbers = spark.range(0, rows, 1, PARTITIONS).withColumn("chance", F.rint(F.rand() * 1000))
    return numbers.withColumn("features", F.array(F.col("id") + 0.5, F.col("chance")))


def wrong(predicted: DataFrame, rows: int) -> dict[str, int]:
    """Count what should not be."""
    found = predicted.agg(
        F.count("*").alias("rows"),
        F.countDistinct("id").alias("distinct"),
        F.sum("id").alias("sum"),
        F.sum((F.col("prediction") != F.col("id") + 0.5 + F.col("chance")).cast("int")).alias("strangers"),
        F.sum(F.col("prediction").isNull().cast("int")).alias("missing"),
    ).first()
    expected = {"rows": rows, "distinct": rows, "sum": rows * (rows - 1) // 2, "strangers": 0, "missing": 0}
    return {name: found[name] - value for name, value in expected.items()}


def main(arguments: list[str] | None = None) -> int:
    """Run and say what was found; 0 if all is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kill", choices=[WORKER, EXECUTOR])
    options = parser.parse_args(arguments)
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])  # workers need the package, and its tests
    master = "local-cluster[2,1,1024]" if options.kill == EXECUTOR else "local[2,4]"
    builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
    with tempfile.TemporaryDirectory() as folder, LocalSageMaker(images={"batch": IMAGE}):
        spark = builder.getOrCreate()
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive(weights="1"))
        deaths = {
            name: Death(f"{folder}/{name}" if options.kill else "", options.kill or WORKER)
            for name in ("staging", "reading")
        }
        model = SageMakerModel(
            requestRowSerializer=DeadlyCSV(death=deaths["staging"]),
            responseRowDeserializer=DeadlyNumbers(death=deaths["reading"]),
            modelImage="123456789012.dkr.ecr.us-east-1.amazonaws.com/batch:1",
            modelPath=S3DataPath(BUCKET, "model.tar.gz"),
            modelExecutionRoleARN=ROLE,
            inferenceWay="batch",
            transformInstanceType="ml.m5.large",
            transformInstanceCount=2,
            transformOptions=BatchTransform(s3DataPath=S3DataPath(BUCKET, "work"), maxRowsPerObject=20_000),
        )
        started = time.monotonic()
        predicted = model.transform(rows_of(spark, options.rows))
        between = time.monotonic()
        differences = wrong(predicted, options.rows)
        ended = time.monotonic()
        killed = sorted(os.listdir(folder))
        model.deleteBatchData()
        left = s3.list_objects_v2(Bucket=BUCKET, Prefix="work").get("KeyCount")
        print(f"{options.rows} rows; differences: {differences}; killed while: {killed}; left: {left}")
        print(f"staging and job {between - started:.1f} s, reading and checking {ended - between:.1f} s")
        spark.stop()
    return int(any(differences.values()) or bool(left))


if __name__ == "__main__":
    sys.exit(main())
