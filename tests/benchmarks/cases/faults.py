"""transform() on a bad day: what errors of the server, throttling and lost connections cost."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks import data
from tests.benchmarks.bench import Bench, scan
from tests.benchmarks.predict import predicted
from tests.benchmarks.report import Line, slower
from tests.benchmarks.stub import FAULTY, Behaviour


def run(bench: Bench) -> Iterator[Line]:
    """Compare with a clean run of the same rows."""
    frame = predicted(
        bench, bench.spark.read.parquet(str(data.vectors(bench.inputs, "dense", bench.rows))), "recordio"
    )

    def clean() -> None:
        bench.stub.behave(Behaviour())
        scan(frame)()

    def faulty() -> None:
        bench.stub.behave(FAULTY)
        scan(frame)()

    times = bench.measured({"clean": clean, "faulty": faulty})
    counts = bench.stub.counts()
    faults = ", ".join(f"{number} {kind}" for kind, number in counts.faults.items())
    case = f"faults of 11 % of requests (last: {counts.requests} requests, {faults.replace('_', ' ')})"
    yield slower(case, times["faulty"], times["clean"], "clean run", "<= 1.5")
