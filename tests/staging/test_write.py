from __future__ import annotations

import gzip
import sys

import pytest
from pyspark.sql import functions as F

from sagemaker_spark_py.errors import DataError, SettingError, StagingError
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.staging import FORMATS, plan, write

from .reading import GOLDEN, golden, numbered, read_channel, records

module = sys.modules[write.__module__]


@pytest.mark.smoke
def test_every_row_is_in_one_object_that_the_manifest_names(spark, session, place, s3, keys) -> None:
    frame = numbered(spark, 10, 3)

    staged = write(frame, place, session, plan(frame.schema))

    assert read_channel(s3, staged) == [records(0, 3), records(3, 6), records(6, 10)]
    assert staged.uri == f"s3://{place.bucket}/{staged.manifest}"
    assert (staged.s3DataType, staged.rows, staged.dim) == ("ManifestFile", 10, 2)
    assert staged.bytes == len(records(0, 10))
    assert sorted(keys()) == sorted([*(part.key for part in staged.parts), staged.manifest])
    staged.delete()
    assert keys() == []


@pytest.mark.smoke
@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.pbr")))
def test_the_bytes_are_those_of_aws(spark, session, place, s3, name, monkeypatch) -> None:
    frame = golden(spark, name)

    if name == "dense_special":  # there AWS's writer makes an infinity of 1e39
        monkeypatch.setattr(module, "KILL_SECONDS", 0)
        with pytest.raises(
            DataError, match=r"row 0( on)?: Column .* holds a number too large for float32: 1(\.0E|e\+)39"
        ):
            write(frame, place, session, plan(frame.schema))
        return
    staged = write(frame, place, session, plan(frame.schema))
    assert b"".join(read_channel(s3, staged)) == (GOLDEN / f"{name}.pbr").read_bytes()


def test_without_manifest_the_prefix_holds_the_data_alone(spark, session, place, s3, keys) -> None:
    frame = numbered(spark, 10, 2)

    staged = write(frame, place, session, plan(frame.schema), manifest=False)

    assert (staged.uri, staged.s3DataType) == (f"s3://{place.bucket}/{staged.place.prefix}/", "S3Prefix")
    assert read_channel(s3, staged) == [records(0, 5), records(5, 10)]
    assert len(keys()) == 2


@pytest.mark.smoke
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_keeps_the_rows_and_their_order(spark, session, place, s3, name) -> None:
    frame = numbered(spark, 40, 2)
    chosen = plan(frame.schema, name)

    staged = write(frame, place, session, chosen)

    bodies = read_channel(s3, staged)
    assert [part.rows for part in staged.parts] == [20, 20]
    assert all(part.key.endswith(chosen.extension) for part in staged.parts)
    if name == "csv":
        assert b"".join(bodies) == b"".join(b"%d,%d,%d\n" % (i, i, 2 * i) for i in range(40))


def test_objects_are_named_by_partition_and_attempt(spark, session, place) -> None:
    frame = numbered(spark, 2, 2)

    first, second = (write(frame, place, session, plan(frame.schema)) for _ in range(2))

    assert first.place != second.place
    for staged in (first, second):
        names = [part.key.removeprefix(staged.place.prefix) for part in staged.parts]
        assert [name[:12] for name in names] == ["/part-00000-", "/part-00001-"]
    assert first.place.prefix.startswith("some/job/")


def test_a_place_without_prefix_will_do(spark, session, place, s3, keys) -> None:
    frame = numbered(spark, 3, 1)

    staged = write(frame, Place(place.bucket, ""), session, plan(frame.schema))

    assert read_channel(s3, staged) == [records(0, 3)]
    staged.delete()
    assert keys() == []


def test_empty_partitions_write_nothing(spark, session, place, s3) -> None:
    frame = numbered(spark, 12, 4).where("label >= 3 and label < 6")

    staged = write(frame, place, session, plan(frame.schema))

    assert read_channel(s3, staged) == [records(3, 6)]


def test_no_rows_at_all_is_an_error_and_leaves_nothing(spark, session, place, keys) -> None:
    frame = numbered(spark, 4, 2).where("label < 0")

    with pytest.raises(DataError, match="has no rows; expected some to train on"):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []


def test_only_the_columns_of_the_plan_are_computed(spark, session, place) -> None:
    explosive = F.raise_error(F.lit("this column must not be read"))
    frame = numbered(spark, 4, 1).withColumn("name", explosive)

    assert write(frame, place, session, plan(frame.schema)).rows == 4


