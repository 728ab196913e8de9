"""The local SageMaker for code and tests: a server in its own process, and the environment leading to it."""

from __future__ import annotations

import importlib.util
import logging
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.local.docker import check_engine
from sagemaker_spark_py.local.fault_client import FaultClient
from sagemaker_spark_py.local.server_process import ServerProcess

logger = logging.getLogger(__name__)

EXTRA_MODULES = ("moto", "flask", "flask_cors", "sklearn")
CONTAINERS = ("processes", "docker")
ACCOUNT = "123456789012"
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

    What the server has to say is logged under this module's name: warnings, and at level INFO every event.
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
    installRequirements : bool
        Whether packages of a script's ``requirements.txt`` that this Python lacks are installed, for each job
        and endpoint into a folder of its own. By default such a job is refused.
    containers : str
        What runs images: ``"processes"`` of this machine, or ``"docker"``: the real images, pulled by your
        Docker engine. That way is thin and has never been tried with an engine.

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
        installRequirements: bool = False,
        containers: str = "processes",
    ) -> None:
        self.region = region
        self.account = ACCOUNT
        self.url = ""
        self.faults = FaultClient(self)
        self._port = port
        self._images = {name: list(command) for name, command in (images or {}).items()}
        self._grace_seconds = graceSeconds
        self._install_requirements = installRequirements
        self._containers = containers
        self._server: ServerProcess | None = None
        self._saved: dict[str, str | None] = {}

    def start(self) -> LocalSageMaker:
        """Start the server and set the environment.

        Raises
        ------
        SettingError
            Where the ``[local]`` extra is not installed, or no Docker engine answers that was asked for.
        SageMakerSparkError
            Where the server does not start; with what it said.
        """
        if self._server is not None:
            return self
        check_extra()
        if self._containers not in CONTAINERS:
            raise SettingError(
                f"containers is not known: {self._containers!r}; expected one of {', '.join(CONTAINERS)}."
            )
        if self._containers == "docker":
            check_engine()
        server = ServerProcess(self._command(), logger)
        exports = server.exports()
        self._server = server
        self.url = exports["AWS_ENDPOINT_URL_S3"]
        self._set_environment(exports)
        return self

    def stop(self) -> None:
        """Stop the server, with all jobs and endpoints, and put the environment back."""
        server, self._server = self._server, None
        if server is not None:
            self._restore_environment()
            server.stop()

    def __enter__(self) -> LocalSageMaker:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _command(self) -> list[str]:
        own = [f"--image={name}={shlex.join(command)}" for name, command in self._images.items()]
        place = ["--port", str(self._port), "--region", self.region]
        grace = ["--grace-seconds", str(self._grace_seconds)]
        place += ["--containers", self._containers]
        install = ["--install-requirements"] if self._install_requirements else []
        return [sys.executable, "-m", "sagemaker_spark_py.local", *place, *grace, *install, *own]

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
