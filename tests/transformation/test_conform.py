"""What a user's deserializer returns, brought into the types of its schema."""

import pyarrow as pa
import pytest
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql.types import DoubleType, LongType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.deserializers.deserializer import conform, wrong_count
from sagemaker_spark_py.transformation.rows import to_rows
from sagemaker_spark_py.transformation.schemas import arrow_schema

SCHEMA = StructType([StructField("n", LongType(), nullable=False), StructField("v", VectorUDT())])


def batch(**columns):
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize("vectors", [[[1.0, 2.0]], pa.array([[1, 2]], pa.large_list(pa.int32()))])
def test_numbers_are_cast_lists_become_vectors_and_columns_are_put_in_order(vectors):
    found = conform(batch(v=vectors, n=pa.array([3.0])), SCHEMA)
    assert [tuple(row) for row in to_rows(found)] == [(3, Vectors.dense(1, 2))]
    assert found.schema.types == arrow_schema(SCHEMA).types
    assert all(field.nullable for field in found.schema)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"n": [1]}, r"has the columns \['n'\]; expected \['n', 'v'\]"),
        ({"n": [1], "v": [[1.0]], "w": [1]}, "has the columns"),
        ({"n": [1.5], "v": [[1.0]]}, "'n' has the wrong type: double; expected int64"),
        ({"n": ["x"], "v": [[1.0]]}, "'n' has the wrong type: string"),
        ({"n": [1], "v": ["x"]}, "'v' has the wrong type: string"),
        ({"n": [1], "v": [[None]]}, "'v' has the wrong type"),
        ({"n": [None], "v": [[1.0]]}, "'n' holds a null; expected none by its schema"),
    ],
)
def test_what_does_not_fit_is_refused(columns, problem):
    with pytest.raises(ResponseError, match=problem):
        conform(batch(**columns), SCHEMA)


def test_nulls_where_they_are_allowed():
    schema = StructType([StructField("d", DoubleType())])
    assert conform(batch(d=[1, None]), schema).to_pylist() == [{"d": 1.0}, {"d": None}]


def test_count_is_said_plainly():
    assert str(wrong_count(2, 3)).endswith("2 rows; expected 3, one for each sent.")
