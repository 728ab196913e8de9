"""NumPy's format both ways, judged by NumPy."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py.errors import DataError, ResponseError, SettingError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers import NpyResponseRowDeserializer
from sagemaker_spark_py.transformation.rows import to_batch, to_rows
from sagemaker_spark_py.transformation.serializers import NpyRequestRowSerializer

SCHEMA = as_schema("features vector")


def body_of(serializer, vectors):
    batch = to_batch([(vector,) for vector in vectors], SCHEMA)
    payloads = serializer.serializeBatch(batch).to_pylist()
    return serializer.wrapBody(b"".join(payloads), len(payloads))


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@settings(deadline=None)
@given(
    st.integers(1, 5).flatmap(
        lambda dim: st.lists(
            st.lists(st.floats(width=32), min_size=dim, max_size=dim), min_size=1, max_size=6
        )
    ),
    st.sampled_from(["float32", "float64"]),
)
def test_rows_are_one_array(rows, dtype):
    found = np.load(io.BytesIO(body_of(NpyRequestRowSerializer(dtype=dtype), map(Vectors.dense, rows))))
    np.testing.assert_array_equal(found, np.array(rows, dtype))
    assert found.dtype == dtype


def test_sparse_rows_images_and_whole_numbers():
    serializer = NpyRequestRowSerializer(dtype="uint8", shape=[2, 3])
    found = np.load(
        io.BytesIO(body_of(serializer, [Vectors.sparse(6, [5], [255.0]), Vectors.dense(range(6))]))
    )
    assert (found.shape, found.dtype) == ((2, 2, 3), np.uint8)
    assert found.tolist() == [[[0, 0, 0], [0, 0, 255]], [[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize("value", [0.5, 256, -1, np.nan])
def test_a_number_that_would_change_is_refused(value):
    with pytest.raises(DataError, match="'features' holds a number that is no uint8"):
        body_of(NpyRequestRowSerializer(dtype="uint8"), [Vectors.dense(value)])


def test_rows_of_different_sizes():
    serializer = NpyRequestRowSerializer()
    with pytest.raises(DataError, match="wrong size"):
        body_of(serializer, [Vectors.dense(1, 2), Vectors.dense(1)])
    with pytest.raises(DataError, match="wrong size: 2 values in row 0 of the batch; expected 4"):
        body_of(NpyRequestRowSerializer(shape=(2, 2)), [Vectors.dense(1, 2)])
    # Batches are merged into one body: 1 + 3 values must not pass for 2 + 2.
    parts = [serializer.serializeBatch(to_batch([(Vectors.dense([1.0] * n),)], SCHEMA))[0] for n in (1, 3)]
    for pair in (parts, parts[::-1]):
        with pytest.raises(DataError, match="Rows of one request differ in size"):
            serializer.wrapBody(b"".join(part.as_py() for part in pair), 2)


@pytest.mark.parametrize(
    "settings", [{"dtype": "flaot"}, {"dtype": "object"}, {"dtype": "U3"}, {"shape": (0,)}]
)
def test_wrong_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        NpyRequestRowSerializer(**settings)


def read(schema, body, rows):
    return [tuple(row) for row in to_rows(NpyResponseRowDeserializer(schema).deserializeBatch(body, rows))]


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "f2", "i8", "u1", ">i2"])
def test_numbers_of_any_type(dtype):
    array = np.array([1, 2, 3], dtype)
    assert read("p double", saved(array), 3) == [(1.0,), (2.0,), (3.0,)]
    assert read("p double", saved(array[:, None]), 3) == [(1.0,), (2.0,), (3.0,)]
    assert read("p int", saved(array), 3) == [(1,), (2,), (3,)]


def test_values_are_shared_among_columns():
    array = np.arange(8.0).reshape(2, 4)
    assert read("v vector", saved(array), 2) == [(Vectors.dense(row),) for row in array]
    assert read("v vector", saved(np.asfortranarray(array)), 2) == [(Vectors.dense(row),) for row in array]
    assert read("a array<float>", saved(array), 2) == [(list(row),) for row in array]
    mixed = "label int, probabilities array<double>, last double"
    assert read(mixed, saved(array), 2) == [(0, [1, 2], 3), (4, [5, 6], 7)]
    assert read("a double, b double", saved(array[:, :2]), 2) == [(0, 1), (4, 5)]
    assert read("a boolean", saved(np.array([True, False])), 2) == [(True,), (False,)]
    assert read("a array<double>", saved(np.empty((2, 0))), 2) == [([],), ([],)]


@pytest.mark.parametrize(
    ("schema", "array", "message"),
    [
        ("p double", np.arange(4).reshape(2, 2), "has 2 values in each row"),
        ("a double, b double", np.arange(2), "has 1 values in each row"),
        ("p double", np.zeros((2, 1, 1)), "of 3 dimensions"),
        ("p double", np.float64(1), "of 0 dimensions"),
        ("p double", np.array(["a", "b"]), "an array of <U1"),
        ("p double", np.array([1 + 2j, 1]), "an array of complex128"),
        ("p int", np.array([1.5, 2]), "'p' of the answer does not fit: float64; expected int"),
        ("p int", np.array([np.nan, 2]), "does not fit"),
        ("p tinyint", np.array([300, 2]), "does not fit"),
        ("p double", np.arange(3), "3 rows; expected 2"),
    ],
)
def test_arrays_that_do_not_fit(schema, array, message):
    with pytest.raises(ResponseError, match=message):
        read(schema, saved(array), 2)


def test_pickles_and_garbage_are_never_loaded():
    evil = saved(np.array([{"a": 1}, None], object))
    whole = saved(np.arange(2.0))
    for body in (evil, b"", whole[:-1], whole + b"x", whole[:20], b"\x93NUMPY\x01\x00\xff\xff{}", b"<html>"):
        with pytest.raises(ResponseError):
            read("p double", body, 2)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("p string", "cannot be filled"),
        ("a vector, b array<int>", "several columns of lists"),
        ("x", "schema"),
    ],
)
def test_wrong_schemas(schema, message):
    with pytest.raises(SettingError, match=message):
        NpyResponseRowDeserializer(schema)
