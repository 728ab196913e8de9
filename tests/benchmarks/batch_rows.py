"""A proof by hand: a large DataFrame through Batch Transform, each row with its own prediction.

``python -m tests.benchmarks.batch_rows [--rows 1000000] [--kill]``. With ``--kill`` a Python worker is killed
once in the middle of staging, and once in the middle of reading. Every row is checked: the model answers the
sum of a row's numbers, which are different in each row.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from pyspark import TaskContext, cloudpickle
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sagemaker_spark_py import BatchTransform, S3DataPath, SageMakerModel
from sagemaker_spark_py.local import LocalSageMaker
from sagemaker_spark_py.transformation.deserializers import XGBoostCSVRowDeserializer
from sagemaker_spark_py.transformation.serializers import UnlabeledCSVRequestRowSerializer
from tests.local.jobs import ROLE, archive

IMAGE = [sys.executable, str(Path(__file__).parents[1] / "local" / "batch_image.py")]
BUCKET = "proof"
PARTITIONS = 8


def die_once(marker: str, call: int) -> None:
    """Kill this worker at the given call in partition 1, once in all."""
    context = TaskContext.get()
    if marker and context is not None and context.partitionId() == 1 and call == 3:
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class DeadlySerializer(UnlabeledCSVRequestRowSerializer):
    """Its worker dies in the middle of a partition."""

    marker: str = ""

    def serializeBatch(self, batch: Any) -> Any:
        object.__setattr__(self, "calls", getattr(self, "calls", 0) + 1)
        die_once(self.marker, self.calls)
        return super().serializeBatch(batch)


@dataclass(frozen=True)
class DeadlyDeserializer(XGBoostCSVRowDeserializer):
    """Its worker dies in the middle of a partition."""

    marker: str = ""

    def deserializeBatch(self, body: bytes, rows: int) -> Any:
        object.__setattr__(self, "calls", getattr(self, "calls", 0) + 1)
        die_once(self.marker, self.calls)
        return super().deserializeBatch(body, rows)


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
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args(arguments)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    with tempfile.TemporaryDirectory() as folder, LocalSageMaker(images={"batch": IMAGE}):
        spark = builder.getOrCreate()
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive(weights="1"))
        markers = {name: f"{folder}/{name}" if options.kill else "" for name in ("staging", "reading")}
        model = SageMakerModel(
            requestRowSerializer=DeadlySerializer(marker=markers["staging"]),
            responseRowDeserializer=DeadlyDeserializer(marker=markers["reading"]),
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
        print(
            f"{options.rows} rows; differences: {differences}; workers killed while: {killed}; left: {left}"
        )
        print(f"staging and job {between - started:.1f} s, reading and checking {ended - between:.1f} s")
        spark.stop()
    return int(any(differences.values()) or bool(left))


if __name__ == "__main__":
    sys.exit(main())
