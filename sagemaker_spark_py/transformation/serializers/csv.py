"""Rows as lines of comma-separated values."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import (
    BooleanType,
    DateType,
    NumericType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from sagemaker_spark_py.errors import DataError, SchemaError
from sagemaker_spark_py.transformation.columns import is_vector, read_features, to_numpy
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.schemas import Columns, as_columns, field_of, is_vector_like, names_of
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer
from sagemaker_spark_py.transformation.text import TEXT, as_payloads, glue, join_runs, texts

_CELLS = (NumericType, BooleanType, StringType, DateType, TimestampType, TimestampNTZType)

_BLOCK_CELLS = 1 << 20
"""Sparse rows are written out in full; this bounds what that takes at a time."""


@dataclass(frozen=True)
class UnlabeledCSVRequestRowSerializer(VectorSerializer):
    """Sends each row as a line of its values: ``1.5,0,1e-7``.

    Sparse rows are filled up with zeros. Numbers are written in the shortest form that reads back as the same
    number, ``nan`` and ``inf`` included.

    Parameters
    ----------
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.
    featuresColumnName : str or sequence of str
        A column of vectors or of arrays of numbers, or several numeric columns.
    """

    schema: StructType | None = field(default=None, hash=False)
    featuresColumnName: Columns = "features"
    contentType = "text/csv"

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one line per row; executor side.

        Raises
        ------
        DataError
            If a row is null, or not of the same size as the others.
        """
        blocks = [_lines(block) for block in self._features(batch).blocks(_BLOCK_CELLS)]
        return pa.concat_arrays(blocks) if blocks else pa.array([], pa.large_binary())


def _lines(features: Features) -> pa.LargeBinaryArray:
    return as_payloads(glue(_joined(features), "\n"))


def _joined(features: Features) -> pa.LargeStringArray:
    if features.dim == 0:
        raise DataError(f"Column {features.name!r} holds an empty vector; expected at least one value.")
    bounds = np.arange(len(features) + 1) * features.dim
    return join_runs(texts(features.dense().reshape(-1)), bounds, ",")


@dataclass(frozen=True)
class CSVRequestRowSerializer(RequestRowSerializer):
    r"""Sends each row as a line of the values of any columns: ``1.5,"Smith, J.",true``.

    Texts are put in quotation marks where they hold a comma, a quotation mark or the end of a line (RFC
    4180). A null is an empty cell, an empty text ``""``; where it is the only cell of its line, a null is
    ``""`` as well. Vectors and arrays of numbers take a cell for each of their values.

    Parameters
    ----------
    featuresColumnName : str or sequence of str
        Columns of numbers, booleans, texts, dates, times, vectors or arrays of numbers.
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.

    """

    featuresColumnName: Columns = "features"
    _: KW_ONLY
    schema: StructType | None = field(default=None, hash=False)
    contentType = "text/csv"

    def __post_init__(self) -> None:
        """Check the schema at once where one is given."""
        object.__setattr__(self, "featuresColumnName", as_columns(self.featuresColumnName))
        if self.schema is not None:
            self.validateSchema(self.schema)

    def validateSchema(self, schema: StructType) -> None:
        """Check that the columns exist and hold what a cell can.

        Raises
        ------
        SchemaError
            If a column is missing or has the wrong type.
        """
        for name in names_of(self.featuresColumnName):
            kind = field_of(schema, name).dataType
            if not (isinstance(kind, _CELLS) or is_vector_like(kind)):
                raise SchemaError(
                    f"Column {name!r} has the wrong type: {kind.simpleString()}; expected a number, "
                    "a boolean, a text, a date, a time, a vector or an array of numbers."
                )

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python."""
        return names_of(self.featuresColumnName)

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one line per row; executor side.

        Raises
        ------
        DataError
            If a vector is null, empty, or not of the size of the others.
        """
        names = names_of(self.featuresColumnName)
        cells = [_cells(batch.column(name), name) for name in names]
        if len(cells) == 1:
            cells = [pc.if_else(pc.equal(cells[0], ""), '""', cells[0])]
        between = [part for cell in cells for part in (",", cell)][1:]
        return as_payloads(glue(*between, "\n"))


def _cells(column: pa.Array, name: str) -> pa.LargeStringArray:
    """Return what each row writes for one column; empty for null."""
    if is_vector(column.type) or pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        blocks = [_joined(block) for block in read_features(column, name=name).blocks(_BLOCK_CELLS)]
        return pa.concat_arrays(blocks) if blocks else pa.array([], TEXT)
    if pa.types.is_floating(column.type):
        written = texts(to_numpy(column.fill_null(0)))
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        written = _in_quotes(column.cast(TEXT))
    else:
        written = column.cast(TEXT)
    return pc.if_else(column.is_valid(), written, pa.scalar("", TEXT)) if column.null_count else written


def _in_quotes(strings: pa.LargeStringArray) -> pa.LargeStringArray:
    """Put quotation marks around what would otherwise be read as something else."""
    needs = pc.match_substring_regex(strings, '[",\r\n]|^$')
    return pc.if_else(needs, glue('"', pc.replace_substring(strings, '"', '""'), '"'), strings)
