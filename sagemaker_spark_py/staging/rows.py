"""Arrow batches cut into slices small enough to be encoded one at a time, and read into arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation.columns import is_matrix, read_columns, read_features, read_numbers
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.invalid import Invalid
from sagemaker_spark_py.transformation.matrices import read_matrices

Array = npt.NDArray[Any]

SLICE_BYTES = 1 << 20
"""Arrow bytes that are encoded at once; large enough for NumPy, small beside a part of an upload."""


class Slice(NamedTuple):
    """Some consecutive rows of a partition, still in Arrow."""

    first_row: int
    batch: pa.RecordBatch


class Rows(NamedTuple):
    """Some consecutive rows, in Arrow and in arrays."""

    batch: pa.RecordBatch
    labels: Array | None
    features: Features
    weights: Array | None = None

    def float32(self) -> Rows:
        """Return the rows with their arrays in float32.

        Raises
        ------
        DataError
            If a finite number would become infinite; names the first such row. Others are rounded.
        """
        values = self.features.values
        narrow = _float32(f"Column {self.features.name!r}", values, self.features.row_of_entry)
        labels, weights = self._narrow("label", self.labels), self._narrow("weight", self.weights)
        return Rows(self.batch, labels, replace(self.features, values=narrow), weights)

    def _narrow(self, what: str, numbers: Array | None) -> Array | None:
        rows = len(self.batch)
        return None if numbers is None else _float32(f"The {what}", numbers, lambda: np.arange(rows))


def _float32(subject: str, numbers: Array, row_of: Callable[[], Array]) -> Array:
    try:
        with np.errstate(over="raise"):
            return numbers.astype(np.float32, copy=False)
    except FloatingPointError as error:
        large = _beyond_float32(numbers)[0]
        raise DataError(
            f"{subject} holds a number too large for float32: {numbers[large]} in row {row_of()[large]} of "
            "the batch; expected at most 3.4e38. Scale it first, or replace such values."
        ) from error


def _beyond_float32(numbers: Array) -> Array:
    """Return the positions of finite numbers that are infinite as float32."""
    with np.errstate(over="ignore"):
        found: Array = np.flatnonzero(np.isinf(numbers.astype(np.float32)) & np.isfinite(numbers))
    return found


@dataclass(frozen=True)
class Columns:
    """The columns that travel to the executors, in their roles.

    Parameters
    ----------
    label : str, optional
        A numeric column; `None` if rows have no label.
    features : tuple of str
        One column of vectors, matrices or arrays, or several numeric columns.
    flat : bool
        Whether `features` are numeric columns.
    weight : str, optional
        A numeric column that says how much each row counts.
    """

    label: str | None
    features: tuple[str, ...]
    flat: bool = False
    weight: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All of them: the label, the weight, the features."""
        return (*self._single, *self.features)

    @property
    def _single(self) -> tuple[str, ...]:
        return tuple(name for name in (self.label, self.weight) if name is not None)

    @property
    def named_features(self) -> str | tuple[str, ...]:
        """The features as serializers take them."""
        return self.features if self.flat else self.features[0]

    def read(self, batch: pa.RecordBatch, dim: int | None) -> Rows:
        """Read a batch of these columns in the order of `names`, whatever they are called there.

        Raises
        ------
        DataError
            If a label, weight or feature is null, a weight is below 0, or a row has not `dim` values.
        """
        first = len(self._single)
        labels = None if self.label is None else read_numbers(batch.column(0), name=self.label)
        weights = None if self.weight is None else _weights(batch.column(first - 1), self.weight)
        if self.flat:
            features = read_columns(batch.columns[first:], self.features, dim=dim)
        elif is_matrix(batch.column(first).type):
            features = read_matrices(batch.column(first), name=self.features[0])
            features.require_dim(features.dim if dim is None else dim)
        else:
            features = read_features(batch.column(first), name=self.features[0], dim=dim)
        return Rows(batch.rename_columns(list(self.names)), labels, features, weights)

    def clean(self, batch: pa.RecordBatch, invalid: Invalid) -> pa.RecordBatch:
        """Return what is left of a batch of these columns, as `read` takes it.

        Raises
        ------
        DataError
            If rows are invalid and must not be.
        """
        if invalid.is_idle:
            return batch
        first = len(self._single)
        named = batch.rename_columns(list(self.names))
        return invalid.clean(named, range(first, batch.num_columns), range(first)).batch


def _weights(column: pa.Array, name: str) -> Array:
    weights = read_numbers(column, name=name)
    wrong = np.flatnonzero(~((weights >= 0) & (weights < np.inf)))
    if len(wrong):
        raise DataError(
            f"Column {name!r} holds an impossible weight: {weights[wrong[0]]} in row {wrong[0]} of the "
            "batch; expected 0 or more. Fill or drop such rows first."
        )
    return weights


def sliced(
    batches: Iterable[pa.RecordBatch], columns: Columns, expand: bool, cuts: Sequence[int] = ()
) -> Iterator[Slice]:
    """Cut batches into slices of about `SLICE_BYTES`, without copying.

    Parameters
    ----------
    batches : iterable of RecordBatch
        The rows of one partition, in order. A batch is let go before the next one is asked for.
    columns : Columns
        What the batches hold.
    expand : bool
        Whether sparse rows will be filled up with zeros, so that a slice may hold fewer of them.
    cuts : sequence of int
        Row numbers, ascending, where a new slice must begin.
    """
    first_row = 0
    for batch in batches:
        rows = batch.num_rows
        wanted = {cut - first_row for cut in cuts if first_row < cut < first_row + rows}
        step = _rows_per_slice(batch, columns, expand) if rows else 1
        for start, end in pairwise(sorted({*range(0, rows, step), *wanted, rows})):
            yield Slice(first_row + start, batch.slice(start, end - start))
        first_row += rows
        del batch


def _rows_per_slice(batch: pa.RecordBatch, columns: Columns, expand: bool) -> int:
    row_bytes = max(batch.nbytes // batch.num_rows, 1)
    if expand:
        row_bytes = max(row_bytes, 8 * columns.read(batch.slice(0, 1), None).features.dim)
    return max(1, SLICE_BYTES // int(row_bytes))
