"""Containers as processes: start one, follow its output, end it and everything it started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

FLUSH_SECONDS = 0.2
FLUSH_LINES = 1000
READ_BYTES = 1024 * 1024


class Container:
    """A running container.

    Its standard input is a pipe that this process holds open: a container ends by itself when the pipe
    closes, so that nothing is left when this process is killed.

    Parameters
    ----------
    command : sequence of str
    folder : Path
        Working directory; plays ``/opt/ml``.
    environment : mapping
        The whole environment; nothing else is inherited.
    on_lines : callable
        Takes a list of output lines, several times a second at most.
    on_exit : callable
        Called once with this container after its end and after its last lines.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        on_lines: Callable[[list[str]], None],
        on_exit: Callable[[Container], None],
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C meant for the server is not for its containers
        )
        self.folder = folder
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._follow, args=(on_lines,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._await_end, args=(on_exit,), daemon=True).start()

    @property
    def exit_code(self) -> int | None:
        """The exit code as a shell shows it (128 + signal number where killed); None while running."""
        code = self._process.returncode
        return 128 - code if code is not None and code < 0 else code

    @property
    def ended(self) -> bool:
        """Whether it is over and its output is written."""
        return self._ended.is_set()

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), as ``docker stop`` does."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and everything it started, at once."""
        if self.ended:  # its number may be another process's by now
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end; False where the time ran out first."""
        return self._ended.wait(timeout_seconds)

    def stop(self, grace_seconds: float) -> None:
        """Ask it to end, and end it after `grace_seconds` if it has not."""
        self.terminate()
        if not self.wait(grace_seconds):
            self.kill()
            self.wait()

    def _await_end(self, on_exit: Callable[[Container], None]) -> None:
        self._process.wait()
        self.kill()  # what it left running would hold its output open
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self._ended.set()
        on_exit(self)

    def _follow(self, on_lines: Callable[[list[str]], None]) -> None:
        """Hand on complete lines in batches, at the latest `FLUSH_SECONDS` after they came."""
        output = self._process.stdout
        assert output is not None
        pending: list[str] = []
        rest, due = b"", 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while True:
                if selector.select(max(0.0, due - time.monotonic()) if pending else None):
                    chunk = os.read(output.fileno(), READ_BYTES)
                    if not chunk:
                        break
                    *lines, rest = (rest + chunk).split(b"\n")
                    due = due if pending else time.monotonic() + FLUSH_SECONDS
                    pending += map(_text, lines)
                if pending and (len(pending) >= FLUSH_LINES or time.monotonic() >= due):
                    on_lines(pending)
                    pending = []
        on_lines(pending + ([_text(rest)] if rest else []))


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "replace")
