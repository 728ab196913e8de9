"""recordIO-protobuf records of several named tensors, for models that are not SageMaker's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.staging.formats import RecordIO, contents
from sagemaker_spark_py.staging.rows import Columns, Rows
from sagemaker_spark_py.transformation.columns import read_numbers
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.records import encode_named
from sagemaker_spark_py.transformation.tensors import read_tensors


@dataclass(frozen=True)
class TensorRecords(RecordIO):
    """One record per row with a float32 tensor for each column.

    Parameters
    ----------
    tensors : tuple of str
        Names of the tensors, in the order of the columns.
    """

    tensors: tuple[str, ...] = ()

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield framed records."""
        named = dict(zip(self.tensors, columns.features, strict=True))
        for some in map(Rows.float32, rows):
            yield contents(encode_named(read_tensors(some.batch, named), some.labels))


@dataclass(frozen=True)
class TensorColumns(Columns):
    """Columns of which each is a tensor: numbers, vectors, matrices or arrays of numbers."""

    def read(self, batch: pa.RecordBatch, dim: int | None) -> Rows:
        """Read a batch of these columns; the size of a row is that of all its tensors together.

        Raises
        ------
        DataError
            If a label or tensor is null, or tensors of one column differ in size.
        """
        labels = None if self.label is None else read_numbers(batch.column(0), name=self.label)
        named = batch.rename_columns(list(self.names))
        tensors = read_tensors(named, {name: name for name in self.features})
        total = sum(features.dim for features in tensors.values())
        # The numbers are read once more when they are written; here only sizes count.
        rows = batch.num_rows
        none, indptr = np.empty(0, np.int64), np.zeros(rows + 1, np.int64)
        sizes = np.full(rows, total)
        features = Features(", ".join(self.features), none, indptr, sizes, none, np.ones(rows, bool))
        if dim is not None and rows:
            features.require_dim(dim)
        return Rows(named, labels, features)
