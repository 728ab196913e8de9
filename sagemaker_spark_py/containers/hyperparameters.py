"""Hyperparameters, declared: every value arrives as text and is checked before anything is read.

Refusals read as those of AWS's own containers, so that a user who searches for one finds help.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sagemaker_spark_py.errors import ContainerError

INTERNAL = (
    "_tuning_objective_metric",
    "_kvstore",
    "_num_gpus",
    "_num_kv_servers",
    "_num_slices",
    "_log_level",
    "_enable_profiler",
    "_disable_wait_to_read",
    "_data_format",
)
"""Names that AWS's first-party containers take besides the documented ones. They have no effect here."""


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter: its name, how its text is read, and what stands in when it is absent.

    Attributes
    ----------
    name : str
        As in the request.
    read : callable
        Text to value; raises ValueError where the text cannot be read.
    expects : str
        What `read` accepts, for the refusal: "... which <expects>".
    default : Any
        The value (not text) when the request has none.
    required : bool
        Whether the request must have it.
    """

    name: str
    read: Callable[[str], Any]
    expects: str
    default: Any = None
    required: bool = False


class Wording(NamedTuple):
    """How a container refuses hyperparameters."""

    missing: Callable[[Sequence[str]], str]
    unknown: Callable[[Sequence[str]], str]
    invalid: Callable[[Hyperparameter, str], str]


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def unexpected(names: Sequence[str]) -> str:
    """Return "'a', 'b' were unexpected", as JSON Schema validators word it."""
    return f"{_list(names)} {'was' if len(names) == 1 else 'were'} unexpected"


FIRST_PARTY = Wording(
    missing=lambda names: (
        f"No value(s) were specified for {_list(names)} which are required hyperparameter(s) "
        "(caused by ValidationError)"
    ),
    unknown=lambda names: (
        f"Additional hyperparameters are not allowed ({unexpected(names)}) (caused by ValidationError)"
    ),
    invalid=lambda entry, text: (
        f"The value '{text}' is not valid for the '{entry.name}' hyperparameter which {entry.expects} "
        "(caused by ValidationError)"
    ),
)


def integer(
    name: str,
    default: Any = None,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
    words: tuple[str, ...] = (),
    required: bool = False,
) -> Hyperparameter:
    """Declare a whole number within bounds, or one of `words` (``"auto"``)."""
    read = _or_words(_bounded(_read_integer, at_least, at_most), words)
    return Hyperparameter(
        name, read, "expects an integer" + _bounds(at_least, at_most, words), default, required
    )


def real(
    name: str,
    default: Any = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    words: tuple[str, ...] = (),
    required: bool = False,
) -> Hyperparameter:
    """Declare a finite number within bounds (`above` and `below` are exclusive), or one of `words`."""
    read = _or_words(_bounded(_read_real, at_least, at_most, above, below), words)
    return Hyperparameter(
        name, read, "expects a number" + _bounds(at_least, at_most, words, above, below), default, required
    )


def choice(
    name: str, values: Sequence[str], default: str | None = None, *, required: bool = False
) -> Hyperparameter:
    """Declare one word out of `values`."""
    expects = f"accepts one of the following: {_list(values)}"
    return Hyperparameter(name, _one_of(values), expects, default, required)


def flag(name: str, default: Any = None, *, words: tuple[str, ...] = ()) -> Hyperparameter:
    """Declare ``true`` or ``false`` in any case, or one of `words`."""
    return Hyperparameter(
        name, _or_words(_read_flag, words), "accepts 'true' or 'false'" + _or(words), default
    )


def metrics(name: str, values: Sequence[str], default: tuple[str, ...]) -> Hyperparameter:
    """Declare a JSON list of metric names."""
    return Hyperparameter(name, _list_of(values), f"expects a JSON list of: {_list(values)}", default)


def parse(
    declared: Sequence[Hyperparameter], given: Mapping[str, str], wording: Wording = FIRST_PARTY
) -> dict[str, Any]:
    """Return every declared hyperparameter's value.

    Parameters
    ----------
    declared : sequence of Hyperparameter
        All that the algorithm knows.
    given : mapping of str to str
        The job's HyperParameters.
    wording : Wording
        How to refuse.

    Returns
    -------
    dict of str to Any
        Value by name, defaults filled in.

    Raises
    ------
    ContainerError
        For missing, unknown and unreadable ones.
    """
    missing = [entry.name for entry in declared if entry.required and entry.name not in given]
    if missing:
        raise ContainerError(wording.missing(missing))
    unknown = sorted(set(given) - {entry.name for entry in declared} - set(INTERNAL))
    if unknown:
        raise ContainerError(wording.unknown(unknown))
    return {
        entry.name: _value(entry, given[entry.name], wording) if entry.name in given else entry.default
        for entry in declared
    }


def _value(entry: Hyperparameter, text: str, wording: Wording) -> Any:
    try:
        return entry.read(text)
    except (ValueError, OverflowError) as error:
        raise ContainerError(wording.invalid(entry, text)) from error


def _read_integer(text: str) -> int:
    if re.fullmatch(r"[-+]?\d+", text) is None:
        raise ValueError("not an integer")
    return int(text)


def _read_real(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def _read_flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _bounded(
    read: Callable[[str], Any],
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Callable[[str], Any]:
    def bounded(text: str) -> Any:
        value = read(text)
        inside = (
            (at_least is None or value >= at_least)
            and (at_most is None or value <= at_most)
            and (above is None or value > above)
            and (below is None or value < below)
        )
        if not inside:
            raise ValueError("out of range")
        return value

    return bounded


def _or_words(read: Callable[[str], Any], words: tuple[str, ...]) -> Callable[[str], Any]:
    return lambda text: text if text in words else read(text)


def _one_of(values: Sequence[str]) -> Callable[[str], str]:
    def one_of(text: str) -> str:
        if text not in values:
            raise ValueError("not one of the values")
        return text

    return one_of


def _list_of(values: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def list_of(text: str) -> tuple[str, ...]:
        words = json.loads(text)
        if not isinstance(words, list) or not set(map(str, words)) <= set(values):
            raise ValueError("not a list of known names")
        return tuple(words)

    return list_of


def _bounds(
    at_least: float | None,
    at_most: float | None,
    words: tuple[str, ...],
    above: float | None = None,
    below: float | None = None,
) -> str:
    limits = (("at least", at_least), ("at most", at_most), ("greater than", above), ("less than", below))
    said = " and ".join(f"{text} {limit}" for text, limit in limits if limit is not None)
    return (f" {said}" if said else "") + _or(words)


def _or(words: tuple[str, ...]) -> str:
    return "".join(f" or '{word}'" for word in words)
