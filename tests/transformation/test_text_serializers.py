"""CSV and LibSVM requests, judged by parsers that are not ours."""

import csv
import io
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import SparseVector, Vectors, VectorUDT
from pyspark.sql import Row
from pyspark.sql.pandas.types import to_arrow_type
from sklearn.datasets import load_svmlight_file

from sagemaker_spark_py.errors import DataError, SettingError
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)
from sagemaker_spark_py.transformation.text import texts

ANY_FLOAT = st.floats(width=64)


def batch(rows, labels=None):
    columns = {"features": pa.array([VectorUDT().serialize(v) for v in rows], to_arrow_type(VectorUDT()))}
    if labels is not None:
        columns["label"] = pa.array(labels)
    return pa.RecordBatch.from_pydict(columns)


@st.composite
def vectors(draw, dim, numbers=ANY_FLOAT):
    if draw(st.booleans()):
        return Vectors.dense(draw(st.lists(numbers, min_size=dim, max_size=dim)))
    indices = sorted(draw(st.sets(st.integers(0, dim - 1))))
    return Vectors.sparse(dim, indices, draw(st.lists(numbers, min_size=len(indices), max_size=len(indices))))


def same(found, expected):
    return found == expected or (math.isnan(found) and math.isnan(expected))


@settings(deadline=None)
@given(st.lists(vectors(3), max_size=6), st.integers(0, 6))
def test_csv_reads_back_as_the_same_doubles(rows, start):
    payloads = UnlabeledCSVRequestRowSerializer().serializeBatch(batch(rows)[start:])
    assert len(payloads) == len(rows[start:])
    for payload, row in zip(payloads.to_pylist(), rows[start:], strict=True):
        (line,) = csv.reader(io.StringIO(payload.decode("ascii")))
        assert all(same(float(text), value) for text, value in zip(line, row.toArray(), strict=True))
        assert payload.endswith(b"\n")


@settings(deadline=None)
@given(
    st.lists(vectors(4, numbers=st.floats(allow_infinity=False)), max_size=6),
    st.integers(0, 6),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
)
def test_libsvm_reads_back_as_the_same_entries(rows, start, base, zero_entry, omit_zeros):
    serializer = LibSVMRequestRowSerializer(indexBase=base, zeroEntry=zero_entry, omitZeros=omit_zeros)
    labels = [i / 2 for i in range(len(rows))]
    payloads = serializer.serializeBatch(batch(rows, pa.array(labels, pa.float64()))[start:])
    for i, payload in enumerate(payloads.to_pylist(), start):
        label, *entries = payload.decode("ascii").removesuffix("\n").split(" ")
        found = [(int(k), float(v)) for k, v in (entry.split(":") for entry in entries)]
        entries = [(int(k) + base, v) for k, v in active(rows[i]) if not math.isnan(v)]
        expected = [(k, v) for k, v in entries if v != 0 or not omit_zeros]
        if zero_entry and not any(index == 0 for index, _ in expected):
            expected.insert(0, (0, 0))
        assert float(label) == labels[i]
        assert found == expected


def active(vector):
    pairs = zip(vector.indices, vector.values, strict=True) if isinstance(vector, SparseVector) else None
    return list(enumerate(vector.toArray()) if pairs is None else pairs)


def test_shortest_text_of_each_width():
    doubles = UnlabeledCSVRequestRowSerializer().serializeBatch(
        batch([Vectors.dense(0.1, 1, -0.0, 1e-7, 1 / 3)])
    )
    assert doubles.to_pylist() == [b"0.1,1,-0,1e-7,0.3333333333333333\n"]
    singles = pa.RecordBatch.from_pydict({"features": pa.array([[0.1]], pa.list_(pa.float32()))})
    assert UnlabeledCSVRequestRowSerializer().serializeBatch(singles).to_pylist() == [b"0.1\n"]


@pytest.mark.parametrize("odd", [1024, -1, -0.0, 0.5, math.nan, math.inf, 7])
def test_counts_are_written_like_all_numbers(odd):
    numbers = np.append(np.arange(1024.0), [odd])
    found = [float(text) for text in texts(numbers).to_pylist()]
    assert np.array(found).tobytes() == numbers.tobytes()


def test_payloads_lie_one_after_the_other_in_one_buffer():
    payloads = UnlabeledCSVRequestRowSerializer().serializeBatch(batch([Vectors.dense(1, 2)] * 3))
    assert payloads.type == pa.large_binary()
    assert bytes(payloads.buffers()[2]) == b"1,2\n1,2\n1,2\n"


def test_csv_in_blocks_is_the_same(monkeypatch):
    rows = [Vectors.sparse(5, [i % 5], [i]) for i in range(40)]
    whole = UnlabeledCSVRequestRowSerializer().serializeBatch(batch(rows))
    monkeypatch.setattr("sagemaker_spark_py.transformation.serializers.csv._BLOCK_CELLS", 15)
    assert UnlabeledCSVRequestRowSerializer().serializeBatch(batch(rows)) == whole


