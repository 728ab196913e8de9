"""Vectors to recordIO: to local files and to S3 on localhost, in each lane that there is."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import boto3
import pyarrow as pa
from pyspark import StorageLevel, TaskContext
from pyspark.sql import DataFrame

from sagemaker_spark_py import jvm
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.staging import Plan, plan, write
from sagemaker_spark_py.staging.plan import project
from sagemaker_spark_py.staging.rows import sliced
from tests.benchmarks import data
from tests.benchmarks.bench import BUCKET, Bench, scan
from tests.benchmarks.report import Line, faster, slower
from tests.benchmarks.timing import Cost, Run, timed

PYTHON, JAVA = "python", "java"
_PEER = "1.4.5"
_TRANSPORT = "rows to Python and nothing else"


def run(bench: Bench) -> Iterator[Line]:
    """Compare each lane with a scan of the same rows and with the peer's writer."""
    for kind in ("dense", "sparse"):
        path = data.vectors(bench.inputs, kind, bench.rows)
        frame = bench.spark.read.parquet(str(path))
        yield from _to_files(bench, f"{kind} Parquet to file:", frame, path)
        cached = frame.persist(StorageLevel.MEMORY_ONLY)
        cached.count()
        if bench.spark_peer is not None:
            bench.spark_peer.do("cache", path=str(path))
        yield from _to_files(bench, f"{kind} cached to file:", cached, path)
        yield from _to_s3(bench, f"{kind} cached to S3", cached, path)
        cached.unpersist(blocking=True)
        if bench.spark_peer is not None:
            bench.spark_peer.do("uncache", path=str(path))


def lanes(bench: Bench) -> list[str]:
    """Return the lanes that this session has."""
    # The setting alone must choose: `auto` prefers Java where it can be used.
    return [PYTHON, JAVA] if jvm.accelerate(bench.spark) == JAVA else [PYTHON]


def _to_files(bench: Bench, case: str, frame: DataFrame, path: Path) -> Iterator[Line]:
    target = bench.folder / "output"
    reads: dict[str, Run] = {"scan": scan(frame), _TRANSPORT: lambda: _to_python_only(frame)}
    writes: dict[str, Run] = {PYTHON: lambda: _with_python(frame, target)}
    if JAVA in lanes(bench):
        writes[JAVA] = lambda: _with_java(frame, target)
    _in_no_folder(target, writes[PYTHON])
    sizes = [file.stat().st_size for file in target.iterdir()]
    writes["same bytes"] = lambda: _write_bytes(sizes, target)
    if (peer := bench.spark_peer) is not None:
        reads[f"{_PEER} scan"] = partial(peer.do, "scan", path=str(path))
        writes[_PEER] = partial(peer.do, "write", path=str(path), target=str(target))
    times = bench.measured(
        reads | {name: partial(_in_no_folder, target, run) for name, run in writes.items()}
    )
    shutil.rmtree(target)
    yield from _compared(case, times)


def _in_no_folder(target: Path, run: Run) -> Cost:
    """Remove what another run has written, which is not to be paid for, and then run."""
    shutil.rmtree(target, ignore_errors=True)
    return timed(run)


def _compared(case: str, times: dict[str, Cost]) -> Iterator[Line]:
    scan_and_write = times["scan"] + times["same bytes"]
    yield slower(f"{case}, {PYTHON}", times[PYTHON], times[_TRANSPORT], _TRANSPORT)
    for lane in (PYTHON, JAVA):
        if lane not in times:
            continue
        ours, is_java = times[lane], lane == JAVA
        goal = "<= 1.25" if is_java else ""
        yield slower(f"{case}, {lane}", ours, scan_and_write, "scan and the same bytes", goal)
        if _PEER not in times:
            continue
        peer, peer_scan = times[_PEER], times[f"{_PEER} scan"]
        yield faster(f"{case}, {lane}, whole step", ours, peer, _PEER, "" if is_java else ">= 1")
        net = (ours - times["scan"], peer - peer_scan)
        goal = ">= 5" if is_java and "cached" in case else ""
        yield faster(f"{case}, {lane}, scan subtracted", *net, _PEER, goal)


