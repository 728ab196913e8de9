"""What every request serializer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import Row
from pyspark.sql.types import StructType

from sagemaker_spark_py.transformation.rows import batch_of, to_rows


class RequestRowSerializer:
    r"""Turns the rows of a DataFrame into the bytes that a model is sent.

    A subclass sets `contentType` and implements one of `serializeRow` and `serializeBatch`; the latter is
    much faster. It should also implement `validateSchema`, so that a wrong DataFrame is refused before
    anything runs, and `inputColumns`, so that only what it needs travels to Python.

    Serializers are values: they are pickled into tasks, compared by what they were made of, and keep nothing
    from one call to the next. An argument of a constructor is an attribute of the same name.

    Attributes
    ----------
    contentType : str
        MIME type of the request bodies.
    maxRows : int or None
        Most rows that one request can hold, for formats that take a single row; `None`, the default: any.
    frameBytes : int
        Most bytes that `wrapBody` adds; 0 by default.
    schema : StructType or None
        See `setSchema`.

    Examples
    --------
    >>> from sagemaker_spark_py.transformation.serializers import RequestRowSerializer
    >>> class TextSerializer(RequestRowSerializer):
    ...     contentType = "text/plain"
    ...     def inputColumns(self, schema):
    ...         return ["text"]
    ...     def serializeRow(self, row):
    ...         return row.text.encode() + b"\n"
    """

    contentType: str
    schema: StructType | None = None
    if TYPE_CHECKING:

        @property
        def maxRows(self) -> int | None:
            """An attribute or a property, as the subclass likes."""

        @property
        def frameBytes(self) -> int:
            """An attribute or a property, as the subclass likes."""

    else:
        maxRows = None
        frameBytes = 0

    def __new__(cls, *args: Any, **kwargs: Any) -> RequestRowSerializer:
        """Refuse a subclass that implements neither way to serialize."""
        base = RequestRowSerializer
        if cls.serializeRow is base.serializeRow and cls.serializeBatch is base.serializeBatch:
            raise TypeError(f"{cls.__name__} must implement serializeRow or serializeBatch.")
        return super().__new__(cls)

    def validateSchema(self, schema: StructType) -> None:
        """Check on the driver that rows of this schema can be serialized; by default all can.

        Raises
        ------
        SchemaError
            If a column is missing or has the wrong type.
        """

    def setSchema(self, schema: StructType) -> None:
        """Check a schema and keep it as `schema`.

        Nothing depends on it: each `transform` goes by the schema of its own DataFrame, so that one
        serializer serves many.
        """
        self.validateSchema(schema)
        # The built-in serializers are frozen against everything but this one method of AWS's interface.
        object.__setattr__(self, "schema", schema)

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python; by default all."""
        return list(schema.names)

    def serializeRow(self, row: Row) -> bytes | None:
        """Return the bytes of one row on an executor, or None if the row shall not be sent.

        Parameters
        ----------
        row : Row
            With the columns named by `inputColumns`; vectors are pyspark's.

        Raises
        ------
        DataError
            If a value cannot be sent.
        """
        payload: bytes | None = self.serializeBatch(batch_of(row))[0].as_py()
        return payload

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the bytes of many rows on an executor.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            With the columns named by `inputColumns`, a vector being a struct of
            ``type, size, indices, values``.

        Returns
        -------
        pyarrow.Array of binary or large_binary, shape (rows,)
            Null where a row shall not be sent. A body is made of the bytes of consecutive rows as they are,
            put in what `wrapBody` adds.

        Raises
        ------
        DataError
            If a value cannot be sent.
        """
        return pa.array([self.serializeRow(row) for row in to_rows(batch)], pa.large_binary())

    def wrapBody(self, payloads: bytes | memoryview, rows: int) -> bytes | memoryview:
        """Return a request's body on an executor, for formats that put something around the rows.

        Parameters
        ----------
        payloads : bytes or memoryview
            The bytes of consecutive rows, one after the other.
        rows : int
            How many rows, 1 or more.

        Returns
        -------
        bytes or memoryview
            By default the payloads themselves; at most `frameBytes` more.

        Raises
        ------
        DataError
            If these rows cannot be in one request.
        """
        return payloads
