"""Answers in JSON, as one document or a line for each row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql.types import StructField

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer, wrong_count
from sagemaker_spark_py.transformation.json_path import JSONPath
from sagemaker_spark_py.transformation.json_values import require_readable, to_column
from sagemaker_spark_py.transformation.schemas import arrow_schema


class _JSONDeserializer(ResponseRowDeserializer):
    """A frozen dataclass with the fields below."""

    columnPaths: Sequence[str] | None
    path: str

    def __post_init__(self) -> None:
        """Read schema and paths."""
        object.__setattr__(self, "schema", as_schema(self.schema))
        require_readable(self.schema)
        JSONPath.parse(self.path)
        if self.columnPaths is not None:
            object.__setattr__(self, "columnPaths", tuple(self.columnPaths))
            if len(self.columnPaths) != len(self.schema.fields):
                raise SettingError(
                    f"columnPaths has the wrong length: {len(self.columnPaths)}; expected one path for each "
                    f"of the {len(self.schema.fields)} columns."
                )
            for path in self.columnPaths:
                JSONPath.parse(path)

    def _batch(self, rows: list[Any]) -> pa.RecordBatch:
        picked = [self._picked(number, column, rows) for number, column in enumerate(self.schema.fields)]
        columns = [to_column(values, c) for values, c in zip(picked, self.schema.fields, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(self.schema))

    def _picked(self, number: int, column: StructField, rows: list[Any]) -> list[Any]:
        if self.columnPaths is not None:
            return _found(JSONPath.parse(self.columnPaths[number]), f"column {column.name!r}", rows)
        if len(self.schema.fields) == 1 and not any(isinstance(row, dict) for row in rows):
            return rows
        try:
            return [row[column.name] for row in rows]
        except (KeyError, TypeError, IndexError):
            return _found(JSONPath("", (column.name,)), f"column {column.name!r}", rows)


def _found(path: JSONPath, wanted: str, rows: list[Any]) -> list[Any]:
    """Return what a path points at in each row; a list of it where it points at many."""
    values = []
    for number, row in enumerate(rows):
        try:
            found = path.find(row)
        except ResponseError as error:
            raise ResponseError(f"Row {number} of the answer has no {wanted}: {error}.") from None
        values.append(found if path.is_many else found[0])
    return values


@dataclass(frozen=True)
class JSONResponseRowDeserializer(_JSONDeserializer):
    """Reads columns out of an answer that is one JSON document.

    A path is a chain of keys and places: ``predictions[*]``, ``outputs[0].scores``, ``["a key"][-1]``; ``$``
    is the whole answer and ``[*]`` every entry of a list.

    Parameters
    ----------
    schema : str or StructType
        The columns, for example ``"prediction double, probabilities array<double>"``; beyond SQL's types
        there is ``vector``. What a row has not must be null in the answer: a missing key is an error.
    path : str
        Where the rows are in the answer; by default ``predictions[*]``. With ``$`` the answer is one row.
    columnPaths : sequence of str, optional
        Where each column's value is in its row; one with ``[*]`` gives a list. By default the key of the
        column's name; or the row itself, if there is one column and rows are no objects.

    Examples
    --------
    >>> from sagemaker_spark_py.transformation.deserializers import JSONResponseRowDeserializer
    >>> scores = JSONResponseRowDeserializer("label string, score double")
    >>> scores.deserializeBatch(b'{"predictions": [{"label": "cat", "score": 0.5}]}', 1).to_pylist()
    [{'label': 'cat', 'score': 0.5}]
    >>> text = JSONResponseRowDeserializer("answer string", "[*].generated_text")
    >>> text.deserializeBatch(b'[{"generated_text": "Yes."}]', 1).to_pylist()
    [{'answer': 'Yes.'}]
    """

    schema: Any
    path: str = "predictions[*]"
    _: KW_ONLY
    columnPaths: Sequence[str] | None = None
    accepts = "application/json"

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the answer; executor side.

        Raises
        ------
        ResponseError
            If the answer is not JSON, a path leads nowhere, or a value does not fit its column.
        """
        answer = _parsed(body, "The answer")
        try:
            found = JSONPath.parse(self.path).find(answer)
        except ResponseError as error:
            raise ResponseError(f"The answer has no rows at {self.path!r}: {error}.") from None
        if len(found) != rows:
            raise wrong_count(len(found), rows)
        return self._batch(found)


@dataclass(frozen=True)
class JSONLinesResponseRowDeserializer(_JSONDeserializer):
    """Reads columns out of an answer that has a line of JSON for each row.

    Parameters
    ----------
    schema, columnPaths
        See `JSONResponseRowDeserializer`.
    path : str
        Where the row is in its line; by default the whole line.
    """

    schema: Any
    path: str = "$"
    _: KW_ONLY
    columnPaths: Sequence[str] | None = None
    accepts = "application/jsonlines"

    def __post_init__(self) -> None:
        """Read schema and paths."""
        super().__post_init__()
        if JSONPath.parse(self.path).is_many:
            raise SettingError(
                f"path gives several rows for a line: {self.path!r}; expected one without [*]."
            )

    def deserializeBatch(self, body: bytes, rows: int) -> pa.RecordBatch:
        """Return the columns of the answer; executor side.

        Raises
        ------
        ResponseError
            If a line is not JSON, a path leads nowhere, or a value does not fit its column.
        """
        # Some containers put a comma behind a line.
        lines = [line.rstrip(b", \t\r") for line in body.split(b"\n") if line.strip()]
        if len(lines) != rows:
            raise wrong_count(len(lines), rows)
        parsed = [_parsed(line, f"Line {number}") for number, line in enumerate(lines, 1)]
        return self._batch(_found(JSONPath.parse(self.path), "row", parsed))


def _parsed(text: bytes, subject: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        # A JSONDecodeError says the place; others quote bytes, which may be somebody's data.
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ResponseError(f"{subject} is not JSON{place}: {len(text)} bytes; expected JSON.") from None
