"""The local SageMaker for code and tests: a server in its own process, and the environment leading to it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from sagemaker_spark_py.errors import SageMakerSparkError, SettingError
from sagemaker_spark_py.local.fault_client import FaultClient

EXTRA_MODULES = ("moto", "flask", "flask_cors", "sklearn")
ACCOUNT = "123456789012"
STOP_SECONDS = 20.0
# Settings that would lead an SDK past the local server or make it refuse to start.
UNSET_WHILE_RUNNING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class LocalSageMaker:
    """AWS on localhost: S3, STS, CloudWatch Logs, SageMaker and its runtime, for unmodified SDKs.

    While it runs, the environment variables of this process lead every AWS SDK (and every process started
    from here, Spark's Python workers included) to it; they are put back when it stops.

    Parameters
    ----------
    region : str
        The AWS region it plays.
    port : int
        Port on 127.0.0.1; 0 for any free one.
    images : mapping of str to sequence of str, optional
        Your own programs as images, by repository name. Each is run with ``train`` or ``serve`` and the
        image's name appended, below the folder named by ``SAGEMAKER_BASE_DIR`` that plays ``/opt/ml``.
    graceSeconds : float
        How long a training container may take to end after SIGTERM before it is killed.

    Attributes
    ----------
    url : str
        Address of the server, the same for all services.
    region, account : str
    faults : FaultClient
        Faults on request.

    Examples
    --------
    >>> with LocalSageMaker() as aws:  # doctest: +SKIP
    ...     boto3.client("sagemaker").list_training_jobs()
    """

    def __init__(
        self,
        region: str = "us-east-1",
        port: int = 0,
        images: Mapping[str, Sequence[str]] | None = None,
        graceSeconds: float = 120.0,
    ) -> None:
        self.region = region
        self.account = ACCOUNT
        self.url = ""
        self.faults = FaultClient(self)
        self._port = port
        self._images = {name: list(command) for name, command in (images or {}).items()}
        self._grace_seconds = graceSeconds
        self._process: subprocess.Popen[str] | None = None
        self._saved: dict[str, str | None] = {}

    def start(self) -> LocalSageMaker:
        """Start the server and set the environment.

        Raises
        ------
        SettingError
            Where the ``[local]`` extra is not installed.
        SageMakerSparkError
            Where the server does not start; with what it said.
        """
        if self._process is not None:
            return self
        check_extra()
        with tempfile.TemporaryFile("w+") as complaints:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,  # its end tells the server that this process is gone
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                env=_with_package_on_path(),
                start_new_session=True,  # Ctrl-C is for this process, which stops the server
            )
            exports = self._read_exports(complaints)
        self.url = exports["AWS_ENDPOINT_URL_S3"]
        self._set_environment(exports)
        return self

    def stop(self) -> None:
        """Stop the server, with all jobs and endpoints, and put the environment back."""
        process, self._process = self._process, None
        if process is None:
            return
        self._restore_environment()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def __enter__(self) -> LocalSageMaker:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _command(self) -> list[str]:
        own = [
            part
            for name, command in self._images.items()
            for part in ("--image", f"{name}={shlex.join(command)}")
        ]
        module = [sys.executable, "-m", "sagemaker_spark_py.local", "--quiet", "--until-stdin-closes"]
        place = ["--port", str(self._port), "--region", self.region]
        return [*module, *place, "--grace-seconds", str(self._grace_seconds), *own]

    def _read_exports(self, complaints: IO[str]) -> dict[str, str]:
        """Read the server's first lines; the comment after them says that it is ready."""
        assert self._process is not None
        assert self._process.stdout is not None
        exports: dict[str, str] = {}
        for line in self._process.stdout:
            if line.startswith("#"):
                return exports
            name, _, value = line.removeprefix("export ").partition("=")
            exports[name] = shlex.split(value)[0]
        process, self._process = self._process, None
        code = process.wait()
        complaints.seek(0)
        raise SageMakerSparkError(
            f"the local SageMaker did not start: exit code {code}; expected a running server. "
            f"It said: {complaints.read().strip()[-2000:]}"
        )

    def _set_environment(self, exports: Mapping[str, str]) -> None:
        without_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY", ""), "127.0.0.1"]))
        new: dict[str, str | None] = {**exports, "NO_PROXY": without_proxy, "no_proxy": without_proxy}
        new.update(dict.fromkeys(UNSET_WHILE_RUNNING))
        self._saved = {name: os.environ.get(name) for name in new}
        _apply(new)

    def _restore_environment(self) -> None:
        _apply(self._saved)
        self._saved = {}


def _apply(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def check_extra() -> None:
    """Raise SettingError where the packages of the [local] extra are missing."""
    missing = [name for name in EXTRA_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingError(
            f"the local SageMaker needs packages that are not installed: {', '.join(missing)}; expected the "
            "[local] extra. Run: pip install 'sagemaker_spark_py[local]'"
        )


def _with_package_on_path() -> dict[str, str]:
    """Return this process's environment, with this package importable from any directory."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
