from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.containers.rows import EMPTY, Rows, concatenate, from_arrays, to_arrays
from sagemaker_spark_py.errors import ContainerError

DENSE = Rows(np.array([[1, 0], [0, 2]], np.float32), np.array([1, 2], np.float32))
SPARSE = Rows(sparse.csr_matrix(np.array([[0, 3]], np.float32)), np.array([3], np.float32))


def _dense(rows: Rows) -> np.ndarray:
    return rows.features.toarray() if sparse.issparse(rows.features) else rows.features


def test_parts_are_joined_in_order() -> None:
    joined = concatenate([DENSE, EMPTY, DENSE])
    assert joined.count == 4
    assert joined.dim == 2
    np.testing.assert_array_equal(joined.labels, [1, 2, 1, 2])
    assert isinstance(joined.features, np.ndarray)


def test_one_sparse_part_makes_all_sparse() -> None:
    joined = concatenate([DENSE, SPARSE])
    assert sparse.issparse(joined.features)
    np.testing.assert_array_equal(_dense(joined), [[1, 0], [0, 2], [0, 3]])
    np.testing.assert_array_equal(joined.labels, [1, 2, 3])


def test_no_parts_are_no_rows() -> None:
    assert concatenate([]).count == 0
    assert concatenate([EMPTY]).labels is None


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (Rows(np.ones((1, 3), np.float32), np.ones(1, np.float32)), r"\[2, 3\]"),
        (Rows(np.ones((1, 2), np.float32)), "labels"),
        (Rows(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32)), "labels"),
    ],
)
def test_parts_that_differ_are_refused(other: Rows, text: str) -> None:
    with pytest.raises(ContainerError, match=text):
        concatenate([DENSE, other])


@pytest.mark.parametrize("rows", [DENSE, SPARSE, Rows(SPARSE.features), Rows(DENSE.features)])
def test_rows_come_back_from_their_arrays(rows: Rows) -> None:
    again = from_arrays(to_arrays(rows))
    np.testing.assert_array_equal(_dense(again), _dense(rows))
    assert sparse.issparse(again.features) == sparse.issparse(rows.features)
    np.testing.assert_array_equal(again.labels, rows.labels)