def test_csv_wants_one_size():
    with pytest.raises(DataError, match="2 values in row 1 of the batch; expected 1"):
        UnlabeledCSVRequestRowSerializer().serializeBatch(batch([Vectors.dense(1), Vectors.dense(1, 2)]))
    with pytest.raises(DataError, match="empty vector"):
        UnlabeledCSVRequestRowSerializer().serializeBatch(batch([Vectors.dense([])]))


def test_libsvm_takes_rows_of_any_size():
    rows = [Vectors.dense(1), Vectors.dense(1, 2)]
    payloads = UnlabeledLibSVMRequestRowSerializer().serializeBatch(batch(rows))
    assert payloads.to_pylist() == [b"0 0:0 1:1\n", b"0 0:0 1:1 2:2\n"]


def test_libsvm_of_very_wide_sparse_vectors():
    rows = [Vectors.sparse(2**31 - 1, [5, 2**31 - 2], [1.0, 2.0])]
    payloads = UnlabeledLibSVMRequestRowSerializer(zeroEntry=False).serializeBatch(batch(rows))
    assert payloads.to_pylist() == [b"0 6:1 2147483647:2\n"]


@pytest.mark.parametrize(
    ("labels", "text"),
    [([1.5], b"1.5"), ([3], b"3"), ([True], b"1"), (np.float32([0.1]), b"0.1"), (None, b"0")],
)
def test_labels_of_any_number_or_none(labels, text):
    serializer = LibSVMRequestRowSerializer(zeroEntry=False)
    assert serializer.serializeBatch(batch([Vectors.dense(7)], labels)).to_pylist() == [text + b" 1:7\n"]


def test_null_label_is_refused():
    with pytest.raises(DataError, match="'label' is null"):
        LibSVMRequestRowSerializer().serializeBatch(batch([Vectors.dense(7)], pa.array([None], pa.float64())))


@pytest.mark.parametrize(
    ("features", "label"), [(math.inf, 1.0), (-math.inf, 1.0), (1.0, math.inf), (1.0, math.nan)]
)
def test_numbers_that_libsvm_cannot_say(features, label):
    rows = [Vectors.dense(1, 2), Vectors.dense(1, features)]
    with pytest.raises(DataError, match="LibSVM cannot say in row 1 of the batch"):
        LibSVMRequestRowSerializer().serializeBatch(batch(rows, [1.0, label]))


@pytest.mark.parametrize(("base", "entries"), [(0, 8 + 3), (1, 8 + 5)])
def test_rows_reach_xgboost_as_they_are(tmp_path, base, entries):
    xgboost = pytest.importorskip("xgboost")
    values = np.array([[1e-7, np.nan, 1e10, -2.5], [0, 1 / 3, -0.0, 123456.789], [np.nan] * 4])
    rows = [*map(Vectors.dense, values), Vectors.sparse(4, [3], [7.0]), Vectors.sparse(4, [], [])]
    payloads = UnlabeledLibSVMRequestRowSerializer(indexBase=base).serializeBatch(batch(rows))
    (tmp_path / "rows.libsvm").write_bytes(b"".join(payloads.to_pylist()))
    matrix = xgboost.DMatrix(f"{tmp_path}/rows.libsvm?format=libsvm")
    assert matrix.num_row() == 5
    found = matrix.get_data().toarray()[:, base:]
    filled = [np.nan_to_num(row) for row in values] + [row.toArray() for row in rows[3:]]
    np.testing.assert_array_equal(found, np.float32(filled))
    assert matrix.num_nonmissing() == entries


def test_plain_form_is_what_others_read():
    rows = [Vectors.dense(1.5, 0, 2), Vectors.sparse(3, [1], [4.0])]
    payloads = LibSVMRequestRowSerializer(zeroEntry=False).serializeBatch(batch(rows, [1.0, 2.0]))
    matrix, labels = load_svmlight_file(
        io.BytesIO(b"".join(payloads.to_pylist())), n_features=3, zero_based=False
    )
    assert matrix.toarray().tolist() == [[1.5, 0, 2], [0, 4, 0]]
    assert labels.tolist() == [1, 2]


def test_index_base_is_0_or_1():
    with pytest.raises(SettingError, match="indexBase is out of range: 2"):
        LibSVMRequestRowSerializer(indexBase=2)


def test_columns_instead_of_a_vector():
    serializer = UnlabeledCSVRequestRowSerializer(featuresColumnName=["b", "a"])
    rows = pa.RecordBatch.from_pydict({"a": [1, 2], "b": [0.5, 1.5]})
    assert serializer.serializeBatch(rows).to_pylist() == [b"0.5,1\n", b"1.5,2\n"]
    assert serializer.serializeRow(Row(a=1, b=0.5)) == b"0.5,1\n"
