from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.containers.records import read_recordio, write_recordio
from sagemaker_spark_py.errors import ContainerError
from sagemaker_spark_py.recordio import decode

from .harness import decode_labels, recordio, sparse_recordio

ROWS = np.array([[1.5, 0, -2], [0, 3, 0], [7, 8, 9]], np.float32)
LABELS = np.array([1, 0, 2], np.float32)


def test_dense_records_become_a_dense_matrix() -> None:
    rows = read_recordio(recordio(ROWS, LABELS))
    np.testing.assert_array_equal(rows.features, ROWS)
    np.testing.assert_array_equal(rows.labels, LABELS)
    assert read_recordio(recordio(ROWS)).labels is None


def test_sparse_records_become_a_sparse_matrix() -> None:
    values = np.vstack([ROWS, np.zeros(3, np.float32)])
    rows = read_recordio(sparse_recordio(values))
    assert sparse.issparse(rows.features)
    np.testing.assert_array_equal(rows.features.toarray(), values)


def test_records_of_zeros_only_keep_their_width() -> None:
    rows = read_recordio(sparse_recordio(np.zeros((2, 5), np.float32)))
    assert rows.features.shape == (2, 5)


@pytest.mark.parametrize("body", [b"nonsense", recordio(ROWS)[:-3], recordio(ROWS) + recordio(ROWS[:, :2])])
def test_records_that_cannot_be_read_are_refused(body: bytes) -> None:
    with pytest.raises(ContainerError, match="recordIO cannot be read"):
        read_recordio(body)


def test_records_without_features_are_refused() -> None:
    with pytest.raises(ContainerError, match="no features"):
        read_recordio(write_recordio({"values": np.array([1.0])}))


def test_answers_are_read_back_by_other_readers() -> None:
    columns = {"score": np.array([[0.1, 0.9], [0.5, 0.5]]), "predicted_label": np.array([1, 0])}
    body = write_recordio(columns)
    for read in (decode_labels(body), {name: tensor.dense() for name, tensor in decode(body).label.items()}):
        np.testing.assert_array_equal(read["score"], columns["score"].astype(np.float32))
        np.testing.assert_array_equal(read["predicted_label"], [[1], [0]])


def test_wide_answers_have_long_lengths() -> None:
    columns = {"projection": np.arange(3000, dtype=np.float32).reshape(2, 1500)}
    np.testing.assert_array_equal(decode_labels(write_recordio(columns))["projection"], columns["projection"])
