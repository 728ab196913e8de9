"""Rules for hyperparameter values: what is taken, how it is kept in a Param, how it is written for SageMaker.

Rules are frozen, picklable values. A kept value is a number or a text, so it can be saved as JSON.
"""

from __future__ import annotations

import json
import math
import numbers
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Given_contra = TypeVar("Given_contra", contravariant=True)
Got_co = TypeVar("Got_co", covariant=True)

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Rule(ABC, Generic[Given_contra, Got_co]):
    """What a hyperparameter may be; generic in what its setter takes and what its getter returns."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What is allowed, to be read after the word "expected"."""

    @abstractmethod
    def convert(self, value: Any) -> Any:
        """Return the value as it is kept; converting that again gives the same.

        Raises
        ------
        ValueError
            If the value is not allowed.
        TypeError
            If it is of a type that can never be allowed.
        """

    def read(self, kept: Any) -> Got_co:
        """Return what a getter gives for a kept value."""
        return kept  # type: ignore[no-any-return]

    def encode(self, kept: Any) -> str:
        """Return the text that is sent for a kept value."""
        return repr(kept) if isinstance(kept, float) else str(kept)


@dataclass(frozen=True)
class _Number(Rule[Any, Any]):
    whole: bool
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    also: tuple[int, ...] = ()

    @property
    def expected(self) -> str:
        signs = ((">", self.above), (">=", self.at_least), ("<", self.below), ("<=", self.at_most))
        bounds = " and ".join(f"{sign} {bound}" for sign, bound in signs if bound is not None)
        alone = "".join(f"{value} or " for value in self.also)
        return f"{alone}{'an integer' if self.whole else 'a number'} {bounds}".rstrip()

    def convert(self, value: Any) -> Any:
        number = self._typed(value)
        if not (math.isfinite(number) and (self._within(number) or number in self.also)):
            raise ValueError
        return number

    def _typed(self, value: Any) -> int | float:
        # bool is an integer to Python; numpy.bool_ is no number at all.
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError
        if self.whole and isinstance(value, numbers.Integral):
            return int(value)
        number = float(value)
        if self.whole and not number.is_integer():
            raise TypeError
        return int(number) if self.whole else number

    def _within(self, number: float) -> bool:
        return (
            (self.above is None or number > self.above)
            and (self.at_least is None or number >= self.at_least)
            and (self.below is None or number < self.below)
            and (self.at_most is None or number <= self.at_most)
        )


def integer(
    at_least: int | None = None, at_most: int | None = None, also: Sequence[int] = ()
) -> Rule[int, int]:
    """Return the rule for an integer within the bounds, or one of `also`; ``3.0`` is taken as 3."""
    return _Number(True, at_least=at_least, at_most=at_most, also=tuple(also))


def real(
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> Rule[float, float]:
    """Return the rule for a finite number within the bounds; `above` and `below` are exclusive."""
    return _Number(False, above, at_least, below, at_most)


@dataclass(frozen=True)
class _Choice(Rule[str, str]):
    words: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def expected(self) -> str:
        return _one_of(self.words)

    def convert(self, value: Any) -> str:
        word = dict(self.aliases).get(_text(value), value)
        if word not in self.words:
            raise ValueError
        return str(word)


def choice(*words: str, aliases: Mapping[str, str] | None = None) -> Rule[str, str]:
    """Return the rule for one of the words; an alias is kept as the word that it stands for."""
    return _Choice(words, tuple((aliases or {}).items()))


@dataclass(frozen=True)
class _WordList(Rule["str | Sequence[str]", str]):
    word: Rule[str, str]
    as_json: bool

    @property
    def expected(self) -> str:
        return f"a list, or text separated by commas, of {self.word.expected}"

    def convert(self, value: Any) -> str:
        text = ",".join(map(_text, value)) if isinstance(value, (list, tuple)) else _text(value)
        for word in _split(text):
            self.word.convert(word)
        return text

    def encode(self, kept: str) -> str:
        words = [self.word.convert(word) for word in _split(kept)]
        return json.dumps(words, separators=(",", ":")) if self.as_json else ",".join(words)


def word_list(word: Rule[str, str], *, as_json: bool = False) -> Rule[str | Sequence[str], str]:
    """Return the rule for several words, kept as text with commas, sent so or as a JSON list."""
    return _WordList(word, as_json)


@dataclass(frozen=True)
class _WordOrNumber(Rule["str | float", str]):
    words: tuple[str, ...]
    number: _Number

    @property
    def expected(self) -> str:
        return f"{_one_of(self.words)} or {self.number.expected}"

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            number = self.number.convert(value)
            return str(int(value) if isinstance(value, numbers.Integral) else number)
        if value not in self.words:
            self._check_numeric(value)
        return str(value)

    def _check_numeric(self, text: str) -> None:
        if not _NUMBER.fullmatch(text):
            raise ValueError
        try:
            self.number.convert(int(text) if self.number.whole else float(text))
        except TypeError as error:
            raise ValueError from error


def word_or_number(
    *words: str, whole: bool = False, above: float | None = None, at_least: float | None = None
) -> Rule[str | float, str]:
    """Return the rule for one of the words or a number, also as text; kept as text.

    `whole` allows integers only.
    """
    return _WordOrNumber(words, _Number(whole, above=above, at_least=at_least))


@dataclass(frozen=True)
class _Boolean(Rule["bool | str", Any]):
    auto: bool
    any_text: bool = False

    @property
    def expected(self) -> str:
        return "True, False or 'auto'" if self.auto else "True or False"

    def convert(self, value: Any) -> str:
        text = str(value) if isinstance(value, bool) else _text(value)
        if text not in ("True", "False") and not (self.auto and text == "auto") and not self.any_text:
            raise ValueError
        return text

    def read(self, kept: str) -> Any:
        return {"True": True, "False": False}.get(kept, kept)


def boolean(*, any_text: bool = False) -> Rule[bool | str, bool]:
    """Return the rule for a boolean or its name, kept and sent as ``"True"`` or ``"False"``.

    `any_text` keeps other texts as well, for a setter that has to take them.
    """
    return _Boolean(auto=False, any_text=any_text)


def boolean_or_auto() -> Rule[bool | str, bool | str]:
    """Return the rule for a boolean, its name, or ``"auto"``."""
    return _Boolean(auto=True)


@dataclass(frozen=True)
class _Custom(Rule[Any, Any]):
    checked: Callable[[Any], Any]
    expectation: str

    @property
    def expected(self) -> str:
        return self.expectation

    def convert(self, value: Any) -> Any:
        return self.checked(value)


def custom(checked: Callable[[Any], Got_co], expected: str) -> Rule[Any, Got_co]:
    """Return a rule of your own.

    Parameters
    ----------
    checked : callable
        A function of a module (so that it can be pickled) that returns the value as it is kept, or raises
        `ValueError` or `TypeError`.
    expected : str
        What is allowed, to be read after the word "expected".
    """
    return _Custom(checked, expected)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _one_of(words: Sequence[str]) -> str:
    named = ", ".join(map(repr, words))
    return f"one of {named}" if len(words) > 1 else named
