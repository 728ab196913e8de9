"""The numbers of a batch of rows, dense, sparse or both, as flat NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Features:
    """Numbers of all rows of one batch, one row after the other.

    Row ``i`` owns ``values[indptr[i]:indptr[i + 1]]``. In a dense row these are all its values; in a sparse
    row each has a position in `indices`, and all other positions are 0.

    Parameters
    ----------
    name : str
        The column, for messages.
    values : ndarray, shape (entries,)
        Numbers of any real dtype; a view of the Arrow data where possible.
    indptr : ndarray of int64, shape (rows + 1,)
        Where each row begins in `values`; ``indptr[0]`` is 0.
    dims : ndarray of int64, shape (rows,)
        How many values each row stands for.
    indices : ndarray of int, optional
        Positions of the values of the sparse rows only, one after the other; ``None`` if all rows are dense.
    is_sparse : ndarray of bool, shape (rows,), optional
        ``None`` if all rows are dense.
    shapes : ndarray of int64, shape (rows, 2), optional
        Rows and columns of matrices, whose values and positions count row by row; ``None`` for vectors.
    """

    name: str
    values: Array
    indptr: Array
    dims: Array
    indices: Array | None = None
    is_sparse: Array | None = None
    shapes: Array | None = None

    def __len__(self) -> int:
        return len(self.dims)

    @cached_property
    def dim(self) -> int:
        """Size that all rows share.

        Raises
        ------
        DataError
            If they differ.
        """
        if not len(self):
            return 0
        self.require_dim(int(self.dims[0]))
        return int(self.dims[0])

    def require_dim(self, dim: int) -> None:
        """Raise a DataError that names the first row whose size is not `dim`."""
        wrong = np.flatnonzero(self.dims != dim)
        if len(wrong):
            raise DataError(
                f"Column {self.name!r} holds rows of the wrong size: {self.dims[wrong[0]]} values in row "
                f"{wrong[0]} of the batch; expected {dim}. Give all rows the same size."
            )

    @property
    def is_rectangular(self) -> bool:
        """Whether all rows are dense and of one size, so that `dense` is a view."""
        return self.is_sparse is None and bool((self.dims == self.dims[:1]).all())

    def dense(self) -> Array:
        """Return all rows as an array of shape (rows, dim), sparse ones filled up with 0.

        Raises
        ------
        DataError
            If the rows' sizes differ.
        """
        if self.is_sparse is None:
            return self.values.reshape(len(self), self.dim)
        full = np.zeros((len(self), self.dim), self.values.dtype)
        full[self.row_of_entry(), self.all_indices()] = self.values
        return full

    def blocks(self, cells: int) -> Iterator[Features]:
        """Yield the rows in runs that stand for about so many values each."""
        step = max(1, cells // max(1, int(self.dims.max(initial=0))))
        for start in range(0, len(self), step):
            yield self.rows(slice(start, start + step))

    def rows(self, chosen: slice) -> Features:
        """Return consecutive rows as views."""
        start, stop, _ = chosen.indices(len(self))
        entries = slice(self.indptr[start], self.indptr[stop])
        indices, is_sparse = self.indices, self.is_sparse
        if indices is not None and is_sparse is not None:
            owned = np.append(0, np.cumsum(np.diff(self.indptr) * is_sparse))
            indices, is_sparse = indices[owned[start] : owned[stop]], is_sparse[start:stop]
        return replace(
            self,
            values=self.values[entries],
            indptr=self.indptr[start : stop + 1] - self.indptr[start],
            dims=self.dims[chosen],
            indices=indices,
            is_sparse=is_sparse,
            shapes=None if self.shapes is None else self.shapes[chosen],
        )

    def only(self, kept: Array) -> Features:
        """Return the rows as sparse ones with some of their entries, given by a mask over `values`."""
        lengths = np.bincount(self.row_of_entry()[kept], minlength=len(self))
        indptr = np.append(0, np.cumsum(lengths))
        indices = self.all_indices()[kept]
        sparse = np.ones(len(self), bool)
        return replace(self, values=self.values[kept], indptr=indptr, indices=indices, is_sparse=sparse)

    def row_of_entry(self) -> Array:
        """Return the row that each entry of `values` belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def all_indices(self) -> Array:
        """Return the position of each value, counted out in dense rows."""
        places = count_from_zero(self.indptr)
        if self.indices is not None and self.is_sparse is not None:
            places[np.repeat(self.is_sparse, np.diff(self.indptr))] = self.indices
        return places


def count_from_zero(indptr: Array) -> Array:
    """Return the position of each entry within its row."""
    places: Array = np.arange(indptr[-1]) - np.repeat(indptr[:-1], np.diff(indptr))
    return places


def rectangle(name: str, table: Array) -> Features:
    """Return the rows of a two-dimensional array as dense features."""
    rows, dim = table.shape
    return Features(name, table.reshape(-1), np.arange(rows + 1) * dim, np.full(rows, dim))
