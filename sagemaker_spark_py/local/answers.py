"""An HTTP answer before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4


class Answer(NamedTuple):
    """Status, headers and the whole body of one answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def respond(answer: Answer, start_response: Any) -> Iterable[bytes]:
    """Give an answer to the HTTP server, with its length and a request id."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    headers.setdefault("x-amzn-RequestId", str(uuid4()))
    start_response(f"{answer.status} {_reason(answer.status)}", list(headers.items()))
    return [answer.body]


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # AWS uses 530, which no RFC knows
        return "Error"
