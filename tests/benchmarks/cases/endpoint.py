"""transform() through an endpoint of each latency beside the peer's, scans subtracted on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame

from tests.benchmarks import data
from tests.benchmarks.bench import Bench, scan
from tests.benchmarks.predict import predicted
from tests.benchmarks.report import Line, faster
from tests.benchmarks.stub import Behaviour
from tests.benchmarks.timing import Run

LATENCIES_MS = {"recordio": (0, 20, 100, 1000), "text": (0, 100)}
_GOALS = {
    ("recordio", 0): (">= 1.2", ""),
    ("recordio", 20): (">= 1.8", ""),
    ("recordio", 100): (">= 3", ">= 4"),
    ("recordio", 1000): (">= 3.5", ">= 10"),
    ("text", 0): (">= 3", ""),
    ("text", 100): (">= 5", ""),
}
_PEER = "1.4.5"
_DEFAULT, _MANY = "default settings", "maxInFlight=16"


def run(bench: Bench) -> Iterator[Line]:
    """Predict for dense rows with both families of formats."""
    path = data.vectors(bench.inputs, "dense", bench.rows)
    frame = bench.spark.read.parquet(str(path))
    if bench.spark_peer is not None:
        bench.spark_peer.do("use_endpoint", url=bench.stub.url)
    for format, latencies_ms in LATENCIES_MS.items():
        for latency_ms in latencies_ms:
            yield from _at(bench, frame, path, format, latency_ms)


def _at(bench: Bench, frame: DataFrame, path: Path, format: str, latency_ms: int) -> Iterator[Line]:
    bench.stub.behave(Behaviour(latency_seconds=latency_ms / 1000))
    runs: dict[str, Run] = {
        "scan": scan(frame),
        _DEFAULT: scan(predicted(bench, frame, format)),
        _MANY: scan(predicted(bench, frame, format, maxInFlight=16)),
    }
    if (peer := bench.spark_peer) is not None:
        runs[f"{_PEER} scan"] = partial(peer.do, "scan", path=str(path))
        runs[_PEER] = partial(peer.do, "transform", path=str(path), format=format)
    times = bench.measured(runs)
    for settings, goal in zip((_DEFAULT, _MANY), _GOALS[format, latency_ms], strict=True):
        case = f"{format} at {latency_ms} ms, {settings}"
        if _PEER not in times:
            yield Line(case, f"{times[settings]}, of which scan {times['scan']}")
            continue
        net = (times[settings] - times["scan"], times[_PEER] - times[f"{_PEER} scan"])
        yield faster(f"{case}, scan subtracted", *net, _PEER, goal)
        yield faster(f"{case}, whole", times[settings], times[_PEER], _PEER)
