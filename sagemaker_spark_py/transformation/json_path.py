"""A small language that points into JSON: ``predictions[*].scores[0]``.

A path is a chain of ``.key``, ``["any key"]``, ``[3]``, ``[-1]`` (from the end) and ``[*]`` (every entry of a
list). It may begin with ``$``, the whole answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_spark_py.errors import ResponseError, SettingError

_STEP = re.compile(
    r"""\.(?P<key>[^.\[\]"'\s]+) | \[(?P<index>-?\d+)\] | \[(?P<all>\*)\]
        | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]""",
    re.VERBOSE,
)
_KEYS_SHOWN = 10


class _All:
    """Stands for ``[*]``."""


ALL = _All()
Step = str | int | _All


@dataclass(frozen=True)
class JSONPath:
    """A path, read once and followed often.

    Parameters
    ----------
    text : str
        As it was written.
    steps : tuple of str, int or ALL
        Keys, places, or every entry.
    """

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> JSONPath:
        """Read a path.

        Raises
        ------
        SettingError
            If it is not one.
        """
        rest = text.removeprefix("$") if isinstance(text, str) else ""
        if rest == text and not text.startswith("["):
            rest = f".{text}"
        steps, at = [], 0
        while at < len(rest):
            found = _STEP.match(rest, at)
            if found is None:
                break
            steps.append(_step(found))
            at = found.end()
        if at < len(rest) or not isinstance(text, str):
            raise SettingError(
                f"Path cannot be read: {text!r}; expected keys and places such as 'predictions[*].score', "
                "'[*][0]', '$' or '[\"a key\"]'."
            )
        return cls(text, tuple(steps))

    @property
    def is_many(self) -> bool:
        """Whether it may point at several values."""
        return any(step is ALL for step in self.steps)

    def find(self, value: Any) -> list[Any]:
        """Return what it points at, in order: one value unless there is a ``[*]``.

        Raises
        ------
        ResponseError
            If a step leads nowhere; says where, and which keys are there instead.
        """
        found = [value]
        for depth, step in enumerate(self.steps):
            found = [entry for place in found for entry in self._follow(place, step, depth)]
        return found

    def _follow(self, value: Any, step: Step, depth: int) -> Iterator[Any]:
        is_key = isinstance(step, str) and isinstance(value, dict) and step in value
        is_place = isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value)
        if is_key or is_place:
            yield value[step]
        elif isinstance(step, _All) and isinstance(value, list):
            yield from value
        else:
            raise ResponseError(
                f"nothing at {_written(self.steps[: depth + 1])!r}: {described(value)} is at "
                f"{_written(self.steps[:depth])!r}"
            )


def described(value: Any) -> str:
    """Say what kind of JSON a value is without showing its data."""
    if isinstance(value, dict):
        keys = [repr(key) for key in value]
        shown = ", ".join(keys[:_KEYS_SHOWN] + ["…"] * (len(keys) > _KEYS_SHOWN))
        return f"an object with the keys {shown}" if keys else "an object without keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    names = {str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _step(found: re.Match[str]) -> Step:
    if found["all"]:
        return ALL
    if found["index"]:
        return int(found["index"])
    return found["key"] or str(json.loads(found["quoted"]))


def _written(steps: tuple[Step, ...]) -> str:
    parts = ["$"]
    for step in steps:
        if isinstance(step, _All):
            parts.append("[*]")
        else:
            parts.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(parts)
