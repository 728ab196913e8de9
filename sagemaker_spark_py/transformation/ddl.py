"""Schemas written as in SQL: ``prediction double, probabilities vector, words array<string>``.

Spark's own parser lives in the JVM, or behind Connect; this one needs neither, so that a value which holds a
schema can be made anywhere. Beyond SQL's types it knows ``vector``, the vectors of Spark ML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t

from sagemaker_spark_py.errors import SettingError

_TOKENS = re.compile(r"\s*(`(?:[^`]|``)+`|'(?:[^'\\]|\\.)*'|\w+|[<>(),:])")

_PLAIN: dict[str, Callable[[], t.DataType]] = {
    "boolean": t.BooleanType,
    "tinyint": t.ByteType,
    "byte": t.ByteType,
    "smallint": t.ShortType,
    "short": t.ShortType,
    "int": t.IntegerType,
    "integer": t.IntegerType,
    "bigint": t.LongType,
    "long": t.LongType,
    "float": t.FloatType,
    "real": t.FloatType,
    "double": t.DoubleType,
    "string": t.StringType,
    "binary": t.BinaryType,
    "date": t.DateType,
    "timestamp": t.TimestampType,
    "timestamp_ntz": t.TimestampNTZType,
    "vector": VectorUDT,
}
_DECIMALS = ("decimal", "dec", "numeric")


def as_schema(schema: Any) -> t.StructType:
    """Return a schema given as one or as text.

    Raises
    ------
    SettingError
        If it is neither, has no columns, or the text cannot be read.
    """
    found = _Parser(schema).schema() if isinstance(schema, str) else schema
    if not isinstance(found, t.StructType) or not found.fields:
        raise SettingError(
            f"schema has the wrong value: {schema!r}; expected a StructType with columns, or a text such as "
            "'prediction double, probabilities array<double>'."
        )
    return found


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.at = 0

    def schema(self) -> t.StructType:
        fields = self._fields(end="")
        if self.at < len(self.tokens):
            raise self._wrong("a comma or the end")
        return t.StructType(fields)

    def _tokens(self) -> list[str]:
        tokens, at, text = [], 0, self.text.rstrip()
        while at < len(text):
            found = _TOKENS.match(text, at)
            if found is None:
                raise SettingError(
                    f"schema cannot be read: {self.text!r}; character {at} means nothing there."
                )
            tokens.append(found[1])
            at = found.end()
        return tokens

    def _peek(self) -> str:
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def _take(self, expected: str = "") -> str:
        if not self._peek() or (expected and self._peek() != expected):
            raise self._wrong(repr(expected) if expected else "more")
        self.at += 1
        return self.tokens[self.at - 1]

    def _takes(self, *words: str) -> bool:
        """Take these words if they come next."""
        if [token.lower() for token in self.tokens[self.at : self.at + len(words)]] != list(words):
            return False
        self.at += len(words)
        return True

    def _wrong(self, expected: str) -> SettingError:
        found = self.tokens[self.at] if self.at < len(self.tokens) else "the end"
        return SettingError(
            f"schema cannot be read: {self.text!r} has {found!r} as word {self.at + 1}; expected {expected}."
        )

    def _fields(self, end: str) -> list[t.StructField]:
        fields: list[t.StructField] = []
        while self._peek() != end:
            if fields:
                self._take(",")
            fields.append(self._field())
        return fields

    def _field(self) -> t.StructField:
        name = self._name()
        self._takes(":")
        kind = self._type()
        nullable = not self._takes("not", "null")
        metadata = {"comment": self._take()[1:-1]} if self._takes("comment") else None
        return t.StructField(name, kind, nullable, metadata)

    def _name(self) -> str:
        token = self._take()
        if token.startswith("`"):
            return token[1:-1].replace("``", "`")
        if not re.fullmatch(r"\w+", token):
            self.at -= 1
            raise self._wrong("a name")
        return token

    def _type(self) -> t.DataType:
        word = self._take().lower()
        if word in _PLAIN:
            return _PLAIN[word]()
        if word in _DECIMALS:
            numbers = self._numbers() if self._peek() == "(" else []
            return t.DecimalType(*(numbers or [10, 0]))
        if word in ("char", "varchar"):
            self._numbers()
            return t.StringType()
        if word in ("array", "map", "struct"):
            return self._nested(word)
        self.at -= 1
        raise self._wrong("a type such as double, string, vector or array<double>")

    def _numbers(self) -> list[int]:
        self._take("(")
        numbers: list[int] = []
        while not self._takes(")"):
            if numbers:
                self._take(",")
            if not self._peek().isdigit():
                raise self._wrong("a number")
            numbers.append(int(self._take()))
        return numbers

    def _nested(self, word: str) -> t.DataType:
        self._take("<")
        if word == "struct":
            kind: t.DataType = t.StructType(self._fields(end=">"))
        elif word == "array":
            kind = t.ArrayType(self._type())
        else:
            key = self._type()
            self._take(",")
            kind = t.MapType(key, self._type())
        self._take(">")
        return kind
