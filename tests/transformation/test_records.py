"""Feature columns as records, judged by bytes of AWS's own jar and by the protobuf runtime."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import DenseMatrix, Matrix, MatrixUDT, SparseMatrix, Vectors, VectorUDT
from pyspark.sql.pandas.types import to_arrow_type

from sagemaker_spark_py.errors import DataError, SchemaError
from sagemaker_spark_py.recordio import read_records
from sagemaker_spark_py.transformation.columns import read_columns
from sagemaker_spark_py.transformation.records import encode_column, encode_features

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def column(values):
    udt = MatrixUDT() if any(isinstance(v, Matrix) for v in values) else VectorUDT()
    return pa.array([None if v is None else udt.serialize(v) for v in values], to_arrow_type(udt))


def read(payloads):
    return read_records(io.BytesIO(b"".join(payloads.to_pylist())))


def golden_value(cell):
    """A vector or matrix from the description beside the golden bytes."""
    (kind, what), *_ = cell.items()
    if kind == "dense":
        return Vectors.dense(list(map(float, what)))
    values = list(map(float, what["values"]))
    if kind == "sparse":
        return Vectors.sparse(what["size"], what["indices"], values)
    return DenseMatrix(what["numRows"], what["numCols"], values, what["isTransposed"])


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_bytes_are_those_of_the_original(name):
    described = json.loads((GOLDEN / f"{name}.json").read_text())
    cells = [dict(zip(described["columns"], row, strict=True)) for row in described["rows"]]
    labels = np.array([float(c["label"]) for c in cells]) if "label" in cells[0] else None
    features = [golden_value(cell["features"]) for cell in cells]
    if name == "dense_special":
        # The original turns these into infinity and 0; here the first is refused, see below.
        assert features[0][4] == 1e39
        features[0].values[4] = np.inf
    payloads = encode_column(column(features), name="features", labels=labels)
    assert b"".join(payloads.to_pylist()) == (GOLDEN / f"{name}.pbr").read_bytes()


NUMBERS = st.floats(width=32, allow_nan=False)


@st.composite
def matrices(draw):
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    cells = draw(st.lists(NUMBERS, min_size=rows * columns, max_size=rows * columns))
    dense = DenseMatrix(rows, columns, cells, draw(st.booleans()))
    return dense if draw(st.booleans()) else dense.toSparse()


@settings(deadline=None)
@given(st.lists(matrices(), min_size=1, max_size=5), st.integers(0, 4))
def test_matrices_of_any_slice(values, start):
    rows = values[start:]
    for record, matrix in zip(read(encode_column(column(values)[start:], name="m")), rows, strict=True):
        tensor = record.features["values"].float32_tensor
        assert list(tensor.shape) == [matrix.numRows, matrix.numCols]
        flat = np.zeros(matrix.numRows * matrix.numCols, np.float32)
        flat[list(tensor.keys) if isinstance(matrix, SparseMatrix) else slice(None)] = tensor.values
        np.testing.assert_array_equal(flat, matrix.toArray().reshape(-1))


def test_keys_of_sparse_matrices_come_in_storage_order():
    matrix = SparseMatrix(3, 4, [0, 0, 3, 5, 6], [0, 1, 2, 0, 1, 1], [1, 2, 3, 4, 5, 6])
    (record,) = read(encode_column(column([matrix]), name="m"))
    assert list(record.features["values"].float32_tensor.keys) == [1, 5, 9, 2, 6, 7]


def test_inconsistent_matrices():
    udt = to_arrow_type(MatrixUDT())
    broken = column([SparseMatrix(3, 4, [0, 0, 3, 5, 6], [0, 1, 2, 0, 1, 1], [1, 2, 3, 4, 5, 6])]).to_pylist()
    with pytest.raises(DataError, match="colPtrs, rowIndices and values differ"):
        encode_column(pa.array([{**broken[0], "colPtrs": [0, 0, 3, 5, 7]}], udt), name="m")
    with pytest.raises(DataError, match="out of range: 13 in row 0 of the batch; expected 0 to 11"):
        encode_column(pa.array([{**broken[0], "rowIndices": [0, 1, 3, 0, 1, 1]}], udt), name="m")
    broken = column([DenseMatrix(2, 3, [1, 2, 3, 4, 5, 6])]).to_pylist()
    with pytest.raises(DataError, match="6 values in row 0 of the batch; expected 8"):
        encode_column(pa.array([{**broken[0], "numCols": 4}], udt), name="m")


def test_dense_rows_of_different_sizes():
    records = read(encode_column(pa.array([[1.0], [2.0, 3.0]]), name="f"))
    assert [list(r.features["values"].float32_tensor.values) for r in records] == [[1], [2, 3]]


def test_columns_and_labels():
    features = read_columns([pa.array([1, 2]), pa.array([0.5, 1.5])], ["a", "b"])
    records = read(encode_features(features, np.array([True, False])))
    assert [list(r.features["values"].float32_tensor.values) for r in records] == [[1, 0.5], [2, 1.5]]
    assert [list(r.label["values"].float32_tensor.values) for r in records] == [[1], [0]]


def test_payloads_lie_in_one_buffer():
    payloads = encode_column(pa.array([[1.0], [2.0]]), name="f")
    assert payloads.type == pa.large_binary()
    assert payloads.buffers()[2].size == sum(map(len, payloads.to_pylist()))


@pytest.mark.parametrize(
    "values",
    [
        [Vectors.dense(1, np.inf), Vectors.dense(np.nan, 1e39)],
        [Vectors.sparse(9, [3], [np.inf]), Vectors.sparse(9, [4], [-3.5e38])],
        [DenseMatrix(1, 1, [1]), SparseMatrix(1, 1, [0, 1], [0], [1e300])],
    ],
)
def test_numbers_too_large_for_float32_are_refused_and_infinity_is_not(values):
    with pytest.raises(DataError, match=r"Column 'f' holds a number too large for float32: .* in row 1 of"):
        encode_column(column(values), name="f")
    assert len(encode_column(column(values[:1]), name="f")) == 1


@pytest.mark.parametrize("values", [[Vectors.dense(1), None], [DenseMatrix(1, 1, [1]), None]])
def test_nulls_are_refused(values):
    with pytest.raises(DataError, match="'f' is null: row 1 of the batch"):
        encode_column(column(values), name="f")


def test_size_is_checked():
    with pytest.raises(DataError, match="1 values in row 1 of the batch; expected 2"):
        encode_column(column([Vectors.dense(1, 2), Vectors.dense(1)]), name="f", dim=2)


def test_text_is_refused():
    with pytest.raises(SchemaError, match="wrong type: string"):
        encode_column(pa.array(["x"]), name="f")


@pytest.mark.parametrize("array", [column([Vectors.dense(1)])[:0], column([DenseMatrix(1, 1, [1])])[:0]])
def test_no_rows(array):
    assert encode_column(array, name="f", labels=np.array([])).to_pylist() == []
