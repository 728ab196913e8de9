"""Tensors of a batch as dense and as sparse matrices."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import Record, decode, encode_tensors

from .judge import framed, message


def tensor(*records):
    return decode(framed(records)).features["values"]


MIXED = (message([1, 0, 2]), message([5], [2], [3]), message(shape=[3]), message([7, 8], [2, 0], [3]))


def test_mixed_rows_as_a_dense_matrix():
    assert tensor(*MIXED).dense().tolist() == [[1, 0, 2], [0, 0, 5], [0, 0, 0], [8, 0, 7]]
    assert tensor(*MIXED).dense(3).dtype == np.float32


def test_mixed_rows_as_a_sparse_matrix():
    csr = tensor(*MIXED).csr()
    assert csr.indptr.tolist() == [0, 3, 4, 4, 6]
    assert csr.indices.tolist() == [0, 1, 2, 2, 2, 0]
    assert csr.values.tolist() == [1, 0, 2, 5, 7, 8]
    matrix = csr_array((csr.values, csr.indices, csr.indptr), (4, csr.dim))
    assert matrix.toarray().tolist() == tensor(*MIXED).dense().tolist()


def test_full_sparse_rows_in_an_order_of_their_own():
    full = tensor(message([1, 2, 3], [2, 0, 1], [3]))
    assert full.dense().tolist() == [[2, 3, 1]]
    assert full.csr().indices.tolist() == [2, 0, 1]


def test_sparse_rows_without_a_shape_need_the_size():
    sparse = tensor(message([5], [2]), message([6], [1]))
    assert sparse.dense(4).tolist() == [[0, 0, 5, 0], [0, 6, 0, 0]]
    assert sparse.csr(4).dim == 4
    with pytest.raises(DataError, match="Record 0 has keys but no shape"):
        sparse.dense()


def test_matrices_are_flattened_by_rows():
    matrices = tensor(message([1, 2, 3, 4, 5, 6], shape=[2, 3]), message([9], [5], [3, 2]))
    assert matrices.dense().tolist() == [[1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 9]]
    assert matrices.shapes.tolist() == [2, 3, 3, 2]
    assert matrices.shape_indptr.tolist() == [0, 2, 4]


def test_single_numbers_are_rows_of_one():
    assert tensor(message([4]), message([5])).dense(1).tolist() == [[4], [5]]
    assert tensor(message([4], [0], [1])).dense(1).tolist() == [[4]]


def test_rows_of_size_zero():
    assert tensor(message(), message(shape=[0]), message(shape=[0, 4])).dense().shape == (3, 0)
    assert tensor(message(), message(shape=[0])).csr().dim == 0


@pytest.mark.parametrize(
    ("records", "dim", "text"),
    [
        ([message([1, 2]), message([1])], None, "Record 1 has not 2 numbers"),
        ([message([1, 2]), message([1, 2])], 3, "Record 0 has not 3 numbers"),
        ([message([1, 2])] * 2 + [message()], 2, "Record 2 has not 2 numbers"),
        ([message([1], [0], [4]), message([1], [0], [5])], None, "Record 1 has not 4 numbers"),
        ([message([1], [0], [4])], 5, "Record 0 has not 5 numbers"),
        ([message([1, 2], shape=[2]), message([1, 2], shape=[3])], None, "Record 1 has not 2 numbers"),
        ([message([1, 2], shape=[4])], None, "Record 0 has not as many values as its shape says"),
        ([message([1, 2], shape=[4])], 4, "Record 0 has not as many values as its shape says"),
        ([message([1, 2], [1], [4])], None, "Record 0 has not one key per value"),
        ([message([1], [1, 2], [4])], None, "Record 0 has not one key per value"),
        ([message([], [1], [4])], None, "Record 0 has not one key per value"),
        ([message([1], [3], [4]), message([1], [4], [4])], None, "Record 1 has a key of 4 or more"),
        ([message([1], [2**64 - 1], [4])], None, "Record 0 has a key of 4 or more"),
        ([message([1]), Record()], None, "Record 1 has no such tensor"),
        ([message([1], [0], [2**40, 2**40])] * 2, None, "does not fit into memory|has not"),
        (
            [message(shape=[2**60])] * 2,
            None,
            "Matrix does not fit into memory: 2 rows of 1152921504606846976",
        ),
    ],
)
def test_records_that_do_not_make_a_matrix_are_refused(records, dim, text):
    with pytest.raises(DataError, match=text):
        tensor(*records).dense(dim)


def test_sizes_whose_product_overflows_are_not_mistaken_for_small_ones():
    """2**32 times 2**32 is 0 in 64 bits."""
    with pytest.raises(DataError, match="Record 0 has not 0 numbers"):
        tensor(message(shape=[2**32, 2**32])).csr(0)


def test_huge_sparse_rows_are_read_as_csr():
    csr = tensor(message([1], [2**61 - 1], [2**61])).csr()
    assert (csr.dim, csr.indices.tolist()) == (2**61, [2**61 - 1])


def test_dense_rows_are_not_copied():
    decoded = decode(encode_tensors({"values": np.ones((3, 2))}).data)
    assert np.shares_memory(decoded.features["values"].dense(), decoded.features["values"].values)
    assert decoded.features["values"] is decoded.features["values"]
