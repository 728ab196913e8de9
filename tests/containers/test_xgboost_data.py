from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.containers.job import Channel
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.containers.xgboost_data import (
    Examples,
    concatenate,
    parse_csv,
    parse_libsvm,
    read_examples,
)
from sagemaker_spark_py.errors import ContainerError

from .exercises import parquet
from .harness import csv, recordio

ROWS = np.array([[1.5, 0, -2], [0, 3, 0]], np.float32)
LABELS = np.array([1, 0], np.float32)


def _read(base: Path, kind: str, csv_weights: bool = False, **files: bytes) -> list[Examples]:
    for name, content in files.items():
        (base / name).write_bytes(content)
    return read_examples(Channel("train", "", "File", "FullyReplicated", base), kind, csv_weights)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("csv", csv(ROWS, LABELS)),
        ("csv", b"1;1.5;0;-2\n0;0;3;0"),
        ("libsvm", b"1 0:1.5 2:-2\n0 1:3\n\n"),
        ("parquet", parquet(ROWS, LABELS)),
        ("recordio-protobuf", recordio(ROWS, LABELS)),
    ],
)
def test_every_format_is_read(tmp_path: Path, kind: str, body: bytes) -> None:
    (examples,) = _read(tmp_path, kind, a=body)
    features = examples.rows.features
    np.testing.assert_array_equal(features.toarray() if sparse.issparse(features) else features, ROWS)
    np.testing.assert_array_equal(examples.rows.labels, LABELS)
    assert examples.weights is None


def test_hidden_and_empty_files_are_skipped(tmp_path: Path) -> None:
    files = {"a": csv(ROWS, LABELS), ".b": b"x", "_SUCCESS": b"", "c": b"\n"}
    assert len(_read(tmp_path, "csv", **files)) == 1


def test_weights_are_the_second_column_of_csv(tmp_path: Path) -> None:
    (examples,) = _read(tmp_path, "csv", csv_weights=True, a=b"1,0.5,7,8\n0,2,9,10\n")
    np.testing.assert_array_equal(examples.weights, [0.5, 2])
    np.testing.assert_array_equal(examples.rows.features, [[7, 8], [9, 10]])


def test_weights_follow_labels_in_libsvm(tmp_path: Path) -> None:
    (examples,) = _read(tmp_path, "libsvm", a=b"1:0.5 0:7\n0 0:9\n")
    np.testing.assert_array_equal(examples.weights, [0.5, 1])
    np.testing.assert_array_equal(examples.rows.labels, [1, 0])


def test_libsvm_of_spark_has_one_empty_column_more(tmp_path: Path) -> None:
    """Spark counts from 1, and training does not shift."""
    (examples,) = _read(tmp_path, "libsvm", a=b"1 1:7 2:8\n")
    np.testing.assert_array_equal(examples.rows.features.toarray(), [[0, 7, 8]])


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("csv", b"1,a\n", "the CSV cannot be read"),
        ("csv", b"1,2\n1,2,3\n", "the CSV cannot be read"),
        ("libsvm", b"x 0:1\n", "First line 'x 0:1...' is not 'LIBSVM' format"),
        ("libsvm", b"1 0:a\n", "the libsvm cannot be read"),
        ("libsvm", b"1 -1:1\n", "whole numbers from 0 on"),
        ("libsvm", b"1 0.5:1\n", "whole numbers from 0 on"),
        ("libsvm", b"1 0:1:2\n", "the libsvm cannot be read"),
        ("parquet", b"PAR1 nonsense", "the Parquet cannot be read"),
        ("recordio-protobuf", b"nonsense", "recordIO cannot be read"),
        ("recordio-protobuf", recordio(ROWS), "no label"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, kind: str, body: bytes, text: str) -> None:
    with pytest.raises(ContainerError, match=f"Failed to load {kind} data") as caught:
        _read(tmp_path, kind, a=body)
    assert text in str(caught.value)


def test_narrow_files_are_widened(tmp_path: Path) -> None:
    joined = concatenate(_read(tmp_path, "libsvm", a=b"1 0:1\n", b=b"0 3:2\n"))
    np.testing.assert_array_equal(joined.rows.features.toarray(), [[1, 0, 0, 0], [0, 0, 0, 2]])
    np.testing.assert_array_equal(joined.rows.labels, [1, 0])


def test_files_without_weights_count_once(tmp_path: Path) -> None:
    joined = concatenate(_read(tmp_path, "libsvm", a=b"1:3 0:1\n", b=b"0 0:2\n"))
    np.testing.assert_array_equal(joined.weights, [3, 1])


def test_dense_files_of_one_width_stay_dense() -> None:
    joined = concatenate([Examples(Rows(ROWS, LABELS), LABELS), Examples(Rows(ROWS, LABELS), LABELS)])
    assert isinstance(joined.rows.features, np.ndarray)
    np.testing.assert_array_equal(joined.weights, [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("body", "table"),
    [
        (b"1,2\n3,4", [[1, 2], [3, 4]]),
        (b"1\t2\n3\t4\n", [[1, 2], [3, 4]]),
        (b"1|2\n", [[1, 2]]),
        (b"1,,2\n,4,5\n", [[1, np.nan, 2], [np.nan, 4, 5]]),
        (b"1e-3,2\n", [[0.001, 2]]),
    ],
)
def test_csv_is_split_where_its_first_line_says(body: bytes, table: list[list[float]]) -> None:
    np.testing.assert_allclose(parse_csv(body), table, rtol=1e-6)


def test_a_single_column_is_split_at_a_minus_sign() -> None:
    """The images do this too: a reason to send two columns or more."""
    with pytest.raises(ContainerError, match=r"1\.5e"):
        parse_csv(b"-1.5e-3")
    np.testing.assert_array_equal(parse_csv(b"15\n20"), [[15], [20]])


def test_libsvm_rows_without_features_are_rows() -> None:
    matrix = parse_libsvm(["0 0:1", "0", "1 2:5"])
    np.testing.assert_array_equal(matrix.toarray(), [[1, 0, 0], [0, 0, 0], [0, 0, 5]])
