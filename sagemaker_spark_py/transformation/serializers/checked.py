"""A built-in serializer together with what becomes of rows that it cannot send."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.transformation.invalid import Invalid
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer


@dataclass(frozen=True)
class CheckedSerializer(RequestRowSerializer):
    """Sends rows as another serializer does; invalid ones are refused, not sent, or filled with NaN.

    A label is not sent, even if the serializer would: predictions do not depend on it, so it may be of any
    type and null.

    Parameters
    ----------
    serializer : RequestRowSerializer
        Sends the rows that are left.
    invalid : Invalid
        What to do with the others. A row that is left out has null predictions.
    """

    serializer: RequestRowSerializer
    invalid: Invalid

    @property
    def contentType(self) -> str:  # type: ignore[override]
        """That of the serializer."""
        return self.serializer.contentType

    @property
    def maxRows(self) -> int | None:
        """That of the serializer."""
        return self.serializer.maxRows

    @property
    def frameBytes(self) -> int:
        """That of the serializer."""
        return self.serializer.frameBytes

    def wrapBody(self, payloads: bytes | memoryview, rows: int) -> bytes | memoryview:
        """Return the body as the serializer makes it."""
        return self.serializer.wrapBody(payloads, rows)

    def validateSchema(self, schema: StructType) -> None:
        """Check what the serializer checks, label aside."""
        self.serializer.validateSchema(StructType([f for f in schema.fields if f.name != self._label]))

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the columns of the serializer, label aside."""
        return [name for name in self.serializer.inputColumns(schema) if name != self._label]

    @property
    def _label(self) -> str | None:
        return getattr(self.serializer, "labelColumnName", None)

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the payloads, null where a row is left out; executor side.

        Raises
        ------
        DataError
            If a row is invalid and may not be left out.
        """
        cleaned, kept = self.invalid.clean(batch, range(batch.num_columns))
        if kept is None:
            return self.serializer.serializeBatch(cleaned)
        if not cleaned.num_rows:
            return pa.nulls(batch.num_rows, pa.large_binary())
        payloads = self.serializer.serializeBatch(cleaned)
        return payloads.take(pa.array(np.cumsum(kept) - 1, mask=~kept))
