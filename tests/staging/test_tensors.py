"""Several named tensors per record, staged and read back."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, Vectors
from pyspark.sql.types import ArrayType, DoubleType, LongType

from sagemaker_spark_py import read_recordio
from sagemaker_spark_py.errors import DataError, SchemaError, SettingError
from sagemaker_spark_py.staging import plan, write

TENSORS = {"image": "pixels", "bag": "words", "l": "list", "count": "n"}
TYPES = {"pixels": MatrixUDT(), "list": ArrayType(DoubleType()), "n": LongType()}


def frame_of(spark, rows: int):
    made = [
        (
            float(i % 2),
            DenseMatrix(2, 2, [i, 1, 2, 3], True),
            Vectors.sparse(5, [i % 5], [2.0]) if i % 3 else Vectors.dense([1.0, 2.0, 3.0, 4.0, i]),
            [0.5, float(i)],
            i,
            f"row {i}",
        )
        for i in range(rows)
    ]
    return spark.createDataFrame(made, ["label", "pixels", "words", "list", "n", "name"]).coalesce(2)


@pytest.mark.parametrize("label", [None, "", "n"])
def test_what_was_staged_comes_back(spark, session, place, label) -> None:
    frame = frame_of(spark, 7)
    tensors = {name: column for name, column in TENSORS.items() if column != label}
    options = {"tensors": tensors, **({} if label is None else {"labelColumnName": label})}
    staged = write(frame, place, session, plan(frame.schema, options=options))
    found = read_recordio(
        spark,
        staged.uri,
        tensors=tensors,
        types={column: kind for column, kind in TYPES.items() if column != label},
        session=session,
    )
    expected = frame.collect()
    assert len(expected) == staged.rows
    for before, after in zip(expected, found.collect(), strict=True):
        assert after.label == {None: before.label, "": None, "n": before.n}[label]
        np.testing.assert_array_equal(after.pixels.toArray(), before.pixels.toArray())
        assert after.words == before.words
        assert type(after.words) is type(before.words)
        assert after.list == before.list
        assert label == "n" or after.n == before.n


def test_tensors_of_a_column_have_one_size(spark, session, place) -> None:
    frame = spark.createDataFrame([([1.0], 1), ([1.0, 2.0], 2)], ["a", "b"]).coalesce(1)
    with pytest.raises(DataError, match=r"Partition 0.*'a' holds rows of the wrong size: 2 values in row 1"):
        write(frame, place, session, plan(frame.schema, options={"tensors": {"x": "a", "y": "b"}}))


def test_numbers_beyond_float32_are_refused(spark, session, place) -> None:
    frame = spark.createDataFrame([(1e300, 1)], ["a", "b"])
    with pytest.raises(DataError, match="'a' holds a number too large for float32"):
        write(frame, place, session, plan(frame.schema, options={"tensors": {"x": "a", "y": "b"}}))


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"tensors": {}}, SettingError, "not a mapping"),
        ({"tensors": "pixels"}, SettingError, "not a mapping"),
        (
            {"tensors": TENSORS, "featuresColumnName": "pixels"},
            SettingError,
            "'featuresColumnName' does not go",
        ),
        ({"tensors": {"a": "pixel"}}, SchemaError, "'pixel' is missing"),
        ({"tensors": {"a": "name"}}, SchemaError, "'name' has the wrong type"),
        ({"tensors": {"a": "n", "b": "n"}}, SchemaError, "two roles"),
        ({"tensors": {"a": "n"}, "labelColumnName": "n"}, SchemaError, "two roles"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_runs(spark, options, error, problem) -> None:
    with pytest.raises(error, match=problem):
        plan(frame_of(spark, 1).schema, options=options)
