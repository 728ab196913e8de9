"""Answers in plain text."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import pyarrow as pa
from pyspark.sql.types import StringType, StructField, StructType

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer, wrong_count
from sagemaker_spark_py.transformation.schemas import arrow_schema


@dataclass(frozen=True)
class TextResponseRowDeserializer(ResponseRowDeserializer):
    r"""Reads an answer as text, in UTF-8: one row, or many with a separator.

    Parameters
    ----------
    textColumnName : str
        Column of the texts.
    separator : str, optional
        Stands between the rows' texts, and may stand behind the last; for example ``"\n"``. By default the
        whole answer belongs to one row.
    """

    textColumnName: str = "answer"
    _: KW_ONLY
    separator: str | None = None
    accepts = "text/plain"

    @property
    def schema(self) -> StructType:
        """One column of texts."""
        return StructType([StructField(self.textColumnName, StringType(), nullable=False)])

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the texts; executor side.

        Raises
        ------
        ResponseError
            If the answer is not UTF-8, or their number does not fit the rows.
        """
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise ResponseError(f"The answer is not UTF-8 at byte {error.start}; expected text.") from None
        found = text.removesuffix(self.separator).split(self.separator) if self.separator else [text]
        if len(found) != rows:
            raise wrong_count(len(found), rows)
        return pa.RecordBatch.from_arrays([pa.array(found, pa.string())], schema=arrow_schema(self.schema))
