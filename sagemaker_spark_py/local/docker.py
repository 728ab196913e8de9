"""A container of a real image in the place of a process: ``python -m sagemaker_spark_py.local.docker``.

This program keeps the contract of every image here (the verb ``train`` or ``serve``, the folder named by
``SAGEMAKER_BASE_DIR``, the port, the end with standard input) and runs ``docker run`` in its turn. It is as
thin as that, and has been tried with a stand-in for Docker only, never with an engine.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from sagemaker_spark_py.errors import SettingError

BASE = "/opt/ml"
PORT = 8080
CHECK_SECONDS = 20

# The host's own, and what leads to services on the host's localhost, where a container does not find them.
_NOT_PASSED = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "SAGEMAKER_BASE_DIR", "SAGEMAKER_BIND_TO_PORT"}
)


def check_engine() -> None:
    """Raise SettingError where no Docker engine answers."""
    tool = shutil.which("docker")
    problem = "docker is not installed"
    if tool is not None:
        try:
            done = subprocess.run(
                [tool, "version"], capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
            )
            problem = done.stderr.strip() if done.returncode else ""
        except subprocess.TimeoutExpired:
            problem = "it does not answer"
    if problem:
        raise SettingError(
            f"containers='docker' finds no Docker engine: {problem}; expected one that answers `docker "
            "version`. Start it, or use containers='processes'."
        )


def run_command(name: str, image: str, verb: str, base: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the command that runs an image as SageMaker does, with a host's folder as ``/opt/ml``."""
    given = [
        f"--env={key}={value.replace(str(base), BASE)}"
        for key, value in environment.items()
        if key not in _NOT_PASSED and not key.startswith("AWS_")
    ]
    port = environment.get("SAGEMAKER_BIND_TO_PORT")
    published = [f"--publish=127.0.0.1:{port}:{PORT}"] if port else []
    place = [f"--name={name}", f"--volume={base}:{BASE}"]
    return ["docker", "run", "--rm", *place, *published, *given, image, verb]


def main(arguments: list[str]) -> int:
    """Run an image to its end and return its exit code; `arguments`: image, verb, short name."""
    image, verb, _ = arguments
    base = Path(os.environ["SAGEMAKER_BASE_DIR"])
    _tell_paths(base)
    name = f"sagemaker-local-{uuid.uuid4().hex}"
    process = subprocess.Popen(run_command(name, image, verb, base, os.environ), stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())  # docker hands it on
    threading.Thread(target=_kill_with_stdin, args=(name,), daemon=True).start()
    return process.wait()


def _tell_paths(base: Path) -> None:
    """Name the checkpoints' folder as the container sees it."""
    config = base / "input" / "config" / "checkpointconfig.json"
    if config.is_file():
        config.write_text(config.read_text(encoding="utf-8").replace(str(base), BASE), encoding="utf-8")


def _kill_with_stdin(name: str) -> None:
    while os.read(0, 4096):
        pass
    subprocess.run(["docker", "kill", name], capture_output=True, check=False)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
