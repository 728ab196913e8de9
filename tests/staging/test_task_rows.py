"""Weights and invalid rows in one partition, without Spark."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.staging import FORMATS, Plan
from sagemaker_spark_py.staging.rows import Columns
from sagemaker_spark_py.staging.shares import Share
from sagemaker_spark_py.staging.task import Task
from sagemaker_spark_py.transformation.invalid import Invalid

WEIGHTED = Columns("y", ("a", "b"), flat=True, weight="w")
ROWS = pa.record_batch({"c0": [1, 0, 1], "c1": [0.5, 2.0, 3.0], "c2": [7.0, None, 9.0], "c3": [1, 2, 3]})
VALID = pa.record_batch({"c0": [1, 0], "c1": [0.5, 2], "c2": [7.0, 8.0], "c3": [1, 2]})
SKIP = Invalid("skip", "finite")


@pytest.fixture
def written(session, place, s3, write_here):
    """Return a function that writes batches and returns the reports and the objects."""

    def write(plan: Plan, *batches: pa.RecordBatch, shares=()):
        reports = write_here(Task(session, place, plan, shares), batches)
        keys = [report["key"] for report in reports if report["key"]]
        return reports, [s3.get_object(Bucket=place.bucket, Key=key)["Body"].read() for key in keys]

    return write


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("csv", b"1,0.5,7,1\n0,2,8,2\n"),
        ("libsvm", b"1:0.5 0:0 1:7 2:1\n0:2 0:0 1:8 2:2\n"),
        ("jsonlines", b'{"y":1,"w":0.5,"a":7,"b":1}\n{"y":0,"w":2,"a":8,"b":2}\n'),
    ],
)
def test_weights_stand_where_each_format_has_them(written, name, expected) -> None:
    _, (body,) = written(Plan(FORMATS[name], WEIGHTED), VALID)
    assert body == expected


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
def test_impossible_weights(written, weight) -> None:
    batch = VALID.set_column(1, "c1", pa.array([1.0, weight]))
    with pytest.raises(DataError, match=r"Partition 0.*'w' holds an impossible weight: .* in row 1"):
        written(Plan(FORMATS["csv"], WEIGHTED), batch)


def test_skipped_rows_are_counted(written) -> None:
    plan = Plan(FORMATS["csv"], WEIGHTED, invalid=SKIP)
    (report,), (body,) = written(plan, ROWS, VALID)
    assert body.count(b"\n") == report["rows"] == 4
    assert report["skipped"] == 1


def test_a_partition_of_skipped_rows_tells_of_them(written) -> None:
    reports, bodies = written(Plan(FORMATS["csv"], WEIGHTED, invalid=SKIP), ROWS.slice(1, 1))
    assert bodies == []
    assert [(report["key"], report["rows"], report["skipped"]) for report in reports] == [(None, 0, 1)]
    assert written(Plan(FORMATS["csv"], WEIGHTED), ROWS.slice(0, 0)) == ([], [])


def test_cuts_count_the_rows_that_are_left(written) -> None:
    plan = Plan(FORMATS["csv"], WEIGHTED, invalid=SKIP)
    reports, _ = written(plan, ROWS, VALID, shares=(Share(0, 4, 2),))
    assert [report["rows"] for report in reports] == [2, 2]


def test_an_error_names_the_batch(written) -> None:
    bad = VALID.set_column(2, "c2", pa.array([1.0, float("nan")]))
    plan = Plan(FORMATS["csv"], WEIGHTED, invalid=Invalid("error", "finite"))
    with pytest.raises(DataError, match=r"batch from row 2 on.*'a' holds an invalid number: row 1"):
        written(plan, VALID, bad)


def test_null_is_kept_as_nan(written) -> None:
    plan = Plan(FORMATS["parquet"], Columns("y", ("a", "b"), flat=True), invalid=Invalid("keep", "nan"))
    _, (body,) = written(plan, ROWS.select([0, 2, 3]))
    assert str(pq.read_table(io.BytesIO(body)).column("f0").to_pylist()) == "[7.0, nan, 9.0]"
