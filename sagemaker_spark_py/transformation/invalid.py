"""Rows that hold what an algorithm cannot take: refused, left out, or sent with what is missing as NaN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation.columns import is_matrix, is_vector
from sagemaker_spark_py.transformation.features import Array

HANDLINGS = ("error", "skip", "keep")
"""What ``handleInvalid`` may be."""

NUMBERS = ("all", "nan", "finite")
"""Which numbers an algorithm takes: all, finite ones and NaN, or finite ones only."""

_STRICTER = {"all": "all", "nan": "finite", "finite": "finite"}
"""Which numbers labels and weights may be: they have no missing value."""

_EXPECTED = {"nan": "finite numbers or NaN", "finite": "finite numbers"}


class Cleaned(NamedTuple):
    """A batch as it can be sent.

    Attributes
    ----------
    batch : pyarrow.RecordBatch
        The rows that are left.
    kept : ndarray of bool, shape (rows before,), optional
        Which of the rows they are; `None` if all are.
    """

    batch: pa.RecordBatch
    kept: Array | None


@dataclass(frozen=True)
class Invalid:
    """What counts as invalid in a row, and what becomes of such a row; the same in training and inference.

    Null is always invalid; which numbers are, the algorithm says.

    Parameters
    ----------
    handling : str
        ``"error"``: refuse the batch. ``"skip"``: leave the row out. ``"keep"``: let it pass; null becomes
        NaN if the algorithm takes NaN, in numeric columns and in arrays.
    numbers : str
        One of `NUMBERS`.
    """

    handling: str = "error"
    numbers: str = "all"

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do here, because readers refuse null by themselves."""
        return self.handling == "error" and self.numbers == "all"

    def clean(self, batch: pa.RecordBatch, features: Sequence[int], others: Sequence[int] = ()) -> Cleaned:
        """Return what is left of a batch. Runs on executors.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            Some rows.
        features : sequence of int
            Positions of the columns that hold features.
        others : sequence of int
            Positions of numeric columns that have no missing value: label and weight.

        Raises
        ------
        DataError
            If rows are invalid and the handling is ``"error"``; names the first one.
        """
        if self.is_idle:
            return Cleaned(batch, None)
        if self.handling != "skip":
            self._refuse(batch, others, _STRICTER[self.numbers])
        if self.handling == "error":
            self._refuse(batch, features, self.numbers)
        if self.handling == "keep" and self.numbers != "finite":
            batch = _filled(batch, features)
        if self.handling != "skip":
            return Cleaned(batch, None)
        masks = [_valid_numbers(batch.column(place), _STRICTER[self.numbers]) for place in others]
        masks += [_valid_numbers(batch.column(place), self.numbers) for place in features]
        masks += [_without_null(batch.column(place)) for place in (*others, *features)]
        kept = np.logical_and.reduce(masks)
        return Cleaned(batch, None) if kept.all() else Cleaned(batch.filter(pa.array(kept)), kept)

    def _refuse(self, batch: pa.RecordBatch, places: Sequence[int], numbers: str) -> None:
        """Refuse rows that hold numbers which are not taken; null is left to who reads them."""
        for place in places:
            valid = _valid_numbers(batch.column(place), numbers)
            if not valid.all():
                raise DataError(
                    f"Column {batch.schema.names[place]!r} holds an invalid number: row "
                    f"{int(valid.argmin())} of the batch ({int((~valid).sum())} of {len(valid)} rows); "
                    f"expected {_EXPECTED[numbers]}. Fill or drop such rows first, or set handleInvalid "
                    "to 'skip'."
                )


NULL_ONLY = Invalid()
"""Refuses null, whatever the numbers."""


def _valid_numbers(column: pa.Array, numbers: str) -> Array:
    """Return for each row whether its numbers are taken, nulls aside."""
    if numbers == "all":
        return np.ones(len(column), bool)
    return _every(column, lambda leaf: _taken(leaf, numbers))


def _without_null(column: pa.Array) -> Array:
    """Return for each row whether it holds no null."""
    valid: Array = np.asarray(column.is_valid())
    return valid & _every(column, lambda leaf: np.asarray(leaf.is_valid()) if leaf.null_count else None)


def _every(column: pa.Array, good: Callable[[pa.Array], Array | None]) -> Array:
    """Return for each row whether `good` holds of all its numbers; `None` from it means of all there are."""
    kind = column.type
    if is_vector(kind) or is_matrix(kind):
        column = column.field("values")
    elif pa.types.is_struct(kind):
        fields = [_every(column.field(i), good) for i in range(kind.num_fields)]
        whole: Array = np.logical_and.reduce(fields)
        return whole
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        found = good(column)
        return np.ones(len(column), bool) if found is None else found
    offsets = np.asarray(column.offsets).astype(np.int64)
    found = good(column.values.slice(offsets[0], offsets[-1] - offsets[0]))
    if found is None:
        return np.ones(len(column), bool)
    before = np.append(0, np.cumsum(~found))
    starts = offsets - offsets[0]
    clean: Array = before[starts[1:]] == before[starts[:-1]]
    return clean


def _taken(leaf: pa.Array, numbers: str) -> Array | None:
    if not pa.types.is_floating(leaf.type):
        return None
    values = np.asarray(leaf.fill_null(0) if leaf.null_count else leaf)
    with np.errstate(over="ignore", invalid="ignore"):
        # A sum is much cheaper than a look at each number, and finite only if all of them are.
        if np.isfinite(values.sum()):
            return None
    taken: Array = ~np.isinf(values) if numbers == "nan" else np.isfinite(values)
    return taken


def _filled(batch: pa.RecordBatch, places: Sequence[int]) -> pa.RecordBatch:
    """Put NaN in the place of null numbers."""
    columns = list(batch.columns)
    for place in places:
        columns[place] = _nan_for_null(columns[place])
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _nan_for_null(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        offsets = np.asarray(column.offsets)
        child = column.values.slice(offsets[0], offsets[-1] - offsets[0])
        if not child.null_count:
            return column
        starts = pa.array(offsets - offsets[0], column.offsets.type)
        mask = column.is_null() if column.null_count else None
        lists = pa.ListArray if pa.types.is_list(kind) else pa.LargeListArray
        return lists.from_arrays(starts, _nan_for_null(child), mask=mask)
    if pa.types.is_struct(kind) or not column.null_count:
        return column
    return pc.fill_null(column.cast(pa.float64()), np.nan)
