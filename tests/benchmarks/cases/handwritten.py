"""transform() beside what one writes without a library: mapInPandas, boto3, CSV, one request at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial

import boto3
import pandas as pd
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame

from tests.benchmarks import data
from tests.benchmarks.bench import Bench, scan
from tests.benchmarks.predict import predicted
from tests.benchmarks.report import Line, faster
from tests.benchmarks.stub import Behaviour

ROWS_PER_REQUEST = 500
LATENCY_MS = 20


def run(bench: Bench) -> Iterator[Line]:
    """Compare whole actions; the hand-written one on a tenth of the rows, counted tenfold."""
    whole, tenth = (
        bench.spark.read.parquet(str(data.vectors(bench.inputs, "dense", rows)))
        for rows in (bench.rows, bench.rows // 10)
    )
    bench.stub.behave(Behaviour(latency_seconds=LATENCY_MS / 1000))
    by_hand = _by_hand(tenth, bench.stub.url)
    runs = {
        "recordio": scan(predicted(bench, whole, "recordio")),
        "csv": scan(predicted(bench, whole, "csv")),
        "hand": scan(by_hand),
    }
    times = bench.measured(runs)
    for format in ("recordio", "csv"):
        case = f"{format} at {LATENCY_MS} ms, default settings, whole"
        goal = ">= 10" if format == "recordio" else ""
        ours, hand = times[format], times["hand"] * 10
        yield faster(case, ours, hand, f"mapInPandas, CSV, {ROWS_PER_REQUEST} rows", goal)


def _by_hand(frame: DataFrame, url: str) -> DataFrame:
    plain = frame.select("label", vector_to_array("features").alias("features"))
    function: Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]] = partial(_predict, url)
    return plain.mapInPandas(function, "label double, features array<double>, prediction double")


def _predict(url: str, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    runtime = boto3.client("sagemaker-runtime", endpoint_url=url, region_name="us-east-1")
    for batch in batches:
        for start in range(0, len(batch), ROWS_PER_REQUEST):
            rows = batch.iloc[start : start + ROWS_PER_REQUEST].copy()
            text = io.StringIO()
            pd.DataFrame(rows["features"].tolist()).to_csv(text, header=False, index=False)
            answer = runtime.invoke_endpoint(
                EndpointName="stub", ContentType="text/csv", Accept="text/csv", Body=text.getvalue().encode()
            )
            rows["prediction"] = [float(number) for number in answer["Body"].read().split(b",")]
            yield rows
