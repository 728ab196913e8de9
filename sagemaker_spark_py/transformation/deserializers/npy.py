"""Answers that are one NumPy array."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer, wrong_count
from sagemaker_spark_py.transformation.deserializers.table import require_table, shares, to_column
from sagemaker_spark_py.transformation.features import Array
from sagemaker_spark_py.transformation.schemas import arrow_schema


@dataclass(frozen=True)
class NpyResponseRowDeserializer(ResponseRowDeserializer):
    """Reads an array of the shape ``(rows,)`` or ``(rows, values)``, in NumPy's format.

    Parameters
    ----------
    schema : str or StructType
        The columns, for example ``"prediction double"`` or ``"probabilities vector"``. Each column of numbers
        takes one of a row's values, and one column of vectors or arrays those that are left.
    """

    schema: Any = "prediction double"
    accepts = "application/x-npy"

    def __post_init__(self) -> None:
        """Read the schema."""
        object.__setattr__(self, "schema", as_schema(self.schema))
        require_table(self.schema)

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the array; executor side.

        Raises
        ------
        ResponseError
            If the answer is no such array, or its values do not fit the columns.
        """
        table = _table(body)
        if len(table) != rows:
            raise wrong_count(len(table), rows)
        widths = shares(self.schema, table.shape[1])
        ends = np.cumsum(widths)
        columns = [
            to_column(table[:, end - width : end], field)
            for field, width, end in zip(self.schema.fields, widths, ends, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(self.schema))


def _table(body: bytes) -> Array:
    file = io.BytesIO(body)
    try:
        array = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, MemoryError) as error:
        raise ResponseError(
            f"The answer is not an array in NumPy's format: {len(body)} bytes ({type(error).__name__})."
        ) from None
    if file.read(1):
        raise ResponseError("The answer goes on behind its array; expected one array.")
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        raise ResponseError(
            f"The answer is an array of {array.dtype} of {array.ndim} dimensions; expected numbers of 1 or 2."
        )
    # Arrow knows neither the other byte order nor, everywhere, half floats.
    array = array.astype(
        np.float32 if array.dtype == np.float16 else array.dtype.newbyteorder("="), copy=False
    )
    return array[:, np.newaxis] if array.ndim == 1 else array
