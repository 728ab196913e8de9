"""The part of JSONPath that Batch Transform's filters know.

Facts: the developer guide's "Associate Prediction Results with Input Records": the root ``$``, ``.name``,
``*``, ``['a','b']``, ``[i,j]`` with negative indexes, slices ``[a:b]``, whose end is, by that page, included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sagemaker_spark_py.errors import SettingError

Step = Callable[[Any], Any]

_TOKEN = re.compile(
    r"""\.?\[\s*(?P<names>'[^']*'(?:\s*,\s*'[^']*')*)\s*\]
      | \.?\[\s*(?P<start>-?\d*)\s*:\s*(?P<stop>-?\d*)\s*\]
      | \.?\[\s*(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\s*\]
      | (?P<every>\.\*|\.?\[\*\])
      | \.(?P<name>[^.\[\]*\s]+)""",
    re.VERBOSE,
)


def compiled(path: str) -> Step:
    """Return what selects a part of a JSON value.

    Parameters
    ----------
    path : str
        For example ``$``, ``$.features``, ``$[1:]``, ``$['id','SageMakerOutput']``; ``""`` means ``$``.

    Returns
    -------
    callable
        Raises `LookupError` where the value has no such part.

    Raises
    ------
    SettingError
        If the text is not of this part of JSONPath.
    """
    steps: list[Step] = []
    at = 1
    while at < len(path):
        token = _TOKEN.match(path, at)
        if token is None:
            break
        steps.append(_step(token))
        at = token.end()
    if path and (not path.startswith("$") or at < len(path)):
        raise SettingError(f"JSONPath is not supported: {path!r}; expected for example $[1:] or $.features.")

    def select(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return select


def _step(token: re.Match[str]) -> Step:
    if token["name"] is not None:
        return lambda value: _child(value, token["name"])
    if token["names"] is not None:
        names = re.findall(r"'([^']*)'", token["names"])
        if len(names) == 1:
            return lambda value: _child(value, names[0])
        return lambda value: {name: _child(value, name) for name in names}
    if token["every"] is not None:
        return _every
    if token["indexes"] is not None:
        indexes = [int(number) for number in token["indexes"].split(",")]
        if len(indexes) == 1:
            return lambda value: _array(value)[indexes[0]]
        return lambda value: [_array(value)[index] for index in indexes]
    start = int(token["start"] or 0)
    stop = int(token["stop"] or -1)
    return lambda value: _array(value)[start : None if stop == -1 else stop + 1]


def _child(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise LookupError(name)
    return value[name]


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise LookupError("not an array")
    return value


def _every(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(_array(value))
