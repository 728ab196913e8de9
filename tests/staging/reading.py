"""What SageMaker would read of a staging, and DataFrames that are easy to recognise there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.ml.linalg import DenseMatrix, Matrix, Vector, Vectors
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sagemaker_spark_py.recordio import encode_dense
from sagemaker_spark_py.staging import Staged


def numbered(spark: SparkSession, rows: int, partitions: int) -> DataFrame:
    """Rows whose label is their number, in partitions of consecutive rows."""
    number = F.col("id")
    return spark.range(0, rows, 1, partitions).select(
        number.alias("label"), F.array(number, number * 2).alias("features"), F.lit("x").alias("name")
    )


def records(first: int, last: int) -> bytes:
    """Return rows of `numbered` as recordIO."""
    labels = np.arange(first, last)
    return encode_dense(np.column_stack([labels, labels * 2]), labels).data.tobytes()


GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def golden(spark: SparkSession, name: str) -> DataFrame:
    """Return the rows that AWS's own writer turned into the golden file of that name."""
    told = json.loads((GOLDEN / f"{name}.json").read_text())
    rows = [[*map(float, row[:-1]), _features(**row[-1])] for row in told["rows"]]
    return spark.createDataFrame(rows, told["columns"]).coalesce(1)


def _features(dense: Any = None, sparse: Any = None, denseMatrix: Any = None) -> Vector | Matrix:
    if dense is not None:
        return Vectors.dense([float(text) for text in dense])
    if sparse is not None:
        values = [float(text) for text in sparse["values"]]
        return Vectors.sparse(sparse["size"], sparse["indices"], values)
    values = [float(text) for text in denseMatrix["values"]]
    return DenseMatrix(denseMatrix["numRows"], denseMatrix["numCols"], values, denseMatrix["isTransposed"])


def read_channel(s3: Any, staged: Staged) -> list[bytes]:
    """Return the objects that the channel names, in its order."""
    bucket = staged.place.bucket
    if staged.manifest is None:
        prefix = staged.uri.removeprefix(f"s3://{bucket}/")
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
        names = [entry["Key"] for entry in found]
    else:
        first, *rest = json.loads(s3.get_object(Bucket=bucket, Key=staged.manifest)["Body"].read())
        names = [first["prefix"].removeprefix(f"s3://{bucket}/") + name for name in rest]
    return [s3.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names]
