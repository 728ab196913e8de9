"""What callers hand in, checked and converted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio.ragged import Flags, Ints
from sagemaker_spark_py.recordio.varints import Whole

Numbers = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


def real_numbers(array: npt.ArrayLike, name: str) -> Numbers:
    """Return an array of floats, integers or booleans as it is."""
    numbers = np.asarray(array)
    if numbers.dtype.kind not in "fiub":
        raise DataError(
            f"Array {name} has an unusable type: {numbers.dtype}; expected real numbers. "
            "Convert it, for example with astype('float32')."
        )
    return numbers


def floats(array: npt.ArrayLike, name: str) -> Floats:
    """Return numbers as float32; what is too large becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(real_numbers(array, name), "<f4")


def integers(array: npt.ArrayLike, name: str) -> Whole:
    """Return an array of integers as it is; an empty one may be of any type."""
    numbers = np.asarray(array)
    if numbers.size == 0:
        return np.empty(0, np.int64)
    if numbers.dtype.kind not in "iu":
        raise DataError(f"Array {name} has the wrong type: {numbers.dtype}; expected integers.")
    return numbers


def per_row(array: Numbers, rows: int, name: str) -> Numbers:
    """Check that there is one number for each row."""
    if array.shape != (rows,):
        raise DataError(f"Array {name} has the wrong shape: {array.shape}; expected one per row: ({rows},).")
    return array


def labels(array: npt.ArrayLike, rows: int) -> Numbers:
    """Return one real number for each row."""
    return per_row(real_numbers(array, "labels"), rows, "labels")


def sizes(array: npt.ArrayLike, rows: int, name: str) -> Ints:
    """Return one size for each row."""
    found: Ints = per_row(integers(array, name), rows, name).astype(np.int64)
    wrong = np.flatnonzero(found < 0)
    if wrong.size:
        raise DataError(f"Array {name} is negative in row {wrong[0]}: {found[wrong[0]]}; expected a size.")
    return found


def flags(array: npt.ArrayLike, name: str) -> Flags:
    """Return a vector of booleans."""
    found = np.asarray(array)
    if found.ndim != 1 or (found.dtype != np.bool_ and found.size):
        raise DataError(f"Array {name} has the wrong type: {found.dtype}; expected booleans.")
    return found.astype(np.bool_, copy=False)


def bounds(indptr: npt.ArrayLike, rows: int) -> Ints:
    """Return where each row's values start, and where the last one's end."""
    found: Ints = integers(indptr, "indptr").astype(np.int64)
    if found.shape != (rows + 1,) or found[0] < 0 or (np.diff(found) < 0).any():
        raise DataError(
            f"Array indptr does not fit {rows} rows; expected {rows + 1} numbers that ascend from 0."
        )
    return found


def cut(values: Floats, indptr: Ints) -> tuple[Floats, Ints]:
    """Return the values that `indptr` speaks of, and `indptr` counted from the first of them."""
    if indptr[-1] > len(values):
        raise DataError(
            f"Array values is too short: {len(values)}; expected the {indptr[-1]} that indptr asks for."
        )
    return values[indptr[0] : indptr[-1]], indptr - indptr[0]


def shapes(array: npt.ArrayLike, dims: Ints) -> Ints:
    """Return the dimensions of each row, whose product is its number of places."""
    found: Ints = integers(array, "shapes").astype(np.int64)
    if not len(dims):
        return np.empty((0, 1), np.int64)
    if found.ndim != 2 or len(found) != len(dims):
        raise DataError(f"Array shapes has the wrong shape: {found.shape}; expected ({len(dims)}, rank).")
    wrong = np.flatnonzero((found < 0).any(axis=1) | (found.prod(axis=1) != dims))
    if wrong.size:
        raise DataError(
            f"Row {wrong[0]} has a shape that does not fit: {found[wrong[0]].tolist()}; "
            f"expected {dims[wrong[0]]} places."
        )
    return found


def check_dense(chosen: Flags, indptr: Ints, dims: Ints) -> None:
    """Check that the chosen rows have a value for each place."""
    counts = np.diff(indptr)
    wrong = np.flatnonzero(chosen & (counts != dims))
    if wrong.size:
        raise DataError(
            f"Row {wrong[0]} has the wrong number of values: {counts[wrong[0]]}; expected {dims[wrong[0]]}."
        )


def check_indices(indices: Whole, indptr: Ints, limits: Ints) -> None:
    """Check that there are as many indices as `indptr` says and that each row's are below its limit."""
    if indices.shape != (indptr[-1],):
        raise DataError(
            f"Array indices has the wrong shape: {indices.shape}; "
            f"expected one per value of the sparse rows: ({indptr[-1]},)."
        )
    # One limit for all rows, as is usual, needs no array of limits.
    if not len(indices) or (indices.min() >= 0 and indices.max() < limits.min()):
        return
    wrong = np.flatnonzero((indices < 0) | (indices >= np.repeat(limits, np.diff(indptr))))
    if wrong.size:
        row = int(np.searchsorted(indptr, wrong[0], "right")) - 1
        raise DataError(
            f"Row {row} has an index outside of it: {indices[wrong[0]]}; expected 0 to {limits[row] - 1}."
        )
