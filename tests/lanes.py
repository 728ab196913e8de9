"""Rows of any kind for both lanes, which must make the same of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, SparseMatrix, Vectors, VectorUDT
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    ByteType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    ShortType,
    StructField,
    StructType,
)

from sagemaker_spark_py.jvm import SETTING

SPECIAL = [0.0, -0.0, 5e-324, 1e-45, 3.4028234e38, 3.4028235677973362e38, 0.1, 16777217.0, 1e10, 1e-7]
WILD = [np.nan, np.inf, -np.inf]
TOO_LARGE = [3.4028235677973366e38, -1e39]
NUMBERS: list[DataType] = [
    BooleanType(),
    ByteType(),
    ShortType(),
    IntegerType(),
    LongType(),
    FloatType(),
    DoubleType(),
    DecimalType(12, 3),
]


@contextmanager
def lane(spark: SparkSession, name: str) -> Iterator[None]:
    spark.conf.set(SETTING, name)
    try:
        yield
    finally:
        spark.conf.unset(SETTING)


def number(rng: np.random.Generator, extra: list[float]) -> float:
    kinds = [
        lambda: float(np.exp2(rng.uniform(-149, 127)) * rng.choice([-1, 1])),
        lambda: float(rng.integers(-9, 9)) / 4,
        lambda: float(rng.choice(SPECIAL + extra)),
    ]
    return kinds[rng.integers(3)]()


def value(rng: np.random.Generator, kind: DataType, extra: list[float]) -> Any:
    """Return a number of a Spark type."""
    if isinstance(kind, (DoubleType, FloatType)):
        return number(rng, extra)
    if isinstance(kind, DecimalType):
        return Decimal(int(rng.integers(-(10**11), 10**11))).scaleb(-3)
    if isinstance(kind, BooleanType):
        return bool(rng.integers(2))
    bits = {ByteType: 7, ShortType: 15, IntegerType: 31, LongType: 63}[type(kind)]
    return int(rng.integers(-(1 << bits), (1 << bits) - 1)) >> int(rng.integers(bits))


def vector(rng: np.random.Generator, dim: int, extra: list[float]) -> Any:
    numbers = [number(rng, extra) for _ in range(dim)]
    if rng.integers(2):
        return Vectors.dense(numbers)
    places = np.flatnonzero(rng.random(dim) < 0.4)
    return Vectors.sparse(dim, places.tolist(), [numbers[place] for place in places])


def matrix(rng: np.random.Generator, dim: int, extra: list[float]) -> Any:
    numbers = [number(rng, extra) for _ in range(2 * dim)]
    if rng.integers(2):
        return DenseMatrix(2, dim, numbers, bool(rng.integers(2)))
    counts = rng.integers(0, 3, dim)
    rows = [int(row) for count in counts for row in sorted(rng.choice(2, count, replace=False))]
    return SparseMatrix(2, dim, np.append(0, np.cumsum(counts)).tolist(), rows, numbers[: len(rows)])


@st.composite
def tables(draw: st.DrawFn, *, matrices: bool = True) -> tuple[StructType, list[tuple[Any, ...]], Any]:
    """Return a schema, rows, and the features: the name of a column, or the names of several."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    dim, count = draw(st.integers(1, 40)), draw(st.integers(1, 60))
    extra = draw(st.sampled_from([[], WILD, TOO_LARGE]))
    label = draw(st.sampled_from(NUMBERS))
    shapes = ["vector", "array", "columns"] + ["matrix"] * matrices
    shape = draw(st.sampled_from(shapes))
    makers: list[tuple[str, DataType, Any]] = [("label", label, lambda: value(rng, label, []))]
    if shape == "columns":
        kinds = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=5))
        makers += [(f"f.{i}`", k, lambda k=k: value(rng, k, extra)) for i, k in enumerate(kinds)]
    elif shape == "array":
        kind = draw(st.sampled_from(NUMBERS))
        makers.append(("x", ArrayType(kind), lambda: [value(rng, kind, extra) for _ in range(dim)]))
    else:
        make, udt = (vector, VectorUDT()) if shape == "vector" else (matrix, MatrixUDT())
        makers.append(("x", udt, lambda: make(rng, dim, extra)))
    rows = [[make() for _, _, make in makers] for _ in range(count)]
    if draw(st.integers(0, 3)) == 0:
        rows[rng.integers(count)][rng.integers(len(makers))] = None
    schema = StructType([StructField(name, kind) for name, kind, _ in makers])
    features = schema.names[1:] if shape == "columns" else "x"
    return schema, [tuple(row) for row in rows], features


def frame(spark: SparkSession, schema: StructType, rows: list[tuple[Any, ...]]) -> DataFrame:
    return spark.createDataFrame(spark.sparkContext.parallelize(rows, 2), schema)
