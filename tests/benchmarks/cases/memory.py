"""What a Python worker and the JVM need for one large partition, beyond what they need for a small one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

from pyspark.sql import DataFrame

from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.staging import plan, write
from tests.benchmarks import data
from tests.benchmarks.bench import BUCKET, Bench, scan
from tests.benchmarks.cases.staging import lanes
from tests.benchmarks.predict import predicted
from tests.benchmarks.report import Line
from tests.benchmarks.stub import Behaviour
from tests.benchmarks.watch import peaks_mib

FILE_ROWS = 20_000
_LIMIT_MIB = 64


def run(bench: Bench) -> Iterator[Line]:
    """Measure staging, and prediction, of one partition in each lane."""
    row_bytes = 8 * data.DIM
    size = f"one partition of {bench.large_rows * row_bytes / 2**30:.1f} GiB"
    bench.stub.behave(Behaviour())
    for lane in lanes(bench):
        bench.spark.conf.set("sagemaker_spark_py.lane", lane)
        yield _measured(bench, f"memory of staging {size}, {lane}", lambda frame: _stage(bench, frame))
        case = f"memory of transform(), {size}, {lane}"
        yield _measured(bench, case, lambda frame: scan(predicted(bench, frame, "recordio"))())
    bench.spark.conf.unset("sagemaker_spark_py.lane")


def _measured(bench: Bench, case: str, work: Callable[[DataFrame], None]) -> Line:
    file = _file(bench)
    work(file.limit(FILE_ROWS // 10))
    large = reduce(DataFrame.union, [file] * (bench.large_rows // file.count())).coalesce(1)
    jvm: int = bench.spark.sparkContext._gateway.proc.pid
    worker_mib, jvm_mib = peaks_mib(jvm, lambda: work(large))
    bench.empty_bucket()
    goal = f"<= {_LIMIT_MIB} MiB" if "staging" in case else ""
    return Line(case, f"worker +{worker_mib:.0f} MiB, JVM +{jvm_mib:.0f} MiB", goal=goal)


def _file(bench: Bench) -> DataFrame:
    rows = min(FILE_ROWS, bench.large_rows)
    return bench.spark.read.parquet(str(data.vectors(bench.inputs, "dense", rows, partitions=1)))


def _stage(bench: Bench, frame: DataFrame) -> None:
    write(frame, Place(BUCKET, "ours"), bench.session(s3=bench.s3_url), plan(frame.schema))
