"""One named tensor of a batch of records, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.ragged import Flags, Ints
from sagemaker_spark_py.recordio.varints import Uints

Numbers = npt.NDArray[Any]
_UNKNOWN = -1
_HUGE = 1 << 62


class Csr(NamedTuple):
    """A sparse matrix by rows, as `scipy.sparse.csr_array((values, indices, indptr), (n, dim))` takes it.

    Attributes
    ----------
    indptr : array of int64, shape (n + 1,)
    indices : array of int64
    values : array
    dim : int
        Number of columns.
    """

    indptr: Ints
    indices: Ints
    values: Numbers
    dim: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """One named tensor of n records.

    Attributes
    ----------
    kinds : array of int64, shape (n,)
        What each record has under this name: 2 float32, 3 float64, 7 int32, 9 bytes (the field
        numbers of the format), 0 nothing.
    values : array of float32, float64, int32 or uint8 (bytes)
        Numbers of all records, record i's are ``values[indptr[i]:indptr[i + 1]]``. Where records
        differ in kind the type is one that holds all of them.
    indptr : array of int64, shape (n + 1,)
    keys : array of uint64
        Places of the values of sparse tensors, record i's are ``keys[key_indptr[i]:key_indptr[i + 1]]``;
        dense tensors have none.
    key_indptr : array of int64, shape (n + 1,)
    shapes : array of uint64
        Dimensions of the tensors that state them, addressed likewise by `shape_indptr`.
    shape_indptr : array of int64, shape (n + 1,)
    """

    kinds: Ints
    values: Numbers
    indptr: Ints
    keys: Uints
    key_indptr: Ints
    shapes: Uints
    shape_indptr: Ints

    def __len__(self) -> int:
        return len(self.kinds)

    def dense(self, dim: int | None = None) -> Numbers:
        """Return all records as one matrix; tensors of higher rank are flattened row by row.

        Parameters
        ----------
        dim : int, optional
            Expected numbers per record; by default what the records say of themselves.

        Returns
        -------
        array of shape (n, dim)
            Of the type of `values`; a view of it where the records are dense, new otherwise.

        Raises
        ------
        DataError
            If a record has no such tensor, its size is not `dim`, or it contradicts itself.
        """
        dim = self._dim(dim)
        counts = np.diff(self.indptr)
        if (counts == dim).all() and not len(self.keys):
            return self.values.reshape(len(self), dim)
        matrix = _zeros(len(self), dim, self.values.dtype)
        matrix[np.repeat(np.arange(len(self)), counts), self._indices()] = self.values
        return matrix

    def csr(self, dim: int | None = None) -> Csr:
        """Return all records as one sparse matrix; dense ones with every place, zero or not.

        Parameters
        ----------
        dim : int, optional
            Expected numbers per record; by default what the records say of themselves.

        Returns
        -------
        Csr
            Entries in the order of the records, not sorted.

        Raises
        ------
        DataError
            If a record has no such tensor, its size is not `dim`, or it contradicts itself.
        """
        dim = self._dim(dim)
        return Csr(self.indptr, self._indices(), self.values, dim)

    def repeat(self, times: int, values: Numbers) -> Tensor:
        """Return the only record of this tensor repeated, with other `values` of the same number."""
        return Tensor(
            np.repeat(self.kinds, times),
            values,
            np.arange(times + 1) * self.indptr[-1],
            np.tile(self.keys, times),
            np.arange(times + 1) * self.key_indptr[-1],
            np.tile(self.shapes, times),
            np.arange(times + 1) * self.shape_indptr[-1],
        )

    def present(self) -> Tensor:
        """Return the records that have such a tensor."""
        kept = self.kinds != wire.NOTHING

        def pointers(indptr: Ints) -> Ints:
            # The others own nothing, so that all that is kept stays where it is.
            return np.append(indptr[:-1][kept], indptr[-1])

        return replace(
            self,
            kinds=self.kinds[kept],
            indptr=pointers(self.indptr),
            key_indptr=pointers(self.key_indptr),
            shape_indptr=pointers(self.shape_indptr),
        )

    def _indices(self) -> Ints:
        """Return the place in its row of each value."""
        counts = np.diff(self.indptr)
        is_sparse = np.diff(self.key_indptr) > 0
        if is_sparse[counts > 0].all():
            return self.keys.astype(np.int64)
        places: Ints = np.arange(len(self.values)) - np.repeat(self.indptr[:-1], counts)
        places[np.repeat(is_sparse, counts)] = self.keys
        return places

    def _dim(self, dim: int | None) -> int:
        """Check all records against `dim` or, without it, against the first of them."""
        counts, key_counts = np.diff(self.indptr), np.diff(self.key_indptr)
        sizes = self._sizes()
        _refuse(self.kinds == wire.NOTHING, "has no such tensor")
        _refuse((key_counts > 0) & (key_counts != counts), "has not one key per value")
        if dim is None:
            _refuse(sizes == _UNKNOWN, "has keys but no shape, which dim could replace")
            dim = int(sizes[0]) if len(sizes) else 0
        _refuse((sizes != dim) & (sizes != _UNKNOWN), f"has not {dim} numbers")
        _refuse(
            (key_counts == 0) & (counts > 0) & (counts != dim), "has not as many values as its shape says"
        )
        outside = np.zeros(len(self), np.bool_)
        wrong = np.flatnonzero(self.keys >= np.uint64(dim))
        outside[np.searchsorted(self.key_indptr, wrong, "right") - 1] = True
        _refuse(outside, f"has a key of {dim} or more")
        return dim

    def _sizes(self) -> Ints:
        """Return how many numbers each record's tensor has when it is written out."""
        sizes = np.where(np.diff(self.key_indptr) > 0, _UNKNOWN, np.diff(self.indptr))
        shaped = np.flatnonzero(np.diff(self.shape_indptr))
        if shaped.size:
            firsts = self.shape_indptr[shaped]
            exact = np.multiply.reduceat(self.shapes, firsts)
            rough = np.multiply.reduceat(self.shapes.astype(np.float64), firsts)
            sizes[shaped] = np.where(rough < _HUGE, exact, np.uint64(_HUGE)).astype(np.int64)
        return sizes


def _refuse(wrong: Flags, problem: str) -> None:
    records = np.flatnonzero(wrong)
    if records.size:
        raise DataError(f"Record {records[0]} {problem}")


def _zeros(rows: int, dim: int, dtype: np.dtype[np.generic]) -> Numbers:
    try:
        return np.zeros((rows, dim), dtype)
    except (MemoryError, ValueError) as error:
        raise DataError(
            f"Matrix does not fit into memory: {rows} rows of {dim} numbers. Read it as CSR."
        ) from error
