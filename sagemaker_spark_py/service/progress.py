"""What a user sees while something is waited for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TextIO

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.logs import LogTail

MODES = ("none", "status", "all")
"""Nothing; one line per change of status; that and what the containers log."""

_CLEAR_LINE = "\r\x1b[K"


class State(NamedTuple):
    """What was seen at one look."""

    subject: str
    """What is waited for, for example ``"Training job 'x'"``."""
    status: str
    """Status as AWS names it, the finer one after a space in brackets where there is one."""
    message: str
    """What AWS says about the status, or ``""``."""
    elapsed_seconds: float
    """Since the wait began."""
    is_over: bool
    """Whether this was the last look."""


Watch = Callable[[State], None]
"""Called after each look at what is waited for."""


def watcher(mode: str, tail: LogTail | None = None) -> Watch:
    """Return what shows progress on stderr.

    Parameters
    ----------
    mode : str
        One of `MODES`.
    tail : LogTail, optional
        Where the log lines of mode ``"all"`` come from.

    Raises
    ------
    SettingError
        If the mode is not known.
    """
    if mode not in MODES:
        raise SettingError(f"Progress mode is not known: {mode!r}; expected one of {', '.join(MODES)}.")
    if mode == "none":
        return nothing
    return StatusLines(tail if mode == "all" else None)


def nothing(state: State) -> None:
    """Show nothing."""


class StatusLines:
    """Writes a line per change of status, log lines, and on a terminal a last line that counts the seconds.

    Parameters
    ----------
    tail : LogTail, optional
        Gives log lines to write.
    stream : text file, optional
        Default: ``sys.stderr`` as it is at each write.
    """

    def __init__(self, tail: LogTail | None = None, stream: TextIO | None = None) -> None:
        self._tail, self._stream = tail, stream
        self._shown: tuple[str, str] | None = None

    def __call__(self, state: State) -> None:
        """Show a state."""
        lines = self._tail.new_lines() if self._tail else []
        if (state.status, state.message) != self._shown:
            self._shown = (state.status, state.message)
            lines = [*lines, _line(state)]
        # A closed stderr is no reason to give up the wait.
        with suppress(OSError, ValueError):
            self._write(lines, state)

    def _write(self, lines: list[str], state: State) -> None:
        stream = self._stream or sys.stderr
        text = "".join(f"{line}\n" for line in lines)
        if stream.isatty():
            text = f"{_CLEAR_LINE}{text}"
            if not state.is_over:
                text += f"{state.subject}: {state.status}, {state.elapsed_seconds:.0f} s"
        stream.write(text)
        stream.flush()


def _line(state: State) -> str:
    message = f": {state.message}" if state.message else ""
    return f"[{state.elapsed_seconds:5.0f} s] {state.subject} is {state.status}{message}"
