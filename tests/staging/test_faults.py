"""Tasks that fail, die or repeat, and an S3 that refuses: each row is there exactly once, or nothing is."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from sagemaker_spark_py.errors import AccessError, DataError, StagingError
from sagemaker_spark_py.staging import plan, write
from sagemaker_spark_py.staging.task import Task

from .faults import Faulty
from .reading import numbered, read_channel, records

module = sys.modules[write.__module__]


@pytest.fixture
def faulty(server: str):
    return lambda **fault: Faulty("us-east-1", None, (("s3", server),), **fault)


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KILL_SECONDS", 0)


@pytest.mark.smoke
@pytest.mark.parametrize("deed", ["raise", "exit"])
def test_a_task_that_ends_after_its_upload_leaves_an_orphan(
    spark, faulty, session, place, s3, keys, deed
) -> None:
    frame = numbered(spark, 9, 3)

    staged = write(frame, place, faulty(deed=deed, partition=1), plan(frame.schema))

    assert read_channel(s3, staged) == [records(0, 3), records(3, 6), records(6, 9)]
    orphans = set(keys()) - {part.key for part in staged.parts} - {staged.manifest}
    assert len(orphans) == 1
    assert "/part-00001-" in orphans.pop()
    staged.delete()
    assert keys() == []


def test_without_manifest_orphans_go_before_anybody_reads(spark, faulty, place, s3, keys) -> None:
    frame = numbered(spark, 9, 3)

    staged = write(frame, place, faulty(partition=1), plan(frame.schema), manifest=False)

    assert read_channel(s3, staged) == [records(0, 3), records(3, 6), records(6, 9)]
    assert len(keys()) == 3


def attempt_of(part) -> int:
    return int(part.key.removesuffix(".pbr").rsplit("-", 1)[1])


def large(spark):
    """Seven rows in each of two partitions, 28 MB: so many that they need a multipart upload."""
    row = F.transform(F.sequence(F.lit(1), F.lit(1_000_000)), lambda i: (i + F.col("id")).cast("float"))
    return spark.range(0, 14, 1, 2).select(F.col("id").alias("label"), row.alias("features"))


@pytest.mark.parametrize("deed", ["raise", "exit"])
def test_an_upload_that_breaks_off_appears_nowhere(spark, faulty, place, s3, keys, deed) -> None:
    frame = large(spark)

    staged = write(frame, place, faulty(event="after-call.s3.UploadPart", deed=deed), plan(frame.schema))

    assert [part.rows for part in staged.parts] == [7, 7]
    assert attempt_of(staged.parts[0]) > attempt_of(staged.parts[1])
    assert sorted(keys()) == sorted([*(part.key for part in staged.parts), staged.manifest])
    left = s3.list_multipart_uploads(Bucket=place.bucket).get("Uploads", ())
    assert len(left) == (deed == "exit")  # nobody was there to abort it
    staged.delete()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=place.bucket)
    assert keys() == []


def test_the_loser_of_two_attempts_is_not_read(spark, session, place, s3, keys, write_here) -> None:
    """What a speculative or zombie attempt does: it writes the same partition at any time, and reports it."""
    frame = numbered(spark, 6, 2)
    chosen = plan(frame.schema)
    staged = write(frame, place, session, chosen)

    batch = pa.record_batch({"c0": [0.0, 1.0, 2.0], "c1": [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]})
    (report,) = write_here(Task(session, staged.place, chosen), [batch], partition=0, attempt=999)

    assert report["key"].endswith("/part-00000-999.pbr")
    assert report["key"] in keys()
    assert b"".join(read_channel(s3, staged)) == records(0, 6)
    staged.delete()
    assert keys() == []


@pytest.mark.usefixtures("_no_pause")
def test_two_attempts_in_one_answer_are_an_error(spark, session, place, keys, monkeypatch) -> None:
    """Spark promises one attempt per partition; training on rows twice would be silent."""
    frame = numbered(spark, 6, 2)
    collect = type(frame).collect

    def twice(self):
        reports = collect(self)
        return reports + [Row(**{**reports[0].asDict(), "attempt": 999})]

    monkeypatch.setattr(type(frame), "collect", twice)
    with pytest.raises(StagingError, match="reported twice; expected one attempt per partition"):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []


def test_what_a_late_task_writes_is_removed_too(spark, session, place, s3, keys, monkeypatch) -> None:
    # The other partition is empty: what it writes could come even later.
    frame = spark.range(0, 4, 1, 2).where("id < 2").selectExpr("array(if(id = 1, null, id)) as features")

    def late(seconds: float) -> None:
        assert seconds > 2
        s3.put_object(Bucket=place.bucket, Key=f"{prefixes[0]}/part-00001-7.pbr", Body=b"x")

    prefixes: list[str] = []
    original = module.clear
    monkeypatch.setattr(module, "clear", lambda s, at: [prefixes.append(at.prefix), original(s, at)])
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=late))

    with pytest.raises(DataError, match="holds a null"):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []


@pytest.mark.usefixtures("_no_pause")
def test_a_refusal_of_s3_reaches_the_driver_as_it_is(spark, faulty, place, keys) -> None:
    frame = numbered(spark, 6, 2)
    refused = faulty(event="before-send.s3.PutObject", deed="403", partition=-1, attempts=4)

    with pytest.raises(AccessError, match=r"^Partition \d: S3 object 's3://.*AccessDenied") as caught:
        write(frame, place, refused, plan(frame.schema))

    assert (caught.value.code, caught.value.status, caught.value.requestId) == ("AccessDenied", 403, "R1")
    assert "request 'R1'" not in str(caught.value)
    assert keys() == []


def test_a_passing_failure_of_s3_is_tried_again(spark, faulty, place, s3) -> None:
    frame = numbered(spark, 6, 2)

    staged = write(
        frame, place, faulty(event="before-send.s3.PutObject", deed="500", times=1), plan(frame.schema)
    )

    assert read_channel(s3, staged) == [records(0, 3), records(3, 6)]
    assert len({part.key for part in staged.parts}) == 2


@pytest.mark.usefixtures("_no_pause")
def test_a_bad_row_is_named_and_nothing_is_left(spark, session, place, keys) -> None:
    rows = spark.range(0, 6, 1, 2).where("id > 2")  # None in the other partition, which may be slower.
    frame = rows.selectExpr("if(id = 5, null, id) as label", "array(id) as features")

    either = r"batch from row 0 on: Column 'label' is null: row 2|row 2: Column 'label' is null"
    with pytest.raises(DataError, match=f"^Partition 1, ({either})"):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []


@pytest.mark.usefixtures("_no_pause")
def test_sizes_that_differ_between_partitions_are_an_error(spark, session, place, keys) -> None:
    frame = spark.range(0, 6, 1, 2).selectExpr("if(id < 3, array(id), array(id, id)) as features")

    with pytest.raises(
        DataError, match="differ in size: 2 values in partition 1; expected 1 as in partition 0"
    ):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []


@pytest.mark.usefixtures("_no_pause")
def test_what_cannot_be_removed_is_named(spark, session, place, keys, monkeypatch) -> None:
    frame = spark.range(0, 6, 1, 2).selectExpr("array(if(id = 5, null, id)) as features")

    def refuses(*_) -> None:
        raise AccessError("S3 says no.")

    monkeypatch.setattr(module, "clear", refuses)
    with pytest.raises(
        DataError, match=r"holds a null.* not removed: S3 says no. Delete what begins with s3://"
    ):
        write(frame, place, session, plan(frame.schema))
