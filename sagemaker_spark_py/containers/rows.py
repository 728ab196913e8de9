"""Rows in memory: features, labels, outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse

from sagemaker_spark_py.errors import ContainerError

Matrix: TypeAlias = "np.ndarray | sparse.csr_matrix"
"""Rows of float32 features: (n, d), dense or CSR."""

Columns: TypeAlias = Mapping[str, np.ndarray]
"""Outputs by key: each (n,) for a number per row, or (n, m) for a list per row."""


@dataclass(frozen=True)
class Rows:
    """Decoded rows.

    Attributes
    ----------
    features : ndarray or csr_matrix
        float32 (n, d).
    labels : ndarray or None
        float32 (n,) for one label per row, (n, m) for several, None without.
    """

    features: Matrix
    labels: np.ndarray | None = None

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self.features.shape[0])

    @property
    def dim(self) -> int:
        """Number of features of each row."""
        return int(self.features.shape[1])


def dense(matrix: Matrix) -> np.ndarray:
    """Return float64 (n, d), dense."""
    return np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray(), dtype=np.float64)


def squared(matrix: Matrix) -> Matrix:
    """Return the square of each number; sparse stays sparse."""
    return matrix * matrix if isinstance(matrix, np.ndarray) else matrix.multiply(matrix).tocsr()


def stack(matrices: Sequence[Matrix]) -> Matrix:
    """Join rows in order; sparse as soon as one of them is sparse."""
    if any(map(sparse.issparse, matrices)):
        return sparse.vstack(matrices, "csr")
    return np.concatenate(matrices)


EMPTY = Rows(np.empty((0, 0), dtype=np.float32))


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Join parts in order; sparse as soon as one of them is sparse."""
    parts = [part for part in parts if part.count]
    if not parts:
        return EMPTY
    dims = {part.dim for part in parts}
    if len(dims) > 1:
        raise ContainerError(f"rows differ in size: {sorted(dims)} features; expected one size")
    labelled = {part.labels is not None and part.labels.shape[1:] for part in parts}
    if len(labelled) > 1:
        raise ContainerError("some files have labels and others do not; expected labels in all or in none")
    labels = [part.labels for part in parts if part.labels is not None]
    features = stack([part.features for part in parts])
    return Rows(features, np.concatenate(labels) if labels else None)


def to_arrays(rows: Rows) -> dict[str, np.ndarray]:
    """Take rows apart into named arrays, as ``.npz`` files hold them."""
    labels = {} if rows.labels is None else {"labels": rows.labels}
    if isinstance(rows.features, np.ndarray):
        return {"values": rows.features, **labels}
    matrix = rows.features
    shape = np.array(matrix.shape)
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": shape, **labels}


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Rows:
    """Put together what `to_arrays` took apart."""
    labels = arrays.get("labels")
    if "values" in arrays:
        return Rows(arrays["values"], labels)
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    return Rows(sparse.csr_matrix(parts, shape=tuple(arrays["shape"])), labels)
