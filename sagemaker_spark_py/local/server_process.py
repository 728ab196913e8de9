"""The server as a child of this process."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from sagemaker_spark_py.errors import SageMakerSparkError

STOP_SECONDS = 20.0
SAID_LINES = 30


class ServerProcess:
    """A server that is started at once, and ends with this process at the latest.

    Parameters
    ----------
    command : sequence of str
    logger : logging.Logger
        Gets what the server says: warnings, or every event where it is enabled for INFO.
    """

    def __init__(self, command: Sequence[str], logger: logging.Logger) -> None:
        verbose = logger.isEnabledFor(logging.INFO)
        self._logger = logger
        self._level = logging.INFO if verbose else logging.WARNING
        self._said: deque[str] = deque(maxlen=SAID_LINES)
        self._process = subprocess.Popen(
            [*command, "--until-stdin-closes", *([] if verbose else ["--quiet"])],
            stdin=subprocess.PIPE,  # its end tells the server that this process is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_with_package_on_path(),
            start_new_session=True,  # Ctrl-C is for this process, which stops the server
        )
        self._relay = threading.Thread(target=self._pass_on, args=(self._process.stderr,), daemon=True)
        self._relay.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exports(self) -> dict[str, str]:
        """Wait until the server is ready; return the environment variables that lead to it.

        Raises
        ------
        SageMakerSparkError
            Where it ends instead; with what it said.
        """
        assert self._process.stdout is not None
        found: dict[str, str] = {}
        for line in self._process.stdout:
            if line.startswith("#"):  # comes after the variables, when it answers
                return found
            name, _, value = line.removeprefix("export ").partition("=")
            found[name] = shlex.split(value)[0]
        code = self.stop()
        raise SageMakerSparkError(
            f"the local SageMaker did not start: exit code {code}; expected a running server. "
            f"It said: {''.join(self._said).strip()}"
        )

    def stop(self) -> int:
        """End the server, with all jobs and endpoints; return its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.stdout.close()
        self._relay.join()
        return self._process.wait()

    def _pass_on(self, said: IO[str]) -> None:
        """Log what the server says, and keep the end of it for the error of a start that fails."""
        with said:
            for line in said:
                self._said.append(line)
                self._logger.log(self._level, line.rstrip())


def _with_package_on_path() -> dict[str, str]:
    """Return this process's environment, with this package importable from any directory."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
