"""Rows as JSON: many in one document, one document per request, or one per line."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field

import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.transformation.columns import refuse_nulls
from sagemaker_spark_py.transformation.json_text import json_texts, objects, require_writable
from sagemaker_spark_py.transformation.schemas import Columns, as_columns, names_of
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer
from sagemaker_spark_py.transformation.template import Template
from sagemaker_spark_py.transformation.text import as_payloads, glue

_ROWS = "{rows}"
_INSTANCES = f'{{"instances": [{_ROWS}]}}'


class _JSONSerializer(RequestRowSerializer):
    """A frozen dataclass with the fields below."""

    featuresColumnName: Columns
    template: str | None

    def __post_init__(self) -> None:
        """Check template and schema at once where they are given."""
        object.__setattr__(self, "featuresColumnName", as_columns(self.featuresColumnName))
        if self.template is not None:
            Template(self.template)
        if self.schema is not None:
            self.validateSchema(self.schema)

    def validateSchema(self, schema: StructType) -> None:
        """Check that the columns exist and can be said in JSON.

        Raises
        ------
        SchemaError
            If a column is missing or has the wrong type.
        """
        require_writable(schema, self.inputColumns(schema))

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python."""
        return names_of(self.featuresColumnName) if self.template is None else Template(self.template).columns

    def _rows(self, batch: pa.RecordBatch) -> pa.LargeStringArray:
        if self.template is not None:
            return Template(self.template).fill(batch)
        names = names_of(self.featuresColumnName)
        if not isinstance(self.featuresColumnName, str):
            return objects(names, [json_texts(batch.column(name), name) for name in names])
        refuse_nulls(batch.column(names[0]), names[0], "a value")
        return json_texts(batch.column(names[0]), names[0])


@dataclass(frozen=True)
class JSONRequestRowSerializer(_JSONSerializer):
    r"""Sends rows as JSON: many in ``{"instances": [...]}``, or each in a request of its own.

    Vectors and arrays become lists, structs and maps objects, binary data base64, dates and times texts in
    ISO 8601. NaN and infinity, which JSON has not, are refused.

    Parameters
    ----------
    featuresColumnName : str or sequence of str
        A column, whose value is a row's JSON, or several, which become an object with their names as keys.
    template : str, optional
        JSON of one row instead, with a place for each column that it needs: ``{"inputs": {text}}``. Inside
        of quotation marks a place stands for the column's text: ``{"inputs": "Translate: {text}"}``; there a
        brace that begins no place is written ``\u007b``.
    body : str, optional
        JSON of a request, in which ``[{rows}]`` is the list of its rows. By default
        ``{"instances": [{rows}]}``; but with a `template` alone each row is a request of its own.
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.

    Examples
    --------
    >>> from sagemaker_spark_py.transformation.serializers import JSONRequestRowSerializer
    >>> many = JSONRequestRowSerializer(["age", "city"])
    >>> one = JSONRequestRowSerializer(template='{"inputs": {text}, "parameters": {"max_new_tokens": 50}}')
    >>> one.maxRows
    1
    """

    featuresColumnName: Columns = "features"
    _: KW_ONLY
    schema: StructType | None = field(default=None, hash=False)
    template: str | None = None
    body: str | None = None
    contentType = "application/json"

    def __post_init__(self) -> None:
        """Check template, body and schema at once where they are given."""
        super().__post_init__()
        before, place, after = self._frame
        if self.maxRows == 1:
            return
        try:
            json.loads(f'{before}{{"": 0}}{after}')
        except ValueError as error:
            raise SettingError(f"body is not JSON: {self.body!r} ({error} once it is filled).") from error
        if not place or not (before.rstrip().endswith("[") and after.lstrip().startswith("]")):
            raise SettingError(
                f"body has no list for the rows: {self.body!r}; expected JSON with [{{rows}}] in one place."
            )

    @property
    def maxRows(self) -> int | None:
        """1 if each row is a request of its own."""
        return 1 if self.template is not None and self.body is None else None

    @property
    def frameBytes(self) -> int:
        """Size of what stands around the rows."""
        before, _, after = self._frame
        return len(before.encode()) + len(after.encode())

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return each row's JSON, with a comma behind it where others may follow; executor side.

        Raises
        ------
        DataError
            If a value is null where it must not be, or a number is not finite.
        """
        rows = self._rows(batch)
        return as_payloads(rows if self.maxRows == 1 else glue(rows, ","))

    def wrapBody(self, payloads: bytes | memoryview, rows: int) -> bytes | memoryview:
        """Put rows into the list of the body, without the comma behind the last."""
        before, _, after = self._frame
        return payloads if self.maxRows == 1 else b"".join([before.encode(), payloads[:-1], after.encode()])

    @property
    def _frame(self) -> tuple[str, str, str]:
        return ("", "", "") if self.maxRows == 1 else (self.body or _INSTANCES).partition(_ROWS)


@dataclass(frozen=True)
class JSONLinesRequestRowSerializer(_JSONSerializer):
    """Sends each row as a line of JSON.

    Parameters
    ----------
    featuresColumnName, template, schema
        See `JSONRequestRowSerializer`. A template is one line.
    """

    featuresColumnName: Columns = "features"
    _: KW_ONLY
    schema: StructType | None = field(default=None, hash=False)
    template: str | None = None
    contentType = "application/jsonlines"

    def __post_init__(self) -> None:
        """Check template and schema at once where they are given."""
        super().__post_init__()
        if self.template is not None and len(self.template.splitlines()) > 1:
            raise SettingError(f"template has several lines: {self.template!r}; expected one.")

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one line per row; executor side.

        Raises
        ------
        DataError
            If a value is null where it must not be, or a number is not finite.
        """
        return as_payloads(glue(self._rows(batch), "\n"))
