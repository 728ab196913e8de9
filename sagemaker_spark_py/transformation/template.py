"""JSON with places for the columns of a row: ``{"inputs": {text}, "parameters": {"top_k": 5}}``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.transformation.columns import refuse_nulls
from sagemaker_spark_py.transformation.json_text import escaped, json_texts
from sagemaker_spark_py.transformation.text import glue

# Outside of texts a brace of JSON is followed by a quotation mark, another brace or white space.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_PLACE = re.compile(r'\{([^\s{}",:\[\]][^{}",:\[\]]*)\}')


@dataclass(frozen=True)
class _Place:
    column: str
    in_text: bool

    def filled(self, batch: pa.RecordBatch) -> pa.LargeStringArray:
        column = batch.column(self.column)
        if not self.in_text:
            return json_texts(column, self.column)
        refuse_nulls(column, self.column, "a value to put into the template's text")
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        return escaped(column if is_text else json_texts(column, self.column))


@dataclass(frozen=True)
class Template:
    r"""A template, read once and filled for whole batches.

    Outside of quotation marks ``{column}`` stands for the column's value as JSON. Inside of them it stands
    for its text: ``"Translate: {text}"``; there a brace that begins no place is written ``\u007b``.

    Parameters
    ----------
    text : str
        JSON but for its places.

    Raises
    ------
    SettingError
        If it would not be JSON when it is filled, or has no place.
    """

    text: str

    def __post_init__(self) -> None:
        example = "".join(
            part if isinstance(part, str) else ("" if part.in_text else "null") for part in self._parts
        )
        try:
            json.loads(example)
        except ValueError as error:
            raise SettingError(
                f"template is not JSON: {self.text!r} ({error} once it is filled); expected JSON with "
                'places such as {"inputs": {text}}.'
            ) from error
        if not self.columns:
            raise SettingError(
                f"template has no place for a column: {self.text!r}; expected one, as {{text}}."
            )

    @property
    def columns(self) -> list[str]:
        """The columns it needs."""
        return list(dict.fromkeys(part.column for part in self._parts if isinstance(part, _Place)))

    def fill(self, batch: pa.RecordBatch) -> pa.LargeStringArray:
        """Return one JSON text per row.

        Raises
        ------
        DataError
            If a value cannot be said in JSON, or is null inside of quotation marks.
        """
        return glue(*(part if isinstance(part, str) else part.filled(batch) for part in self._parts))

    @cached_property
    def _parts(self) -> list[str | _Place]:
        parts: list[str | _Place] = []
        at = 0
        for string in _STRING.finditer(self.text):
            parts += _split(self.text[at : string.start()], in_text=False)
            parts += _split(string[0], in_text=True)
            at = string.end()
        return parts + _split(self.text[at:], in_text=False)


def _split(text: str, *, in_text: bool) -> list[str | _Place]:
    """Cut a text at its places; every second part of the split is a column's name."""
    parts = enumerate(_PLACE.split(text))
    return [_Place(part, in_text) if number % 2 else part for number, part in parts if part]
