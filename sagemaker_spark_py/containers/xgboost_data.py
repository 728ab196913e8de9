"""Reading for the XGBoost images: CSV with a sniffed delimiter, libsvm, Parquet and recordIO."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sagemaker_spark_py.containers.job import Channel
from sagemaker_spark_py.containers.records import read_recordio
from sagemaker_spark_py.containers.rows import Matrix, Rows, stack
from sagemaker_spark_py.containers.xgboost_settings import CSV, LIBSVM, PARQUET, RECORDIO
from sagemaker_spark_py.errors import ContainerError

_SNIFFED_CHARACTERS = 512


@dataclass(frozen=True)
class Examples:
    """Labelled rows and, where the data has them, their weights."""

    rows: Rows
    weights: np.ndarray | None = None


def read_examples(channel: Channel, kind: str, csv_weights: bool) -> list[Examples]:
    """Return the examples of each file of a channel, but of none named with a leading dot or underscore."""
    files = [path for path in channel.files() if not path.name.startswith((".", "_"))]
    bodies = [body for path in files if (body := path.read_bytes()) and not body.isspace()]
    try:
        return [_READERS[kind](body, csv_weights) for body in bodies]
    except ContainerError as error:
        raise ContainerError(f"Failed to load {kind} data with exception:\n{error}") from error


def concatenate(parts: Sequence[Examples]) -> Examples:
    """Join the examples of several files; narrow libsvm files are widened, absent weights are 1."""
    width = max(part.rows.dim for part in parts)
    features = stack([_widened(part.rows.features, width) for part in parts])
    labels = np.concatenate([part.rows.labels for part in parts if part.rows.labels is not None])
    if all(part.weights is None for part in parts):
        return Examples(Rows(features, labels))
    weights = [np.ones(part.rows.count) if part.weights is None else part.weights for part in parts]
    return Examples(Rows(features, labels), np.concatenate(weights))


def parse_csv(body: bytes) -> np.ndarray:
    """Return a float32 table; empty cells become NaN.

    The delimiter is guessed from the first line by Python's `csv.Sniffer`, as AWS's images do, with its
    mistakes: a single column of numbers may be split at a minus sign.
    """
    text = body.strip().decode("utf-8")
    try:
        delimiter = csv.Sniffer().sniff(text.split("\n")[0][:_SNIFFED_CHARACTERS]).delimiter
    except csv.Error as error:
        raise ContainerError(f"the delimiter of the CSV cannot be told: {error}") from error
    delimiter = "," if delimiter.isalnum() else delimiter
    try:
        return np.loadtxt(io.StringIO(text), np.float32, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        return _parse_csv_with_gaps(text, delimiter)


def _parse_csv_with_gaps(text: str, delimiter: str) -> np.ndarray:
    try:
        cells = [[cell.strip() or "nan" for cell in line.split(delimiter)] for line in text.split("\n")]
        return np.array(cells).astype(np.float32)
    except ValueError as error:
        raise ContainerError(f"the CSV cannot be read: {error}") from error


def parse_libsvm(lines: Sequence[str]) -> sparse.csr_matrix:
    """Return the ``index:value`` items of each line as one matrix, with indices as they are."""
    items = [[item for item in line.split() if ":" in item] for line in lines]
    counts = [len(row) for row in items]
    try:
        numbers = np.array(
            " ".join(item for row in items for item in row).replace(":", " ").split(), np.float64
        )
        pairs = numbers.reshape(-1, 2)
        indices = pairs[:, 0].astype(np.int64)
        if (indices < 0).any() or (indices != pairs[:, 0]).any():
            raise ValueError("indices must be whole numbers from 0 on")
    except ValueError as error:
        raise ContainerError(f"the libsvm cannot be read: {error}") from error
    width = int(indices.max()) + 1 if indices.size else 0
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_matrix((pairs[:, 1].astype(np.float32), indices, indptr), shape=(len(items), width))


def _csv_examples(body: bytes, csv_weights: bool) -> Examples:
    table = parse_csv(body)
    first = 2 if csv_weights else 1
    return Examples(Rows(table[:, first:], table[:, 0]), table[:, 1] if csv_weights else None)


def _libsvm_examples(body: bytes, csv_weights: bool) -> Examples:
    """Read ``label[:weight] index:value ...`` lines; indices count from 0, XGBoost's default."""
    lines = [line.split(None, 1) for line in body.decode("utf-8").splitlines() if line.strip()]
    heads = [line[0].partition(":") for line in lines]
    try:
        labels = np.array([head[0] for head in heads]).astype(np.float32)
        weights = np.array([head[2] or "1" for head in heads]).astype(np.float32)
    except ValueError as error:
        raise ContainerError(
            f"First line '{' '.join(lines[0])[:50]}...' is not 'LIBSVM' format. "
            "Please ensure the file is in 'LIBSVM' format."
        ) from error
    features = parse_libsvm([line[1] if len(line) > 1 else "" for line in lines])
    return Examples(Rows(features, labels), weights if any(head[2] for head in heads) else None)


def _parquet_examples(body: bytes, csv_weights: bool) -> Examples:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(body))
        columns = [column.to_numpy().astype(np.float32) for column in table.columns]
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise ContainerError(f"the Parquet cannot be read: {error}") from error
    return Examples(Rows(np.column_stack(columns[1:]), columns[0]))


def _recordio_examples(body: bytes, csv_weights: bool) -> Examples:
    rows = read_recordio(body)
    if rows.labels is None:
        raise ContainerError("the records have no label under the key 'values'")
    return Examples(rows)


def _widened(features: Matrix, width: int) -> Matrix:
    if features.shape[1] == width:
        return features
    wide = sparse.csr_matrix(features)
    return sparse.csr_matrix((wide.data, wide.indices, wide.indptr), shape=(wide.shape[0], width))


_READERS: dict[str, Callable[[bytes, bool], Examples]] = {
    CSV: _csv_examples,
    LIBSVM: _libsvm_examples,
    PARQUET: _parquet_examples,
    RECORDIO: _recordio_examples,
}
