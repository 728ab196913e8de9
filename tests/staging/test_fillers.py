from collections.abc import Iterator

import pyarrow as pa
import pytest
from pyspark.ml.linalg import Matrices, Vectors
from pyspark.sql import functions as F

from sagemaker_spark_py.staging import fillers
from sagemaker_spark_py.staging.fillers import BATCH_BYTES, LIMIT, most, with_fillers, without_fillers


def _rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in without_fillers(batches):
        batch.validate(full=True)
        yield batch


def _sizes(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = sum(own.num_rows for own in without_fillers([batch]))
        yield pa.RecordBatch.from_pydict({"bytes": [batch.nbytes], "rows": [rows]})


def _vector(number: int):
    few = {1: 2.0, 7: float(number)}
    return Vectors.dense([number + 0.5] * (number % 4 * 100)) if number % 3 else Vectors.sparse(3000, few)


def test_rows_come_through_as_they_are(spark, monkeypatch) -> None:
    monkeypatch.setattr(fillers, "BATCH_BYTES", 1 << 20)
    some = [(float(n), _vector(n), Matrices.dense(1, n, range(n)), [float(n)] * n) for n in range(40)]
    rows = [*some[:20], (None, None, None, None), *some[20:], (1.0, None, None, None)]
    frame = spark.createDataFrame(rows, spark.createDataFrame(some).schema)

    filled = with_fillers(frame)

    assert filled.count() > 2 * len(rows)
    assert list(map(tuple, filled.mapInArrow(_rows, frame.schema).collect())) == rows


def test_batches_are_small_whatever_the_conf_allows(spark) -> None:
    wide = F.array_repeat(F.rand(), 10_000)  # 80 kB
    frame = spark.range(0, 500, 1, 1).select(wide.alias("c0"))

    sizes = with_fillers(frame).mapInArrow(_sizes, "bytes long, rows long").collect()

    assert sum(size.rows for size in sizes) == 500
    assert 2 <= max(size.bytes for size in sizes) <= 1.2 * BATCH_BYTES


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_without_a_limit_there_are_none(spark, limit) -> None:
    frame = spark.range(3).select(F.array(F.rand()).alias("c0"))
    spark.conf.set(LIMIT, limit)
    try:
        assert with_fillers(frame) is frame
    finally:
        spark.conf.unset(LIMIT)


def test_a_high_limit_does_not_make_many(spark) -> None:
    spark.conf.set(LIMIT, "100000000")
    try:
        assert most(spark) == 50_000
    finally:
        spark.conf.unset(LIMIT)


def test_narrow_rows_need_none(spark) -> None:
    frame = spark.range(3).select(F.rand().alias("c0"), F.rand().alias("c1"))

    assert with_fillers(frame) is frame
