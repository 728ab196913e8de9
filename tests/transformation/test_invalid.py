"""Rows that hold what an algorithm cannot take."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, Vectors, VectorUDT
from pyspark.sql.types import ArrayType, DoubleType, StringType, StructField, StructType

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation.invalid import Invalid
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.serializers import (
    JSONLinesRequestRowSerializer,
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)
from sagemaker_spark_py.transformation.serializers.checked import CheckedSerializer

NAN, INF = float("nan"), float("inf")
ARRAYS = pa.array([[1.0, 2.0], [NAN, 1.0], None, [3.0, None], [INF, 1.0], [7.0, 8.0]])
BATCH = pa.record_batch({"x": ARRAYS})
KEPT = {"all": [0, 1, 4, 5], "nan": [0, 1, 5], "finite": [0, 5]}


def vectors(values) -> pa.Array:
    kind = arrow_schema(StructType([StructField("x", VectorUDT())])).field(0).type
    return pa.array([None if v is None else VectorUDT().serialize(v) for v in values], kind)


@pytest.mark.parametrize("numbers", KEPT)
def test_skip_leaves_out_null_and_what_the_algorithm_does_not_take(numbers) -> None:
    batch, kept = Invalid("skip", numbers).clean(BATCH, [0])
    assert np.flatnonzero(kept).tolist() == KEPT[numbers]
    assert batch.num_rows == len(KEPT[numbers])


@pytest.mark.parametrize(("start", "length", "left"), [(0, 1, 1), (1, 3, 0), (2, 1, 0), (4, 2, 1), (6, 0, 0)])
def test_slices(start, length, left) -> None:
    assert Invalid("skip", "finite").clean(BATCH.slice(start, length), [0]).batch.num_rows == left


def test_vectors_matrices_and_numeric_columns() -> None:
    rows = [Vectors.dense(1, 2), Vectors.sparse(2, [1], [NAN]), Vectors.sparse(2, [], []), None]
    kind = arrow_schema(StructType([StructField("m", MatrixUDT())])).field(0).type
    matrix = [MatrixUDT().serialize(DenseMatrix(1, 2, [1.0, x])) for x in (1.0, 2.0, INF, 3.0)]
    columns = {"v": vectors(rows), "m": pa.array(matrix, kind), "n": pa.array([1, None, 3, 4])}
    batch = pa.record_batch(columns)
    masks = [Invalid("skip", "finite").clean(batch, [place]).kept.tolist() for place in range(3)]
    assert masks == [[True, False, True, False], [True, True, False, True], [True, False, True, True]]
    struct = pa.record_batch({"s": pa.StructArray.from_arrays([columns["n"], columns["n"]], ["a", "b"])})
    assert Invalid("skip", "finite").clean(struct, [0]).kept.tolist() == [True, False, True, True]


def test_labels_have_no_missing_value() -> None:
    batch = pa.record_batch({"y": [1.0, NAN, None], "x": [NAN, 1.0, 1.0]})
    assert Invalid("skip", "nan").clean(batch, [1], [0]).kept.tolist() == [True, False, False]
    for handling in ("error", "keep"):
        with pytest.raises(DataError, match=r"'y' .*row 1 .*1 of 3.*expected finite numbers"):
            Invalid(handling, "nan").clean(batch, [1], [0])


@pytest.mark.parametrize(("numbers", "row"), [("nan", 4), ("finite", 1)])
def test_error_names_the_row(numbers, row) -> None:
    with pytest.raises(DataError, match=rf"Column 'x' .* row {row} of the batch .*handleInvalid to 'skip'"):
        Invalid("error", numbers).clean(BATCH, [0])


def test_a_large_sum_of_finite_numbers_is_no_error() -> None:
    batch = pa.record_batch({"x": [1e308, 1e308, 0.0]})
    assert Invalid("error", "finite").clean(batch, [0]).batch is batch


def test_keep_fills_null_with_nan_where_nan_is_taken() -> None:
    batch = Invalid("keep", "nan").clean(BATCH, [0]).batch
    assert str(batch.column(0)[3].as_py()) == "[3.0, nan]"
    assert batch.column(0)[2].as_py() is None
    numbers = pa.record_batch({"a": pa.array([1, None])})
    assert np.isnan(Invalid("keep", "all").clean(numbers, [0]).batch.column(0)[1].as_py())
    assert Invalid("keep", "finite").clean(numbers, [0]).batch.column(0).null_count == 1


def test_idle_does_nothing() -> None:
    assert Invalid().clean(BATCH, [0]) == (BATCH, None)


@pytest.mark.parametrize(
    "serializer",
    [
        UnlabeledCSVRequestRowSerializer(featuresColumnName="x"),
        ProtobufRequestRowSerializer(featuresColumnName="x"),
        LibSVMRequestRowSerializer(featuresColumnName="x"),
        JSONLinesRequestRowSerializer("x"),
    ],
)
def test_rows_that_are_skipped_have_null_payloads(serializer) -> None:
    checked = CheckedSerializer(serializer, Invalid("skip", "finite"))
    payloads = checked.serializeBatch(BATCH)
    expected = serializer.serializeBatch(BATCH.filter(pa.array([i in (0, 5) for i in range(6)])))
    assert payloads.drop_null().to_pylist() == expected.to_pylist()
    assert [i for i, p in enumerate(payloads.to_pylist()) if p is not None] == [0, 5]
    assert checked.serializeBatch(BATCH.slice(1, 3)).null_count == 3
    assert (checked.contentType, checked.maxRows) == (serializer.contentType, serializer.maxRows)


def test_labels_are_not_sent_and_may_be_anything() -> None:
    checked = CheckedSerializer(LibSVMRequestRowSerializer(featuresColumnName="x"), Invalid("error", "nan"))
    schema = StructType([StructField("label", StringType()), StructField("x", ArrayType(DoubleType()))])
    checked.validateSchema(schema)
    assert checked.inputColumns(schema) == ["x"]
