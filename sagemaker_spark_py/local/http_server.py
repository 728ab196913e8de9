"""A threaded HTTP/1.1 server for one WSGI application, with connections that stay open.

werkzeug parses requests and builds the WSGI environment; its own loop closes the connection after each
answer, which costs SDKs a new connection per call, so the loop here answers and goes on.
"""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import LimitedStream

logger = logging.getLogger(__name__)

IDLE_SECONDS = 120
# A request body that the application did not read is read away up to this size, so that the client
# sees the answer instead of a reset; beyond it the connection is closed.
DRAIN_BYTES = 64 * 1024 * 1024
NO_BODY_STATUS = ("1", "204", "304")


class Dropped(Exception):
    """Raised by the application to close the connection without an answer."""


class Handler(MotoRequestHandler):
    """One connection: reads requests, calls the application, writes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def run_wsgi(self) -> None:
        """Answer one request; the connection stays open unless either side says otherwise."""
        environ = self.make_environ()
        body = self._limit_input(environ)
        try:
            status, headers, chunks = self._call(environ)
            self._send(environ, status, headers, chunks)
            self._drain(body)
        except (Dropped, ConnectionError, TimeoutError):
            self._drop()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the application reports what is worth reporting."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Send the server's own complaints to logging instead of the terminal."""
        logger.debug(message, *args)

    def _limit_input(self, environ: dict[str, Any]) -> IO[bytes]:
        """Let the application read this request's body and no further."""
        if environ.get("wsgi.input_terminated"):  # chunked: ends by itself
            return environ["wsgi.input"]  # type: ignore[no-any-return]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        stream: Any = LimitedStream(environ["wsgi.input"], length) if length else io.BytesIO()
        environ["wsgi.input"] = stream
        environ["wsgi.input_terminated"] = True
        return stream  # type: ignore[no-any-return]

    def _call(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [status, headers]
            return None

        try:
            chunks = self.server.app(environ, start_response)
        except (Dropped, ConnectionError, TimeoutError):
            raise
        except Exception:
            logger.exception("%s %s failed inside the server", environ["REQUEST_METHOD"], self.path)
            text = b"internal error; see the local SageMaker's log"
            return "500 Internal Server Error", [("Content-Length", str(len(text)))], [text]
        return started[0], started[1], chunks

    def _send(
        self, environ: dict[str, Any], status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]
    ) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        empty = environ["REQUEST_METHOD"] == "HEAD" or code.startswith(NO_BODY_STATUS)
        chunked = not empty and "content-length" not in names
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for chunk in chunks:
                if chunk and not empty:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        finally:
            getattr(chunks, "close", lambda: None)()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _drain(self, body: IO[bytes]) -> None:
        """Read away what the application left of the request, so that the next one starts clean."""
        left = DRAIN_BYTES
        while left > 0:
            chunk = body.read(min(left, 1024 * 1024))
            if not chunk:
                return
            left -= len(chunk)
        self.close_connection = True

    def _drop(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def listen(app: Any, port: int) -> BaseWSGIServer:
    """Bind 127.0.0.1 at `port` (0: any free one); the caller runs ``serve_forever`` on the result."""
    return make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler)
