"""Rows staged for a transform job: objects, kept rows, faults."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from sagemaker_spark_py.errors import AccessError, DataError, StagingError
from sagemaker_spark_py.staging import transform_input as module
from sagemaker_spark_py.staging.transform_input import SENT, SendTask, input_place, rows_key, stage
from sagemaker_spark_py.transformation.serializers import UnlabeledCSVRequestRowSerializer

from .faults import Faulty
from .odd import OddOnly


@pytest.fixture
def task(session, place):
    return SendTask(session, place, OddOnly(), ("id",), (0,), keepColumns=True, maxBytes=1000)


def read(s3, place, key):
    return s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()


def sent(s3, staged):
    """Return the body of each object that the manifest names."""
    bucket, _, key = staged.manifest.removeprefix("s3://").partition("/")
    head, *names = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert head["prefix"] == f"{input_place(staged.place).uri}/"
    return [read(s3, staged.place, input_place(staged.place).key(name)) for name in names]


def kept(s3, staged):
    """Return the kept rows of all parts."""
    bodies = [read(s3, staged.place, rows_key(staged.place, part.name)) for part in staged.parts]
    tables = [pa.ipc.open_stream(io.BytesIO(body)).read_all() for body in bodies]
    return [row for table in tables for row in table.to_pylist()]


def frame(spark, rows=10, partitions=2):
    return spark.range(0, rows, 1, partitions).withColumn("text", F.concat(F.lit("t"), "id"))


def test_payloads_and_rows_lie_side_by_side(spark, s3, task):
    staged = stage(frame(spark), replace(task, maxRows=2))
    assert sent(s3, staged) == [b"1\n3\n", b"5\n7\n", b"9\n"]
    assert [(p.partition, p.first_row, p.rows, p.sent) for p in staged.parts] == [
        (0, 0, 5, 2),
        (1, 0, 4, 2),
        (1, 4, 1, 1),
    ]
    assert [(r["c0"], r["c1"], r[SENT]) for r in kept(s3, staged)] == [
        (n, f"t{n}", n % 2 == 1) for n in range(10)
    ]


def test_only_the_places_of_rows_are_kept(spark, s3, task):
    staged = stage(frame(spark, 4, 1).select("id"), replace(task, keepColumns=False))
    assert kept(s3, staged) == [{SENT: False}, {SENT: True}, {SENT: False}, {SENT: True}]


def test_rows_that_are_not_sent_have_no_object(spark, s3, task, keys):
    staged = stage(frame(spark).filter("id % 2 = 0"), task)
    assert staged.manifest is None
    assert [part.sent for part in staged.parts] == [0, 0]
    assert len(keys()) == 2
    assert [row["c0"] for row in kept(s3, staged)] == [0, 2, 4, 6, 8]


def test_no_rows(spark, task, keys):
    staged = stage(frame(spark).filter("id < 0"), task)
    assert (staged.parts, staged.manifest, keys()) == ((), None, [])


def test_objects_stay_below_their_limits(spark, s3, task, monkeypatch):
    staged = stage(frame(spark, 400, 1), replace(task, maxBytes=100))
    bodies = sent(s3, staged)
    assert all(80 < len(body) <= 100 for body in bodies[:-1])
    assert b"".join(bodies) == b"".join(b"%d\n" % n for n in range(1, 400, 2))
    with pytest.raises(DataError, match=r"Partition 0: Row 1 .*too large"):
        stage(frame(spark, 2, 1), replace(task, maxBytes=1))


def test_wide_rows_are_kept_in_small_pieces():
    wide = pa.RecordBatch.from_arrays([pa.array(["x" * 1_000_000] * 100)], names=["c0"])
    groups = list(module._groups([wide, wide]))
    assert sum(piece.num_rows for group in groups for piece in group) == 200
    assert max(sum(piece.nbytes for piece in group) for group in groups) <= module._GROUP_BYTES


@pytest.fixture
def faulty(server):
    return lambda **fault: Faulty("us-east-1", None, (("s3", server),), **fault)


@pytest.mark.parametrize("deed", ["raise", "exit"])
def test_a_worker_that_ends_in_the_middle_leaves_orphans_that_nobody_reads(
    spark, s3, task, faulty, keys, deed
):
    """The worker fails or dies after its first upload; the second attempt writes all anew."""
    staged = stage(frame(spark, 9, 3), replace(task, session=faulty(deed=deed, partition=1)))
    assert sent(s3, staged) == [b"1\n", b"3\n5\n", b"7\n"]
    assert [row["c0"] for row in kept(s3, staged)] == list(range(9))
    named = {rows_key(staged.place, part.name) for part in staged.parts}
    orphans = [key for key in keys() if "/rows/" in key and key not in named]
    assert len(orphans) == 1


def test_s3_refuses(spark, task, faulty, keys, monkeypatch):
    monkeypatch.setattr(sys.modules["sagemaker_spark_py.staging.write"], "KILL_SECONDS", 0)
    refusing = faulty(event="before-send.s3.PutObject", deed="403", partition=-1, attempts=9)
    with pytest.raises(AccessError, match=r"Partition \d: S3 object .*AccessDenied") as caught:
        stage(frame(spark), replace(task, session=refusing))
    assert caught.value.status == 403
    assert keys() == []


def test_a_partition_comes_from_one_attempt(place):
    class Report:
        def __init__(self, attempt, number):
            self.partition, self.attempt, self.number, self.rows, self.sent = 0, attempt, number, 1, 1

    with pytest.raises(StagingError, match="reported twice"):
        list(module._parts([Report(1, 0), Report(2, 0)], place))


def test_a_null_is_named(spark, task, keys):
    csv = replace(task, serializer=UnlabeledCSVRequestRowSerializer(featuresColumnName="f"), inputs=("f",))
    rows = frame(spark, 6, 1).select(F.expr("if(id = 4, null, array(double(id)))").alias("f"))
    with pytest.raises(DataError, match=r"Partition 0: batch of rows 0 to 5: .*'f'.*null.* 4"):
        stage(rows, csv)
    assert keys() == []
