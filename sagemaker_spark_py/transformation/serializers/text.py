"""Rows as plain text."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import StringType, StructType

from sagemaker_spark_py.errors import DataError, SchemaError
from sagemaker_spark_py.transformation.columns import refuse_nulls
from sagemaker_spark_py.transformation.schemas import field_of
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer
from sagemaker_spark_py.transformation.text import TEXT, as_payloads, glue


@dataclass(frozen=True)
class TextRequestRowSerializer(RequestRowSerializer):
    r"""Sends a text column as it is, in UTF-8: each row in a request of its own, or many with a separator.

    Parameters
    ----------
    textColumnName : str
        A column of texts.
    separator : str, optional
        Ends each text of a request, for example ``"\n"`` for a line each. By default a request is one text.
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.

    """

    textColumnName: str = "text"
    _: KW_ONLY
    schema: StructType | None = field(default=None, hash=False)
    separator: str | None = None
    contentType = "text/plain"

    def __post_init__(self) -> None:
        """Check the schema at once where one is given."""
        if self.schema is not None:
            self.validateSchema(self.schema)

    @property
    def maxRows(self) -> int | None:
        """1 without a separator."""
        return None if self.separator else 1

    def validateSchema(self, schema: StructType) -> None:
        """Check that the column exists and holds texts.

        Raises
        ------
        SchemaError
            If it is missing or has the wrong type.
        """
        kind = field_of(schema, self.textColumnName).dataType
        if not isinstance(kind, StringType):
            raise SchemaError(
                f"Column {self.textColumnName!r} has the wrong type: {kind.simpleString()}; expected a text."
            )

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python."""
        return [self.textColumnName]

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return each text; executor side.

        Raises
        ------
        DataError
            If one is null, or holds the separator.
        """
        column = batch.column(self.textColumnName)
        refuse_nulls(column, self.textColumnName, "a text")
        texts = column.cast(TEXT)
        if not self.separator:
            return as_payloads(texts)
        holds = pc.index(pc.match_substring(texts, self.separator), True).as_py()
        if holds >= 0:
            raise DataError(
                f"Column {self.textColumnName!r} holds the separator in row {holds} of the batch; expected "
                "texts without it. Choose another separator, or send each row alone."
            )
        return as_payloads(glue(texts, self.separator))
