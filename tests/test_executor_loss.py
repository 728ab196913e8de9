"""Executors, processes of their own, are killed in the middle of each verb: no row is lost, none is repeated.

The verbs run in a program of its own, since a process has one Spark only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pyspark
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sagemaker_spark_py import (
    BatchTransform,
    Invocation,
    S3DataPath,
    SageMakerModel,
    SageMakerResourceCleanup,
    read_recordio,
)
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer
from tests import deadly
from tests.deadly import EXECUTOR, WORKER, Death
from tests.digits import ROLE, kmeans
from tests.local.jobs import archive

ROWS, PARTITIONS, ROWS_AT_ONCE = 400, 4, 20
BATCH_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/batch:1"


class Trial:
    """The verbs, and what each should come to.

    Parameters
    ----------
    spark : SparkSession
    bucket : str
        For what is staged.
    """

    def __init__(self, spark: SparkSession, bucket: str) -> None:
        self.spark, self.bucket = spark, bucket
        numbers = spark.range(0, ROWS, 1, PARTITIONS)
        self.rows = numbers.withColumn("features", F.array(F.col("id") + 0.5, F.col("id") % 7 * 1.0))
        self.model = self._estimator().fit(self.rows)
        self.expected = self.model.transform(self.rows).collect()

    def close(self) -> None:
        created = self.model.getCreatedResources()
        SageMakerResourceCleanup(self.model.sagemakerClient).deleteResources(created)
        logs = Path(pyspark.__file__).parent / "work" / self.spark.sparkContext.applicationId
        self.spark.stop()
        shutil.rmtree(logs, ignore_errors=True)

    def fit(self, death: Death) -> bool:
        """Die when S3 has an object that the driver does not know of."""
        session = replace(deadly.DeadlySession.resolve(), death=replace(death, call=1))
        estimator = self._estimator(session=session)
        estimator.fit(self.rows)
        job = estimator.sagemakerClient.describe_training_job(TrainingJobName=estimator.latestTrainingJob)
        channel = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
        staged = read_recordio(self.spark, channel).collect()
        return sorted(row.features.toArray().tolist() for row in staged) == [
            row.features for row in self.expected
        ]

    def transform(self, death: Death) -> bool:
        """Die while answers come, and with a partition that was done, and that a shuffle needs."""
        death = replace(death, partition=PARTITIONS - 1)
        predicted = self._predicted(ProtobufRequestRowSerializer(), deadly.DeadlyClusters(death))
        return sorted(predicted.repartition(2, "id").collect()) == self.expected

    def transform_without_a_worker(self, death: Death) -> bool:
        """Die while rows are serialized."""
        predicted = self._predicted(deadly.DeadlyRecords(death=death), self.model.responseRowDeserializer)
        return predicted.collect() == self.expected

    def batch_when_staged(self, death: Death) -> bool:
        """Die while rows are staged for a transform job."""
        return self._batch(death, Death())

    def batch_when_read(self, death: Death) -> bool:
        """Die while the job's outputs are read."""
        return self._batch(Death(), death)

    def _estimator(self, **settings: Any) -> Any:
        staged = S3DataPath(self.bucket, "in")
        settings = {"trainingInputS3DataPath": staged, "deleteStagingDataAfterTraining": False, **settings}
        return kmeans(**settings).setK(2).setFeatureDim(2)

    def _predicted(self, *formats: Any) -> DataFrame:
        how = Invocation(maxRowsPerRequest=ROWS_AT_ONCE // 2)
        model = SageMakerModel.fromEndpoint(self.model.endpointName, *formats, invocation=how)
        return model.transform(self.rows)

    def _batch(self, staging: Death, reading: Death) -> bool:
        model = SageMakerModel(
            requestRowSerializer=deadly.DeadlyCSV(death=staging),
            responseRowDeserializer=deadly.DeadlyNumbers(death=reading),
            modelImage=BATCH_IMAGE,
            modelPath=S3DataPath(self.bucket, "model.tar.gz"),
            modelExecutionRoleARN=ROLE,
            inferenceWay="batch",
            transformInstanceType="ml.m5.large",
            transformOptions=BatchTransform(
                s3DataPath=S3DataPath(self.bucket, "work"), maxRowsPerObject=ROWS_AT_ONCE
            ),
        )
        found = [(row.id, row.prediction) for row in model.transform(self.rows).collect()]
        model.deleteBatchData()
        return found == [(row.id, sum(row.features)) for row in self.expected]


VERBS: dict[str, Callable[[Trial, Death], bool]] = {
    "fit": Trial.fit,
    "transform": Trial.transform,
    "transform_without_a_worker": Trial.transform_without_a_worker,
    "batch_when_staged": Trial.batch_when_staged,
    "batch_when_read": Trial.batch_when_read,
}


def lost(spark: SparkSession) -> int:
    """Count the executors that Spark has lost."""
    context = spark.sparkContext._jsc.sc()
    context.listenerBus().waitUntilEmpty()
    executors = context.statusStore().executorList(False)
    return sum(not executors.apply(i).isActive() for i in range(executors.size()))


def program(bucket: str, folder: str) -> None:
    """Run all verbs, and tell for each whether it was right, and how many executors it lost."""
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", str(ROWS_AT_ONCE))
    trial = Trial(builder.getOrCreate(), bucket)
    for name, verb in VERBS.items():
        before = lost(trial.spark)
        right = verb(trial, Death(f"{folder}/{name}", WORKER if "worker" in name else EXECUTOR))
        found = {"right": right, "died": os.path.exists(f"{folder}/{name}")}
        print(json.dumps({name: {**found, "lost": lost(trial.spark) - before}}), flush=True)
    trial.close()


@pytest.fixture(scope="module")
def found(local_sagemaker: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program told."""
    bucket, folder = "losing-executors", tmp_path_factory.mktemp("markers")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive(weights="1"))
    root = str(Path(__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-m", "tests.test_executor_loss", bucket, str(folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    return {name: told for line in run.stdout.splitlines() for name, told in json.loads(line).items()}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", VERBS)
def test_no_row_is_lost_or_repeated(found: dict[str, Any], name: str) -> None:
    assert found[name] == {"right": True, "died": True, "lost": int("worker" not in name)}


if __name__ == "__main__":
    program(*sys.argv[1:])
