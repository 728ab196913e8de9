"""Arrow batches as Rows and back."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, SparseMatrix, Vectors, VectorUDT
from pyspark.sql import Row
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.rows import batch_of, to_batch, to_rows

CASES = [
    (VectorUDT(), [Vectors.dense(1, 2), None, Vectors.sparse(3, [1], [2.0]), Vectors.sparse(2, [], [])]),
    (MatrixUDT(), [DenseMatrix(1, 2, [1, 2]), None, SparseMatrix(2, 2, [0, 1, 1], [1], [3])]),
    (ArrayType(VectorUDT()), [[Vectors.dense(1), None], None, []]),
    (ArrayType(DoubleType()), [[1.0, None], None, []]),
    (
        StructType([StructField("a", LongType()), StructField("v", VectorUDT())]),
        [Row(a=1, v=Vectors.dense(1)), None],
    ),
    (MapType(StringType(), LongType()), [{"a": 1}, None, {}]),
    (StringType(), ["a", None]),
    (DecimalType(10, 2), [Decimal("1.50"), None]),
    (DateType(), [date(2024, 5, 6), None]),
    (BooleanType(), [True, None]),
]


@pytest.mark.parametrize(("kind", "values"), CASES, ids=lambda case: getattr(case, "typeName", str)())
def test_values_come_back_as_they_were(kind, values):
    schema = StructType([StructField("x", kind), StructField("i", IntegerType())])
    rows = [Row(x=value, i=i) for i, value in enumerate(values)]
    batch = to_batch(rows, schema)
    assert list(to_rows(batch)) == rows
    assert list(to_rows(batch[1:])) == rows[1:]


def test_instants_are_shown_in_local_time():
    instant = datetime(2024, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=5)))
    batch = to_batch([(instant,), (None,)], StructType([StructField("t", TimestampType())]))
    assert [row.t for row in to_rows(batch)] == [instant.astimezone().replace(tzinfo=None), None]


def test_numbers_of_numpy_are_taken():
    schema = StructType([StructField("d", DoubleType()), StructField("a", ArrayType(DoubleType()))])
    batch = to_batch([(np.float32(0.5), np.array([1.0, 2.0])), [1, [3]]], schema)
    assert batch.to_pylist() == [{"d": 0.5, "a": [1, 2]}, {"d": 1, "a": [3]}]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ((1.0, 2.0), "2 values; expected 1 values"),
        ((), "0 values"),
        (1.0, "float; expected 1 values"),
        ("x", "str; expected 1 values"),
    ],
)
def test_rows_of_the_wrong_width(row, problem):
    with pytest.raises(ResponseError, match=problem):
        to_batch([row], StructType([StructField("d", DoubleType())]))


@pytest.mark.parametrize(("kind", "value"), [(DoubleType(), "text"), (VectorUDT(), [1.0]), (LongType(), 1.5)])
def test_values_of_the_wrong_type(kind, value):
    with pytest.raises(
        ResponseError, match=f"column 'd' holds a value of the wrong type; .*{kind.simpleString()}"
    ):
        to_batch([(value,)], StructType([StructField("d", kind)]))


def test_one_row_as_a_batch():
    row = Row(label=1.0, features=Vectors.sparse(3, [1], [2.0]), m=DenseMatrix(1, 1, [1]), s="x", n=[1, 2])
    (back,) = to_rows(batch_of(row))
    assert back == row
    assert batch_of(row).schema.field("features").type.field("values").type.value_type == pa.float64()