def _to_s3(bench: Bench, case: str, frame: DataFrame, path: Path) -> Iterator[Line]:
    session = bench.session(s3=bench.s3_url)
    settled = plan(frame.schema)

    def staged(lane: str) -> None:
        bench.spark.conf.set("sagemaker_spark_py.lane", lane)
        write(frame, Place(BUCKET, "ours"), session, settled)

    runs: dict[str, Run] = {lane: partial(staged, lane) for lane in lanes(bench)}
    staged(PYTHON)
    sizes = _object_sizes(bench)
    runs["boto3 alone"] = partial(_upload_bytes, bench, sizes)
    if (peer := bench.spark_peer) is not None:
        arguments = {"path": str(path), "target": f"s3a://{BUCKET}/peer", "s3_url": bench.s3_url}
        runs[_PEER] = partial(peer.do, "write", **arguments)
    times = bench.measured({name: partial(_then_empty, bench, run) for name, run in runs.items()})
    bench.spark.conf.unset("sagemaker_spark_py.lane")
    for lane in lanes(bench):
        yield slower(f"{case}, {lane}", times[lane], times["boto3 alone"], "boto3 alone")
        if _PEER in times:
            yield faster(f"{case}, {lane}", times[lane], times[_PEER], _PEER, ">= 2")


def _then_empty(bench: Bench, run: Run) -> Cost:
    cost = timed(run)
    bench.empty_bucket()
    return cost


def _object_sizes(bench: Bench) -> list[int]:
    listed = boto3.client("s3", endpoint_url=bench.s3_url, region_name="us-east-1").list_objects_v2(
        Bucket=BUCKET
    )
    return [entry["Size"] for entry in listed["Contents"] if entry["Key"].endswith(".pbr")]


def _upload_bytes(bench: Bench, sizes: list[int]) -> None:
    s3 = boto3.client("s3", endpoint_url=bench.s3_url, region_name="us-east-1")

    def put(number: int) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"bytes/{number}", Body=bytes(sizes[number]))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, range(len(sizes))))


def _with_python(frame: DataFrame, target: Path) -> None:
    """Encode as staging does, but to files: what the lane costs without S3."""
    target.mkdir(parents=True)
    settled = plan(frame.schema)
    assert isinstance(settled, Plan)
    chosen = project(frame, settled.columns.names)
    chosen.mapInArrow(partial(_write_partition, settled, str(target)), "partition int").collect()


def _to_python_only(frame: DataFrame) -> None:
    frame.mapInArrow(_read_and_drop, "partition int").collect()


def _read_and_drop(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from (batch.slice(0, 0) for batch in batches if not batch.num_columns)


def _write_partition(
    settled: Plan, target: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    columns = settled.columns
    rows = (
        columns.read(some.batch, settled.dim) for some in sliced(batches, columns, settled.format.expands)
    )
    number = TaskContext.get().partitionId()
    with (Path(target) / f"part-{number:05d}.pbr").open("wb") as file:
        for buffer in settled.format.buffers(rows, columns):
            file.write(buffer)
    yield pa.RecordBatch.from_pydict({"partition": pa.array([number], pa.int32())})


def _with_java(frame: DataFrame, target: Path) -> None:
    frame.write.format("sagemaker").option("labelColumnName", "label").save(str(target))


def _write_bytes(sizes: list[int], target: Path) -> None:
    """Write files of the same sizes, two at a time as the tasks do."""
    target.mkdir(parents=True)
    block = bytes(1 << 20)

    def write_one(number: int) -> None:
        with (target / str(number)).open("wb") as file:
            for at in range(0, sizes[number], len(block)):
                file.write(block[: sizes[number] - at])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_one, range(len(sizes))))
