"""Answers in LibSVM lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer
from sagemaker_spark_py.transformation.features import Array, Features
from sagemaker_spark_py.transformation.parsing import parse_numbers
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.vectors import to_vectors

_NOT_SEPARATORS = bytes(set(range(256)) - set(b" :\n"))
_ONE_PER_LINE = bytes.maketrans(b" :", b"\n\n")


@dataclass(frozen=True)
class LibSVMResponseRowDeserializer(ResponseRowDeserializer):
    """Reads lines of ``label index:value index:value``, indices counted from 1.

    Parameters
    ----------
    dim : int
        Size of the vectors.
    labelColumnName : str
        Column of the labels, a double.
    featuresColumnName : str
        Column of the values, a sparse vector.
    """

    dim: int
    labelColumnName: str
    featuresColumnName: str
    accepts = "text/x-libsvm"

    def __post_init__(self) -> None:
        """Refuse a size below 0."""
        if self.dim < 0:
            raise SettingError(f"dim is out of range: {self.dim}; expected 0 or more.")

    @property
    def schema(self) -> StructType:
        """The label and the vector."""
        return StructType(
            [
                StructField(self.labelColumnName, DoubleType(), nullable=False),
                StructField(self.featuresColumnName, VectorUDT(), nullable=False),
            ]
        )

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return labels and vectors; executor side.

        Raises
        ------
        ResponseError
            If a line is not in the format, or an index is not within 1 to `dim`.
        """
        lines = [b" ".join(line.split()) for line in body.splitlines() if line.strip()]
        labels, features = self._read(lines)
        columns = [pa.array(labels), to_vectors(features)]
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(self.schema))

    def _read(self, lines: list[bytes]) -> tuple[Array, Features]:
        text = b"\n".join(lines)
        if text.translate(None, _NOT_SEPARATORS).replace(b" :", b"").strip(b"\n"):
            raise ResponseError(
                "The answer is not in LibSVM format; expected lines of 'label index:value …'."
            )
        numbers = parse_numbers(text.translate(_ONE_PER_LINE))
        counts = np.array([line.count(b":") for line in lines], np.int64)
        indptr = np.append(0, np.cumsum(counts))
        is_label = np.zeros(len(numbers), bool)
        is_label[2 * indptr[:-1] + np.arange(len(lines))] = True
        indices, values = numbers[~is_label].reshape(-1, 2).T
        self._require_indices(indices)
        every = np.ones(len(lines), bool)
        positions = indices.astype(np.int64) - 1
        return numbers[is_label], Features(
            self.featuresColumnName, values, indptr, np.full(len(lines), self.dim), positions, every
        )

    def _require_indices(self, indices: Array) -> None:
        wrong = indices[~((indices >= 1) & (indices <= self.dim) & (indices == np.floor(indices)))]
        if len(wrong):
            raise ResponseError(
                f"The answer has an index out of range: {wrong[0]:g}; expected 1 to {self.dim}."
            )
