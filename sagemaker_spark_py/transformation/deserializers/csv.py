"""Answers in comma-separated values."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer, wrong_count
from sagemaker_spark_py.transformation.deserializers.table import require_table, shares, to_column
from sagemaker_spark_py.transformation.features import Array, rectangle
from sagemaker_spark_py.transformation.parsing import parse_columns, parse_table
from sagemaker_spark_py.transformation.schemas import arrow_schema, is_vector_like
from sagemaker_spark_py.transformation.vectors import to_vectors


@dataclass(frozen=True)
class CSVResponseRowDeserializer(ResponseRowDeserializer):
    """Reads a line of comma-separated values for each row, without a header.

    Parameters
    ----------
    schema : str or StructType
        The columns in their order, for example ``"label string, score double"``. Each takes one value, an
        empty one being null, and one column of vectors or arrays of numbers those that are left. Texts may be
        quoted, unless there is such a column.
    """

    schema: Any = "prediction double"
    accepts = "text/csv"

    def __post_init__(self) -> None:
        """Read the schema."""
        object.__setattr__(self, "schema", as_schema(self.schema))
        require_table(self.schema, (StringType,))

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns; executor side.

        Raises
        ------
        ResponseError
            If lines differ in length, a value does not fit its column, or there are not as many as rows.
        """
        kinds = self._kinds(body)
        found = parse_columns(body, [kind for kind, width in kinds for _ in range(width)])
        if found.num_rows != rows:
            raise wrong_count(found.num_rows, rows)
        taken = iter(found.columns)
        columns = [
            _filled(field, [next(taken) for _ in range(width)], rows)
            for field, (_, width) in zip(self.schema.fields, kinds, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(self.schema))

    def _kinds(self, body: bytes) -> list[tuple[pa.DataType, int]]:
        """Return the type of each column's values, and how many of a line's it takes."""
        lists = [is_vector_like(field.dataType) for field in self.schema.fields]
        first_line = body.partition(b"\n")[0]
        width = first_line.count(b",") + 1 if any(lists) else len(lists)
        types = arrow_schema(self.schema).types
        own = [pa.float64() if is_list else kind for kind, is_list in zip(types, lists, strict=True)]
        return list(zip(own, shares(self.schema, width), strict=True))


def _filled(field: StructField, values: list[pa.ChunkedArray], rows: int) -> pa.Array:
    if not is_vector_like(field.dataType):
        return values[0].combine_chunks()
    if any(some.null_count for some in values):
        raise ResponseError(f"Column {field.name!r} of the answer has an empty value; expected numbers.")
    return to_column(np.column_stack([np.empty((rows, 0)), *values]), field)


_END_OF_LIST = re.compile(rb"\]\s*,?\s*")


@dataclass(frozen=True)
class XGBoostCSVRowDeserializer(ResponseRowDeserializer):
    """Reads what any version of AWS's XGBoost container answers.

    Old versions answer with all rows in one line, new ones with a line for each row, and rows of several
    values may stand in brackets. Which it is, is decided by the number of rows that were sent.

    Parameters
    ----------
    prediction_column_name : str
        Column of the prediction, a double: the one value of each row or, with `probability_column_name`, the
        number of the most probable class.
    probability_column_name : str, optional
        Column of the classes' probabilities, a vector, for the objectives ``multi:softprob`` (one value per
        class) and ``binary:logistic`` (one value, the probability of class 1).
    """

    prediction_column_name: str = "prediction"
    _: KW_ONLY
    probability_column_name: str | None = None
    accepts = "text/csv"

    def placeOf(self, part: str) -> int | None:
        """Return the position of the column for ``"prediction"`` or ``"probability"``."""
        return {"prediction": 0, "probability": 1}.get(part) if part in self._parts else None

    @property
    def _parts(self) -> tuple[str, ...]:
        return ("prediction",) if self.probability_column_name is None else ("prediction", "probability")

    @property
    def schema(self) -> StructType:
        """The prediction and, if it was named, the column of probabilities."""
        fields = [StructField(self.prediction_column_name, DoubleType(), nullable=False)]
        if self.probability_column_name is not None:
            fields.append(StructField(self.probability_column_name, VectorUDT()))
        return StructType(fields)

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the predictions; executor side.

        Raises
        ------
        ResponseError
            If the answer is not made of numbers, or their number does not fit the rows.
        """
        table = parse_table(_one_line_per_row(body, rows))
        if len(table) != rows:
            raise wrong_count(len(table), rows)
        columns = self._predictions(table) if self.probability_column_name is None else _classes(table)
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(self.schema))

    def _predictions(self, table: Array) -> list[pa.Array]:
        if table.shape[1] != 1:
            raise ResponseError(
                f"Column {self.prediction_column_name!r} takes one value for each row: {table.shape[1]} "
                "found. Give probability_column_name to get them as a vector."
            )
        return [pa.array(table[:, 0])]


def _one_line_per_row(body: bytes, rows: int) -> bytes:
    # A comma may follow the last value of the line that old versions answer with.
    text = body.strip().rstrip(b",")
    if b"[" in text:
        return _END_OF_LIST.sub(b"\n", text.replace(b"[", b"")).strip()
    return text.replace(b",", b"\n") if rows > 1 and b"\n" not in text else text


def _classes(table: Array) -> list[pa.Array]:
    """Return the most probable class and the probabilities of all."""
    if table.shape[1] == 1:
        table = np.column_stack([1 - table, table])
    return [pa.array(table.argmax(axis=1).astype(np.float64)), to_vectors(rectangle("probabilities", table))]
