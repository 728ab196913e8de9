"""Arrow columns read into arrays, judged by pyspark's own vectors and matrices."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import SparseVector, Vectors, VectorUDT
from pyspark.sql.pandas.types import to_arrow_type

from sagemaker_spark_py.errors import DataError, SchemaError
from sagemaker_spark_py.transformation.columns import read_columns, read_features, read_numbers
from sagemaker_spark_py.transformation.vectors import to_vectors


def column(values):
    serialized = [None if v is None else VectorUDT().serialize(v) for v in values]
    return pa.array(serialized, to_arrow_type(VectorUDT()))


def as_dense(features):
    """Rows by the documented meaning of the fields, one by one."""
    indices = [] if features.indices is None else features.indices.tolist()
    rows = []
    for i in range(len(features)):
        values = features.values[features.indptr[i] : features.indptr[i + 1]]
        row = np.zeros(features.dims[i])
        if features.is_sparse is not None and features.is_sparse[i]:
            row[[indices.pop(0) for _ in values]] = values
        else:
            row[:] = values
        rows.append(row.tolist())
    assert indices == []
    return rows


FINITE = st.floats(allow_nan=False, width=64)


@st.composite
def vectors(draw, dim=None):
    size = draw(st.integers(0, 6)) if dim is None else dim
    if draw(st.booleans()):
        return Vectors.dense(draw(st.lists(FINITE, min_size=size, max_size=size)))
    indices = sorted(draw(st.sets(st.integers(0, size - 1)))) if size else []
    return Vectors.sparse(size, indices, draw(st.lists(FINITE, min_size=len(indices), max_size=len(indices))))


@settings(deadline=None)
@given(st.lists(vectors(), max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_mixed_vectors_of_any_slice_are_read(rows, start, stop):
    features = read_features(column(rows)[start:stop], name="features")
    assert as_dense(features) == [list(v.toArray()) for v in rows[start:stop]]


@settings(deadline=None)
@given(st.lists(vectors(dim=4), max_size=8), st.integers(0, 8))
def test_all_forms_of_the_same_rows_agree(rows, start):
    features = read_features(column(rows)[start:], name="features", dim=4)
    expected = [list(v.toArray()) for v in rows[start:]]
    if expected:
        assert features.dense().tolist() == expected
        assert features.only(features.values != 0).dense().tolist() == expected
    assert [r for b in features.blocks(8) for r in as_dense(b)] == expected
    assert as_dense(read_features(to_vectors(features), name="again")) == expected


@settings(deadline=None)
@given(st.lists(vectors(), max_size=8), st.integers(0, 8))
def test_vectors_are_written_as_spark_writes_them(rows, start):
    written = to_vectors(read_features(column(rows)[start:], name="features"))
    assert written.to_pylist() == column(rows[start:]).to_pylist()
    assert written.type == to_arrow_type(VectorUDT())


def test_dense_vectors_are_a_view_of_the_arrow_data():
    array = column([Vectors.dense(i, i + 1) for i in range(4)])
    features = read_features(array[1:3], name="features")
    assert features.is_rectangular
    assert features.dense().tolist() == [[1, 2], [2, 3]]
    assert np.shares_memory(features.dense(), np.asarray(array.field("values").values))


def test_values_hidden_under_null_rows_are_not_taken_for_their_neighbours():
    vector = to_arrow_type(VectorUDT())
    hidden = pa.array([[7], [0], [8]], vector.field("indices").type)
    masked = pa.ListArray.from_buffers(
        hidden.type, 3, [pa.py_buffer(b"\x02"), hidden.buffers()[1]], children=[hidden.values]
    )
    kinds, sizes = pa.array([1, 0, 1], pa.int8()), pa.array([None, 2, None], pa.int32())
    values = pa.array([[1.0, 2.0], [3.0], [4.0, 5.0]], vector.field("values").type)
    array = pa.StructArray.from_arrays([kinds, sizes, masked, values], fields=list(vector))
    assert read_features(array, name="features").dense().tolist() == [[1, 2], [3, 0], [4, 5]]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.int16(), pa.int64(), pa.bool_()])
@pytest.mark.parametrize("lists", [pa.list_, pa.large_list])
def test_arrays_of_numbers(kind, lists):
    array = pa.array([[0, 1], [1, 0], [1, 1]]).cast(lists(kind))
    assert read_features(array[1:], name="f").dense().tolist() == [[1, 0], [1, 1]]


def test_decimals_become_the_nearest_double():
    texts = ["-40777884.138", "65067477.638", "88987606.438"]
    column = pa.array(map(Decimal, texts), pa.decimal128(12, 3))
    assert read_numbers(column, name="n").tolist() == list(map(float, texts))


def test_arrays_of_decimals_become_doubles():
    array = pa.array([[Decimal("1.50")]], pa.list_(pa.decimal128(10, 2)))
    assert read_features(array, name="f").dense().tolist() == [[1.5]]


def test_several_columns_make_one_vector():
    columns = [pa.array([1, 2]), pa.array([0.5, 1.5]), pa.array([True, False])]
    features = read_columns(columns, ["a", "b", "c"], dim=3)
    assert features.dense().tolist() == [[1, 0.5, 1], [2, 1.5, 0]]


def test_structs_of_numbers_are_several_columns():
    array = pa.array([{"a": 9, "b": 9.5}, {"a": 1, "b": 0.5}])
    assert read_features(array[1:], name="f").dense().tolist() == [[1, 0.5]]


@pytest.mark.parametrize("array", [column([]), pa.array([], pa.list_(pa.float32()))])
def test_no_rows(array):
    features = read_features(array, name="f", dim=7)
    assert len(features) == 0
    assert features.dim == 0


@pytest.mark.parametrize(
    ("array", "row"),
    [
        (column([Vectors.dense(1), Vectors.dense(2), None]), 1),
        (pa.array([[1.0], [1.0], None]), 1),
        (pa.array([{"a": 1}, {"a": 2}, {"a": None}]), 1),
    ],
)
def test_null_names_column_and_row(array, row):
    with pytest.raises(DataError, match=rf"Column 'f.*' is null: row {row} of the batch \(1 of 2 rows\)"):
        read_features(array[1:], name="f")


def test_null_inside_an_array_names_its_place():
    with pytest.raises(DataError, match="'f' holds a null: value 1 of row 2"):
        read_features(pa.array([[9.0], [], [1.0], [2.0, None], []])[1:], name="f")


def test_wrong_size_names_the_row():
    rows = [Vectors.dense(1, 2), Vectors.sparse(2, [], []), Vectors.dense(1, 2, 3)]
    with pytest.raises(DataError, match="3 values in row 2 of the batch; expected 2"):
        read_features(column(rows), name="f", dim=2)
    with pytest.raises(DataError, match="expected 2"):
        read_features(column(rows), name="f").dense()


@pytest.mark.parametrize("index", [3, -1])
def test_index_outside_of_its_vector(index):
    broken = SparseVector(3, [0, 1], [1.0, 2.0])
    broken.indices = np.array([0, index])
    rows = column([Vectors.dense(1, 2, 3), Vectors.sparse(3, [0], [1.0]), broken])
    with pytest.raises(DataError, match=rf"out of range: {index} in row 2 of the batch; expected 0 to 2"):
        read_features(rows, name="f")


def test_sparse_vector_with_an_index_too_few():
    broken = column([Vectors.sparse(3, [0, 2], [1.0, 2.0])]).to_pylist()
    broken[0]["indices"] = [0]
    with pytest.raises(DataError, match="differ in number"):
        read_features(pa.array(broken, to_arrow_type(VectorUDT())), name="f")


@pytest.mark.parametrize(
    "array", [pa.array(["a"]), pa.array([["a"]]), pa.array([{"a": "b"}]), pa.array([1.0])]
)
def test_columns_without_numbers_are_refused_by_type(array):
    with pytest.raises(SchemaError, match="Column 'f' has the wrong type"):
        read_features(array, name="f")


def test_numbers_keep_their_dtype():
    assert read_numbers(pa.array([1, 2], pa.int32()), name="n").dtype == np.int32
    assert read_numbers(pa.array([True, False]), name="n").tolist() == [1, 0]
    assert read_numbers(pa.array([Decimal("0.5")]), name="n").tolist() == [0.5]


def test_numbers_refuse_nulls_and_text():
    with pytest.raises(DataError, match="'label' is null: row 1"):
        read_numbers(pa.array([1, None]), name="label")
    with pytest.raises(SchemaError, match="'label' has the wrong type: string"):
        read_numbers(pa.array(["1"]), name="label")
