"""The HTTP server of a hosting container: /ping, /invocations, /execution-parameters."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
DEFAULT_BODY_BYTES = 6 * 1024 * 1024
"""Largest body of InvokeEndpoint, and what AWS's containers take unless told otherwise."""


class Request(NamedTuple):
    """One request to ``/invocations``."""

    body: bytes
    content_type: str
    accept: str


class Response(NamedTuple):
    """The answer to one request."""

    body: bytes
    content_type: str
    status: int = 200


Handler = Callable[[Request], Response]
"""What a container answers with; raises ContainerError to refuse. Several threads call it at once."""


def max_body_bytes(environment: Mapping[str, str]) -> int:
    """Return the largest body: MAX_CONTENT_LENGTH, or batch transform's SAGEMAKER_MAX_PAYLOAD_IN_MB."""
    megabytes = int(environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or 0)
    return int(environment.get("MAX_CONTENT_LENGTH") or megabytes * 1024 * 1024 or DEFAULT_BODY_BYTES)


class ContainerServer(ThreadingHTTPServer):
    """Serves one handler on 127.0.0.1, one thread per connection.

    Parameters
    ----------
    port : int
        Port to listen on; 0 lets the system choose.
    handler : callable
        Answers ``POST /invocations``.
    limit_bytes : int
        Largest request body; larger ones are answered with 413.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: Handler, limit_bytes: int = DEFAULT_BODY_BYTES) -> None:
        self.handler = handler
        self.limit_bytes = limit_bytes
        super().__init__(("127.0.0.1", port), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log that a connection broke, which is the client's matter."""
        _LOG.info("a connection broke: %s", sys.exc_info()[1])


class _Connection(BaseHTTPRequestHandler):
    """One connection; kept open between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one segment
    server: ContainerServer

    def do_GET(self) -> None:
        """Answer health checks and batch transform's question for limits."""
        if self.path == "/ping":
            self._answer(Response(b"", "text/plain"))
        elif self.path == "/execution-parameters":
            self._answer(Response(_execution_parameters(self.server.limit_bytes), "application/json"))
        else:
            self._answer(_refusal(f"there is nothing at {self.path}", 404))

    def do_POST(self) -> None:
        """Answer one request for predictions."""
        if self.path != "/invocations":
            self.close_connection = True
            self._answer(_refusal(f"there is nothing at {self.path}", 404))
            return
        try:
            self._answer(self.server.handler(self._read_request()))
        except ContainerError as error:
            _LOG.error("Customer Error: %s", error)
            self._answer(_refusal(str(error), error.status))
        except Exception as error:  # noqa: BLE001 - whatever the algorithm raises must reach the caller as a 500
            _LOG.exception("the request failed")
            self._answer(_refusal(f"{type(error).__name__}: {error}", 500))

    def handle_expect_100(self) -> bool:
        """Let the client go on at once: without the flush it waits for a whole second."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def log_message(self, format: str, *args: Any) -> None:
        """Log the request line and its status."""
        _LOG.info(format, *args)

    def _read_request(self) -> Request:
        length = self.headers.get("Content-Length")
        if length is None or not length.isdigit():
            self.close_connection = True
            raise ContainerError("Content-Length is missing; expected the size of the body", 411)
        if int(length) > self.server.limit_bytes:
            self.close_connection = True
            raise ContainerError(
                f"the body is too large: {length} bytes; expected at most {self.server.limit_bytes}", 413
            )
        body = self.rfile.read(int(length))
        return Request(body, self.headers.get("Content-Type", ""), self.headers.get("Accept", ""))

    def _answer(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()
        if self.close_connection:
            self._discard_body()

    def _discard_body(self) -> None:
        """Read what the client still sends, so that it gets to see the answer and not a reset."""
        self.connection.settimeout(1)
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(65536):
                pass
        except OSError:
            return


def _refusal(text: str, status: int) -> Response:
    return Response(text.encode(), "text/plain", status)


def _execution_parameters(limit_bytes: int) -> bytes:
    return json.dumps(
        {
            "MaxConcurrentTransforms": os.cpu_count() or 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": max(1, limit_bytes // (1024 * 1024)),
        }
    ).encode()
