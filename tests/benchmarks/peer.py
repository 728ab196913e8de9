"""The peers' processes, seen from the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import Cost

ROOT = Path(__file__).parents[2]
_SCRIPTS = Path(__file__).parent / "peers"


class PeerError(Exception):
    """A peer failed."""


class Peer:
    """A script that runs in an environment of its own and does what it is told, one thing at a time.

    Parameters
    ----------
    environment : str
        Name of the environment's folder below the root of the repository; ``make bench-peers`` makes it.
    script : str
        Name of the script below ``peers``.
    arguments : str
        Of the script.
    """

    def __init__(self, environment: str, script: str, *arguments: str) -> None:
        command = [str(_python(environment)), str(_SCRIPTS / script), *arguments]
        log = ROOT / ".benchmarks" / f"{Path(script).stem}.log"
        log.parent.mkdir(exist_ok=True)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with log.open("w") as errors:
            self._process = subprocess.Popen(command, **pipes, stderr=errors, text=True, env=_environ())
        self._log = log
        self._read()

    def do(self, action: str, **arguments: Any) -> Cost | None:
        """Let the peer do something; return what it says that this cost, if it says so."""
        assert self._process.stdin is not None
        print(json.dumps({"do": action, **arguments}), file=self._process.stdin, flush=True)
        seconds = self._read()["value"]
        return None if seconds is None else Cost(seconds)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in answer:
            raise PeerError(f"{answer['error']} (its log: {self._log})")
        return answer


def is_installed(environment: str) -> bool:
    """Tell whether ``make bench-peers`` has made an environment."""
    return _python(environment).exists()


def _python(environment: str) -> Path:
    return ROOT / environment / "bin" / "python"


def _environ() -> dict[str, str]:
    """Return our own environment without what would lead to our Spark."""
    ours = ("PYTHONPATH", "PYSPARK_PYTHON", "SPARK_HOME")
    return {name: value for name, value in os.environ.items() if name not in ours}
