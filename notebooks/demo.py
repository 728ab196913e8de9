"""The main job, for real, on the local SageMaker: handwritten digits, K-Means, clusters.

Run it with ``make demo``. It trains on four fifths of scikit-learn's 1,797 images of 8 x 8 pixels, predicts
the cluster of the others through an endpoint, says how pure the clusters are, draws them to
``demo_output/clusters.png``, and deletes what it made.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from sklearn.datasets import load_digits

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole, SageMakerResourceCleanup
from sagemaker_spark_py.algorithms import KMeansSageMakerEstimator
from sagemaker_spark_py.local import LocalSageMaker

matplotlib.use("Agg")
import matplotlib.pyplot as plt

OUTPUT = Path("demo_output")
stages: list[tuple[str, float]] = []


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Announce a step and remember how long it took."""
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    yield
    stages.append((title, time.monotonic() - began))


def read_digits(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """Return the digits as (train, test) with columns label and features."""
    digits = load_digits()
    rows = [(float(y), Vectors.dense(x)) for x, y in zip(digits.data, digits.target, strict=True)]
    data = spark.createDataFrame(rows, ["label", "features"]).repartition(4).cache()
    train, test = data.randomSplit([0.8, 0.2], seed=1)
    return train, test


def purity(labels: np.ndarray, clusters: np.ndarray) -> float:
    """Return the share of rows whose label is the commonest of their cluster."""
    commonest = (np.unique(labels[clusters == c], return_counts=True)[1].max() for c in set(clusters))
    return sum(commonest) / len(labels)


def draw(images: np.ndarray, clusters: np.ndarray, path: Path) -> None:
    """Draw the first digits of each cluster, a row per cluster."""
    found = sorted(set(clusters))
    figure, axes = plt.subplots(len(found), 16, figsize=(10, 0.7 * len(found)))
    for axis in axes.flat:
        axis.axis("off")
    for row, cluster in zip(axes, found, strict=True):
        row[0].set_title(f"cluster {cluster}", fontsize=7, loc="left", pad=2)
        for axis, image in zip(row, images[clusters == cluster], strict=False):
            axis.imshow(image.reshape(8, 8), cmap="gray_r")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")


def run(spark: SparkSession) -> None:
    """Train, predict, judge, draw, clean up."""
    with stage("Reading the digits"):
        train, test = read_digits(spark)
        print(f"{train.count()} images to train on, {test.count()} to predict")

    with stage("fit(): staging to S3, training job"):
        estimator = KMeansSageMakerEstimator(
            trainingInstanceType="ml.m4.xlarge",
            trainingInstanceCount=1,
            endpointInstanceType="ml.t2.medium",
            endpointInitialInstanceCount=1,
            sagemakerRole=IAMRole("arn:aws:iam::123456789012:role/sagemaker"),
            endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        )
        model = estimator.setK(10).setFeatureDim(64).fit(train)
        print(f"training job {estimator.latestTrainingJob}, model {model.modelPath.toS3UriString()}")

    with stage("transform(): endpoint, predictions"):
        predicted = model.transform(test).cache()
        predicted.show(5)

    with stage("How good are the clusters?"):
        rows = predicted.select("label", "features", "closest_cluster").collect()
        labels, clusters = (np.array([int(row[i]) for row in rows]) for i in (0, 2))
        print(f"purity: {purity(labels, clusters):.3f} over {len(rows)} images (1 cluster of all: 0.1)")
        draw(np.array([row.features.toArray() for row in rows]), clusters, OUTPUT / "clusters.png")
        print(f"picture: {OUTPUT / 'clusters.png'}")

    with stage("Deleting what was made"):
        created = model.getCreatedResources()
        SageMakerResourceCleanup(model.sagemakerClient).deleteResources(created)
        print(f"created and deleted: {created}")
        left = model.sagemakerClient.list_endpoints()["Endpoints"]
        print(f"endpoints that are left: {len(left)}")


def main() -> None:
    """Run the demo between the start and the stop of the local SageMaker and of Spark."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("sagemaker_spark_py.staging").setLevel(logging.INFO)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    with stage("Starting the local SageMaker"):
        aws = LocalSageMaker().start()
    try:
        with stage("Starting Spark"):
            builder = SparkSession.builder.master("local[2]").appName("demo")
            quiet = {
                "spark.log.level": "ERROR",
                "spark.ui.enabled": "false",
                "spark.ui.showConsoleProgress": "false",
            }
            spark = builder.config(map=quiet).getOrCreate()
        run(spark)
        spark.stop()
    finally:
        aws.stop()
    print("\nTimes: " + ", ".join(f"{title.split(':')[0]} {seconds:.1f} s" for title, seconds in stages))


if __name__ == "__main__":
    main()
