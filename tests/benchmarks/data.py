"""Inputs, generated from a seed and kept for the next run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import DoubleType, StructField, StructType

DIM = 784
"""The size of a picture of MNIST."""
DENSITY = 0.19
"""The share of its pixels that are not white."""

BASE = 10_000
"""Of the two digits in which `numbers` writes the number of a row."""

Array = np.ndarray


def dense(rows: int, dim: int = DIM, seed: int = 0) -> Array:
    """Return a matrix of doubles between 0 and 1, of full precision."""
    return np.random.default_rng(seed).random((rows, dim))


def sparse(rows: int, dim: int = DIM, seed: int = 0) -> tuple[Array, Array, Array]:
    """Return offsets, places and values of rows of which `DENSITY` of the values are not zero."""
    random = np.random.default_rng(seed)
    row, place = np.nonzero(random.random((rows, dim)) < DENSITY)
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int32)
    return offsets, place.astype(np.int32), random.random(len(place))


def vectors(folder: Path, kind: str, rows: int, partitions: int = 5, dim: int = DIM) -> Path:
    """Return a folder of Parquet with a label and a column of ML vectors, a file for each partition.

    Parameters
    ----------
    folder : Path
        Where inputs are kept.
    kind : {"dense", "sparse"}
        Vectors of random doubles, of which `DENSITY` are not zero where they are sparse.
    rows, partitions, dim : int
        How many of each.
    """
    target = folder / f"{kind}-{rows}x{dim}-{partitions}"
    if not (target / "_SUCCESS").exists():
        target.mkdir(parents=True, exist_ok=True)
        for part, own in enumerate(np.array_split(np.arange(rows), partitions)):
            column = (
                _dense_column(len(own), dim, part) if kind == "dense" else _sparse_column(len(own), dim, part)
            )
            table = pa.table([pa.array(own.astype(float)), column], schema=_schema())
            pq.write_table(table, target / f"part-{part:05d}.parquet", row_group_size=max(1, len(own)))
        (target / "_SUCCESS").touch()
    return target


def numbers(folder: Path, rows: int, partitions: int) -> Path:
    """Return a folder of Parquet with rows that can be told apart.

    ``label`` is a row's number, ``features`` its two digits to base `BASE`, which float32 holds exactly.
    """
    target = folder / f"numbers-{rows}-{partitions}"
    if not (target / "_SUCCESS").exists():
        target.mkdir(parents=True, exist_ok=True)
        for part, own in enumerate(np.array_split(np.arange(rows, dtype=np.int64), partitions)):
            halves = np.stack([own // BASE, own % BASE], axis=1).astype(float)
            table = pa.table([pa.array(own.astype(float)), _vectors(0, None, halves)], schema=_schema())
            pq.write_table(table, target / f"part-{part:05d}.parquet", row_group_size=1 << 20)
        (target / "_SUCCESS").touch()
    return target


def _dense_column(rows: int, dim: int, seed: int) -> pa.Array:
    return _vectors(0, None, dense(rows, dim, seed))


def _sparse_column(rows: int, dim: int, seed: int) -> pa.Array:
    offsets, places, values = sparse(rows, dim, seed)
    return _vectors(dim, (offsets, places), values)


def _vectors(dim: int, entries: tuple[Array, Array] | None, values: Array) -> pa.Array:
    """Return vectors as Spark stores them: type, size, indices, values."""
    if entries is None:
        rows, width = values.shape
        offsets = np.arange(rows + 1, dtype=np.int32) * width
        places = pa.nulls(rows, pa.list_(pa.int32()))
        sizes = pa.nulls(rows, pa.int32())
    else:
        offsets, indices = entries
        rows = len(offsets) - 1
        places = pa.ListArray.from_arrays(offsets, indices)
        sizes = pa.array(np.full(rows, dim, np.int32))
    kinds = pa.array(np.full(rows, 0 if entries else 1, np.int8))
    lists = pa.ListArray.from_arrays(offsets, values.ravel())
    return pa.StructArray.from_arrays([kinds, sizes, places, lists], fields=list(_VECTOR))


_VECTOR = pa.struct(
    [
        pa.field("type", pa.int8(), nullable=False),
        pa.field("size", pa.int32()),
        pa.field("indices", pa.list_(pa.int32())),
        pa.field("values", pa.list_(pa.float64())),
    ]
)


def _schema() -> pa.Schema:
    spark = StructType([StructField("label", DoubleType()), StructField("features", VectorUDT())])
    schema = pa.schema([("label", pa.float64()), ("features", _VECTOR)])
    return schema.with_metadata({"org.apache.spark.sql.parquet.row.metadata": json.dumps(spark.jsonValue())})
