"""Tasks that fail, die or repeat, and an S3 that refuses: the channel holds each row exactly once, or nothing."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from sagemaker_spark_py.errors import AccessError, DataError, StagingError
from sagemaker_spark_py.staging import plan, write
from sagemaker_spark_py.staging import task as tasks

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
    """Three rows in two partitions that need a multipart upload, 12 MB each."""
    row = F.transform(F.sequence(F.lit(1), F.lit(1_000_000)), lambda i: (i + F.col("id")).cast("float"))
    return spark.range(0, 6, 1, 2).select(F.col("id").alias("label"), row.alias("features"))


@pytest.mark.parametrize("deed", ["raise", "exit"])
def test_an_upload_that_breaks_off_appears_nowhere(spark, faulty, place, s3, keys, deed) -> None:
    frame = large(spark)

    staged = write(frame, place, faulty(event="after-call.s3.UploadPart", deed=deed), plan(frame.schema))

    assert [part.rows for part in staged.parts] == [3, 3]
    assert attempt_of(staged.parts[0]) > attempt_of(staged.parts[1])
    assert sorted(keys()) == sorted([*(part.key for part in staged.parts), staged.manifest])
    left = s3.list_multipart_uploads(Bucket=place.bucket).get("Uploads", ())
    assert len(left) == (deed == "exit")  # nobody was there to abort it
    staged.delete()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=place.bucket)
    assert keys() == []


def test_the_loser_of_two_attempts_is_not_read(spark, session, place, s3, keys, monkeypatch) -> None:
    """What a speculative or zombie attempt does: it writes the same partition at any time, and reports it."""
    frame = numbered(spark, 6, 2)
    staged = write(frame, place, session, plan(frame.schema))

    class Context:
        partitionId = staticmethod(lambda: 0)
        taskAttemptId = staticmethod(lambda: 999)

    monkeypatch.setattr(tasks, "TaskContext", type("Late", (), {"get": Context}))
    batch = pa.record_batch({"c0": [0.0, 1.0, 2.0], "c1": [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]})
    task = tasks.Task(session, staged.place, plan(frame.schema))
    (report,) = tasks.write_partition(task, iter([batch]))

    assert report["key"].to_pylist()[0].endswith("/part-00000-999.pbr")
    assert len(keys()) == 4
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
    frame = spark.range(0, 4, 1, 2).selectExpr("array(if(id = 1, null, id)) as features")

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
@pytest.mark.parametrize(
    ("label", "features", "problem"),
    [
        ("if(id = 5, null, id)", "array(id)", "Column 'label' is null: row 2 of the batch"),
        ("id", "if(id = 5, null, array(id))", "Column 'features' is null: row 2 of the batch"),
        ("id", "array(id, if(id = 5, null, id))", "Column 'features' holds a null: value 1 of row 2"),
        ("id", "if(id = 5, array(id), array(id, id))", "Column 'features' .* 1 values in row 2 .*expected 2"),
        ("id", "array(if(id = 5, 1e39D, id))", "Column 'features' does not fit into float32: 1e.39 in row 2"),
        ("if(id = 5, 1e39D, id)", "array(id)", "The label does not fit into float32: 1e.39 in row 2"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_left(
    spark, session, place, keys, label, features, problem
) -> None:
    frame = spark.range(0, 6, 1, 2).selectExpr(f"{label} as label", f"{features} as features")

    with pytest.raises(DataError, match=f"^Partition 1, batch from row 0 on: {problem}"):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []
