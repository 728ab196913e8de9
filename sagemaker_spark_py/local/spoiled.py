"""Answers of an endpoint that do not fit the rows that were sent, on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.frames import find_frames


def _without_last_record(body: bytes) -> bytes:
    frames = find_frames(body)
    return body[: int(frames.starts[-1]) - wire.FRAME_BYTES]


def _without_last_element(body: bytes) -> bytes:
    value = json.loads(body)
    found = _first_list(value)
    if found:
        found.pop()
    return json.dumps(value).encode()


def _first_list(value: Any) -> list[Any] | None:
    if isinstance(value, list):
        return value
    members = value.values() if isinstance(value, dict) else ()
    return next(filter(None, map(_first_list, members)), None)


def _without_last_line(body: bytes) -> bytes:
    lines = body.rstrip(b"\n").split(b"\n")
    if len(lines) > 1:
        return b"\n".join(lines[:-1]) + b"\n"
    return b",".join(lines[0].split(b",")[:-1])  # some containers answer all rows in one line


def _short(answer: Answer) -> bytes:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if not answer.body:
        return answer.body
    if "recordio" in kind:
        return _without_last_record(answer.body)
    if kind == "application/json":
        return _without_last_element(answer.body)
    return _without_last_line(answer.body)


_SPOILT: dict[str, Callable[[Answer], bytes]] = {
    "short": _short,
    "garbage": lambda _: b"\x00<html>this is not what was asked for",
    "empty": lambda _: b"",
}
WAYS = tuple(_SPOILT)


def spoiled(answer: Answer, way: str) -> Answer:
    """Return an answer that lacks its last row (``short``), is unreadable (``garbage``) or ``empty``."""
    return answer._replace(body=_SPOILT[way](answer)) if answer.status == 200 else answer
