"""Many narrow rows through a faulty endpoint, each accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from tests.benchmarks import data
from tests.benchmarks.bench import Bench
from tests.benchmarks.predict import predicted
from tests.benchmarks.report import Line
from tests.benchmarks.stub import FAULTY
from tests.benchmarks.timing import timed

PARTITIONS = 8
ROWS_PER_REQUEST = 5_000


class LostRowsError(Exception):
    """Rows that went in and rows that came out are not the same."""


def run(bench: Bench) -> Iterator[Line]:
    """Send rows that the endpoint sends back, and compare checksums over all rows."""
    rows = bench.soak_rows
    frame = bench.spark.read.parquet(str(data.numbers(bench.inputs, rows, PARTITIONS)))
    bench.stub.behave(replace(FAULTY, echo=True))
    sent = _accounted(frame, F.col("label"))
    found: list[Row] = []
    answered = predicted(bench, frame, "recordio", maxRowsPerRequest=ROWS_PER_REQUEST)
    number = F.col("closest_cluster") * data.BASE + F.col("distance_to_cluster")
    cost = timed(lambda: found.append(_accounted(answered, number)))
    if found[0] != sent:
        raise LostRowsError(f"Sent {sent}; received {found[0]}.")
    counts = bench.stub.counts()
    text = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in counts.faults.items())
    ours = f"all {rows} rows once, each with its own answer, {cost}"
    yield Line(f"soak: {counts.requests} requests, {text}", ours)


def _accounted(frame: DataFrame, number: F.Column) -> Row:
    """Count the rows, and those with another row's number; add two checksums of the numbers."""
    number = number.cast("long")
    row = frame.select("label", number.alias("number")).agg(
        F.count("*").alias("rows"),
        F.sum((F.col("label") != F.col("number")).cast("int")).alias("strange"),
        F.sum("number").alias("sum"),
        F.bit_xor(F.xxhash64("number")).alias("hashes"),
    )
    return row.head()