def test_names_with_dots_and_quotes_are_names(spark, session, place, s3) -> None:
    frame = numbered(spark, 4, 1).toDF("a.label", "the `features`", "name")
    options = {"labelColumnName": "a.label", "featuresColumnName": "the `features`"}

    staged = write(frame, place, session, plan(frame.schema, options=options))

    assert read_channel(s3, staged) == [records(0, 4)]


def test_numeric_columns_in_their_order(spark, session, place, s3) -> None:
    frame = spark.range(0, 3, 1, 1).selectExpr("id as b", "id % 2 = 0 as label", "cast(id as decimal(5,1)) a")

    staged = write(frame, place, session, plan(frame.schema, "csv", columns=["a", "b", "label"]))

    assert read_channel(s3, staged) == [b"1,0,0\n0,1,1\n1,2,2\n"]


def test_gzip_really_compresses(spark, session, place, s3) -> None:
    frame = numbered(spark, 100, 1)

    staged = write(frame, place, session, plan(frame.schema, compression="Gzip"))

    (body,) = read_channel(s3, staged)
    assert gzip.decompress(body) == records(0, 100)
    assert staged.parts[0].key.endswith(".pbr.gz")
    assert staged.bytes == len(body)


@pytest.mark.parametrize(
    ("rows", "partitions", "instances", "objects"),
    [
        (10, 2, 2, 2),  # as it is
        (10, 1, 2, 2),  # fewer than instances
        (20, 3, 2, 6),  # one instance would get twice as much
        (23, 11, 2, 11),  # a tenth more is tolerated
        (3, 2, 3, 3),  # as few rows as instances
        (100, 2, 1, 2),
    ],
)
def test_instances_get_a_fair_share(spark, session, place, s3, keys, rows, partitions, instances, objects):
    frame = numbered(spark, rows, partitions)

    staged = write(frame, place, session, plan(frame.schema), instances=instances)

    bodies = read_channel(s3, staged)
    assert b"".join(bodies) == records(0, rows)
    assert len(bodies) == objects
    assert len(keys()) == objects + 1
    sizes = [part.rows for part in staged.parts]
    assert min(sizes) > 0
    assert sum(sizes) == rows


def test_fewer_rows_than_instances_is_an_error(spark, session, place, keys) -> None:
    frame = numbered(spark, 3, 2)

    with pytest.raises(DataError, match="has too few rows: 3; expected at least 4"):
        write(frame, place, session, plan(frame.schema), instances=4)

    assert keys() == []


@pytest.mark.parametrize(("rows", "partitions", "shards"), [(100, 2, 5), (100, 8, 3), (6, 6, 6), (7, 7, 5)])
def test_shards_are_as_many_as_asked_for(spark, session, place, s3, rows, partitions, shards) -> None:
    frame = numbered(spark, rows, partitions)

    staged = write(frame, place, session, plan(frame.schema, "csv"), instances=2, shards=shards)

    lines = b"".join(read_channel(s3, staged)).splitlines()
    assert sorted(lines) == sorted(b"%d,%d,%d" % (i, i, 2 * i) for i in range(rows))
    assert len(staged.parts) == shards
    assert min(part.rows for part in staged.parts) > 0


def test_fewer_shards_than_instances_are_refused(spark, session, place) -> None:
    frame = numbered(spark, 4, 2)

    with pytest.raises(SettingError, match="Shards are too few: 2; expected one for each of 3"):
        write(frame, place, session, plan(frame.schema), instances=3, shards=2)


def test_data_that_changes_between_two_readings_is_an_error(spark, session, place, keys, monkeypatch) -> None:
    frame = numbered(spark, 10, 1)
    monkeypatch.setattr(
        module, "shares_for", lambda rows, instances: ()
    )  # as if partitions had other numbers
    monkeypatch.setattr(module, "KILL_SECONDS", 0)

    with pytest.raises(StagingError, match="changed between two readings: 1 objects; expected at least 2"):
        write(frame, place, session, plan(frame.schema), instances=2)

    assert keys() == []


def test_the_manifest_belongs_to_what_is_undone(spark, session, place, keys, monkeypatch) -> None:
    frame = numbered(spark, 10, 2)

    def fails_late(*arguments) -> None:
        original(*arguments)
        raise KeyboardInterrupt

    original = module.write_manifest
    monkeypatch.setattr(module, "write_manifest", fails_late)
    monkeypatch.setattr(module, "KILL_SECONDS", 0)

    with pytest.raises(KeyboardInterrupt):
        write(frame, place, session, plan(frame.schema))

    assert keys() == []
