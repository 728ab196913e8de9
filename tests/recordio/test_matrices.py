"""Matrices as Spark lays them out, judged by Amazon's bytes and by SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import Matrices, encode_matrices

from .judge import GOLDEN, framed, message


def text(*args):
    return encode_matrices(*args).data.tobytes()


def batch(matrices):
    """Pairs of a 2-D array and how to lay it out, as `Matrices`."""
    is_sparse = np.array([how.startswith("sparse") for _, how in matrices], bool)
    is_transposed = np.array([how.endswith("rows") for _, how in matrices], bool)
    parts = {"values": [], "pointers": [], "indices": []}
    for matrix, how in matrices:
        if how.startswith("sparse"):
            made = sparse.csr_array(matrix) if how.endswith("rows") else sparse.csc_array(matrix)
            parts["pointers"].append(made.indptr)
            parts["indices"].append(made.indices)
            parts["values"].append(made.data)
        else:
            parts["values"].append(matrix.ravel(order="C" if how.endswith("rows") else "F"))
    indptr = np.cumsum([0, *map(len, parts["values"])])
    flat = {name: np.concatenate([np.empty(0, int), *arrays]) for name, arrays in parts.items()}
    rows, cols = [m.shape[0] for m, _ in matrices], [m.shape[1] for m, _ in matrices]
    pointers, indices = flat["pointers"].astype(int), flat["indices"].astype(int)
    return Matrices(is_sparse, is_transposed, rows, cols, indptr, flat["values"], pointers, indices)


def written(matrix, how, label):
    if how.startswith("dense"):
        return message(matrix.ravel(), shape=matrix.shape, label=label)
    by_columns = how.endswith("columns")
    row, col = np.nonzero(matrix.T)[::-1] if by_columns else np.nonzero(matrix)
    return message(matrix[row, col], (row * matrix.shape[1] + col).tolist(), matrix.shape, label)


@st.composite
def matrices(draw):
    shape = draw(st.tuples(st.integers(0, 4), st.integers(0, 300)))
    seed = draw(st.integers(0, 2**16))
    chance = np.random.default_rng(seed)
    matrix = chance.integers(0, 3, shape).astype(float)
    return matrix, draw(st.sampled_from(["dense rows", "dense columns", "sparse rows", "sparse columns"]))


@given(st.lists(matrices(), max_size=5))
def test_matrices_are_what_protobuf_writes(drawn):
    labels = np.arange(len(drawn))
    wanted = [written(*one, label) for one, label in zip(drawn, labels, strict=True)]
    assert text(batch(drawn), labels) == framed(wanted)


def test_dense_matrices_are_amazons_bytes():
    rows = np.array([[1.0, 3, 5], [2, 4, 6]]), np.array([[1.0, 2, 3], [4, 5, 6]])
    drawn = [(rows[0], "dense columns"), (rows[1], "dense rows")]
    assert text(batch(drawn), [1, 0]) == (GOLDEN / "matrix_dense.pbr").read_bytes()


def test_keys_are_those_that_amazons_library_writes():
    """Its example: a 3x4 matrix stored by columns has the keys 1, 5, 9, 2, 6, 7."""
    one = Matrices([True], [False], [3], [4], [0, 6], range(1, 7), [0, 0, 3, 5, 6], [0, 1, 2, 0, 1, 1])
    assert text(one) == framed([message(range(1, 7), [1, 5, 9, 2, 6, 7], [3, 4])])


def test_values_may_be_a_slice():
    one = Matrices([False], [True], [1], [2], [3, 5], np.arange(9.0))
    assert text(one) == framed([message([3, 4], shape=[1, 2])])


GOOD = Matrices([True], [False], [3], [2], [0, 2], [7, 8], [0, 1, 2], [0, 2])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"pointers": [0, 1]}, r"pointers has the wrong shape: \(2,\); expected \(3,\)"),
        ({"pointers": [0, 1, 3]}, "pointers does not ascend from 0 to the number"),
        ({"pointers": [1, 1, 2]}, "pointers does not ascend from 0 to the number"),
        ({"pointers": [0, 3, 2]}, "pointers does not ascend from 0 to the number"),
        ({"pointers": [0.0, 1, 2]}, "pointers has the wrong type: float64"),
        ({"indices": [0, 3]}, "Row 0 has an index outside of it: 3; expected 0 to 2"),
        ({"indices": [0]}, r"indices has the wrong shape: \(1,\)"),
        ({"is_transposed": [True], "pointers": [0, 1, 1, 2]}, "index outside of it: 2; expected 0 to 1"),
        ({"is_transposed": [True, False]}, r"is_transposed has the wrong shape: \(2,\)"),
        ({"is_transposed": [1]}, "is_transposed has the wrong type"),
        ({"num_rows": [3, 3]}, r"num_rows has the wrong shape: \(2,\)"),
        ({"num_cols": [-2]}, "num_cols is negative in row 0: -2"),
        (
            {"is_sparse": [False], "indices": (), "pointers": ()},
            "Matrix 0 has the wrong number of values: 2; expected 3 times 2",
        ),
        ({"values": [7]}, "values is too short: 1"),
    ],
)
def test_what_does_not_fit_is_refused(changed, problem):
    assert text(GOOD)
    with pytest.raises(DataError, match=problem):
        encode_matrices(GOOD._replace(**changed))
