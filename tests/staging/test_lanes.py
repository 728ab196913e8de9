"""Both lanes write the same objects, or refuse the same rows."""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.jvm import accelerate, call, classpath_jars, in_chunks
from sagemaker_spark_py.staging import Plan, fillers, lanes, plan, write
from tests.lanes import frame, lane, tables

from .reading import numbered, read_channel

needs_jar = pytest.mark.skipif(not classpath_jars(), reason="the package was built without Maven")
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("sagemaker", {}),
    ("csv", {}),
    ("libsvm", {}),
    ("libsvm", {"indexBase": 0}),
]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["sagemaker_spark_py.staging.write"], "KILL_SECONDS", 0)


@pytest.fixture
def chunks(monkeypatch) -> list[DataFrame]:
    """What was packed into chunks by Java."""
    seen: list[DataFrame] = []
    monkeypatch.setattr(lanes, "in_chunks", lambda *a: seen.append(a[0]) or in_chunks(*a))
    return seen


def staged(s3, session, place, rows: DataFrame, chosen: Plan, name: str, **settings: Any) -> Any:
    """Return all that a lane makes of rows; nothing where it refuses some."""
    with lane(rows.sparkSession, name):
        try:
            done = write(rows, place, session, chosen, **settings)
        except DataError:
            return None  # which of several bad rows is named is chance: tasks run beside each other
    found = read_channel(s3, done)
    done.delete()
    return found, done.rows, done.dim, [part.checksum for part in done.parts]


@needs_jar
@settings(
    deadline=None,
    max_examples=4,
    phases=[Phase.generate],  # to shrink takes too long
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=tables(), way=st.sampled_from(WAYS), gzip=st.sampled_from([None, "Gzip"]))
def test_both_lanes_write_the_same(spark, s3, session, place, table, way, gzip) -> None:
    schema, rows, features = table
    if isinstance(features, list) and way[0] != "csv":
        way = ("csv", {})  # the others take no numeric columns unless told to
    if schema.fields[-1].dataType.typeName() == "matrixudt":
        way = ("sagemaker", {})
    chosen = plan(schema, way[0], {**way[1], "featuresColumnName": features}, compression=gzip)
    data = frame(spark, schema, rows)

    python = staged(s3, session, place, data, chosen, "python")

    assert staged(s3, session, place, data, chosen, "java") == python


@needs_jar
@pytest.mark.smoke
@pytest.mark.parametrize("settings", [{"instances": 3}, {"shards": 3}])
def test_objects_are_cut_at_the_same_rows(spark, s3, session, place, chunks, settings) -> None:
    data = numbered(spark, 50, 2)
    chosen = plan(data.schema)

    java = staged(s3, session, place, data, chosen, "java", **settings)

    assert chunks
    del chunks[:]
    assert staged(s3, session, place, data, chosen, "python", **settings) == java
    assert not chunks


@needs_jar
def test_what_java_does_not_know_goes_through_python(spark, s3, session, place, chunks) -> None:
    data = numbered(spark, 5, 2)
    staged(s3, session, place, data, plan(data.schema, "parquet"), "java")
    assert not chunks


@needs_jar
@pytest.mark.parametrize(
    ("label", "features", "named"),
    [
        ("id", "if(id = 7, null, array(1D))", "row 2: Column 'features' is null"),
        ("id", "array(1D, if(id = 7, null, 0D))", "row 2: Column 'features' holds a null: value 1"),
        ("id", "if(id = 7, array(1D), array(1D, 2D))", "row 2: Column 'features' holds rows of the wrong"),
        ("id", "array(1D, if(id = 7, 1e39, 0D))", "row 2: Column 'features' holds a number too large"),
        ("if(id = 7, 1e39, 0D)", "array(1D)", "row 2: The label holds a number too large for float32"),
    ],
)
@pytest.mark.usefixtures("chunks")
def test_messages_name_partition_row_and_column(
    spark, s3, session, place, keys, label, features, named
) -> None:
    rows = spark.range(0, 10, 1, 2).where("id > 4")  # None in the other partition, which may be slower.
    data = rows.selectExpr(f"{label} AS label", f"{features} AS features")
    with pytest.raises(DataError, match=f"^Partition 1, {named}"), lane(spark, "java"):
        write(data, place, session, plan(data.schema))
    assert keys() == []


@needs_jar
def test_messages_of_several_columns_name_the_one(spark, session, place) -> None:
    data = spark.range(0, 10, 1, 2).selectExpr("id AS label", "id AS a", "if(id = 7, null, id) AS `b.c`")
    with pytest.raises(DataError, match=r"^Partition 1, row 2: .* field 'b\.c'"), lane(spark, "java"):
        write(data, place, session, plan(data.schema, "csv"))


@needs_jar
def test_tables_of_constants_are_checked_too(spark, session, place) -> None:
    data = spark.sql("SELECT * FROM VALUES (0, array(1)), (1, array(null)) AS rows(label, features)")
    with pytest.raises(DataError, match=r"ow 1: Column 'features' holds a null"), lane(spark, "java"):
        write(data, place, session, plan(data.schema))


@needs_jar
@pytest.mark.parametrize("rows", ["0", "3", "1000", "100000"])
def test_batches_have_about_so_many_bytes(spark, rows) -> None:
    """Whatever the conf says; without a limit there, all chunks of a partition are one batch."""
    accelerate(spark)
    payloads = spark.range(0, 600, 1, 1).selectExpr("array_repeat(double(id), 2000) AS x")
    encoded = payloads.select(call("recordio", ["x"], {"trailer": "dim"}))
    spark.conf.set(fillers.LIMIT, rows)
    try:
        packed = in_chunks(encoded, 1 << 20, fillers.most(spark))
        sizes = packed.mapInArrow(_sizes, "bytes long, rows long").collect()
    finally:
        spark.conf.unset(fillers.LIMIT)
    assert sum(size.rows for size in sizes) == 600
    if rows != "0":
        assert max(size.bytes for size in sizes) < 4 << 20
        assert len(sizes) > 2


def _sizes(batches):
    for batch in batches:
        rows = sum(len(lengths) // 4 for lengths in batch["lengths"].to_pylist() if lengths)
        yield pa.RecordBatch.from_pydict({"bytes": [batch.nbytes], "rows": [rows]})
