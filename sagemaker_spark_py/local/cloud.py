"""The state of the local AWS: what every operation shares, and what each account has in each region."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sagemaker_spark_py.local.home import Home
from sagemaker_spark_py.local.images import Images
from sagemaker_spark_py.local.processes import Container

# The server is a client of its own S3 and Logs; faults set for users' calls leave it alone.
INTERNAL_USER_AGENT = "sagemaker-local-service"
SHUTDOWN_GRACE_SECONDS = 2.0


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(timezone.utc)


@dataclass
class Region:
    """Everything one account has in one region, by name."""

    account: str
    name: str
    training_jobs: dict[str, Any] = field(default_factory=dict)
    transform_jobs: dict[str, Any] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoint_configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a resource; SageMaker writes names in lower case there."""
        return f"arn:aws:sagemaker:{self.name}:{self.account}:{kind}/{name.lower()}"


class Cloud:
    """The local AWS as a whole.

    Parameters
    ----------
    images : Images
    grace_seconds : float
        How long a training container may take to end after SIGTERM; SageMaker gives 120.
    own_environment : mapping
        Variables that every container gets.
    """

    def __init__(
        self, images: Images, grace_seconds: float, own_environment: Mapping[str, str] | None = None
    ) -> None:
        self.images = images
        self.grace_seconds = grace_seconds
        self._own_environment = dict(own_environment or {})
        self.url = ""
        self._home = Home()
        self._regions: dict[tuple[str, str], Region] = {}
        self._containers: set[Container] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._session = boto3.Session()
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def home(self) -> Path:
        """The private folder; jobs and endpoints live below it."""
        return self._home.path

    def region(self, account: str, name: str) -> Region:
        """Return an account's region; it exists from its first use."""
        with self._lock:
            return self._regions.setdefault((account, name), Region(account, name))

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client of this very server; clients are thread-safe, making them is not."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(  # type: ignore[call-overload]
                    service,
                    endpoint_url=self.url,
                    region_name=region,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",
                    config=Config(
                        user_agent=INTERNAL_USER_AGENT,
                        proxies={},
                        s3={"addressing_style": "path", "payload_signing_enabled": False},
                        max_pool_connections=50,
                    ),
                )
            return self._clients[service, region]

    def start(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        on_lines: Callable[[list[str]], None],
        on_exit: Callable[[Container], None],
    ) -> Container:
        """Start a container that is ended with the server at the latest."""

        def ended(container: Container) -> None:
            with self._lock:
                self._containers.discard(container)
            on_exit(container)

        with self._lock:
            container = Container(command, folder, environment, on_lines, ended)
            self._containers.add(container)
        if self.closing.is_set():
            container.kill()
        return container

    def container_environment(self, region: str, own: Mapping[str, str]) -> dict[str, str]:
        """Return a container's environment: the little that a process needs, this AWS, and its own."""
        package_root = str(Path(__file__).resolve().parents[2])
        paths = [package_root, os.environ.get("PYTHONPATH", "")]
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        return {
            **inherited,
            **endpoint_variables(self.url, region),
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.home),
            **self._own_environment,
            **own,
        }

    def in_background(self, name: str, work: Callable[[], None]) -> None:
        """Do a job's or an endpoint's work in a thread that the end of the server waits for."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads = [other for other in self._threads if other.is_alive()] + [thread]
            thread.start()

    def close(self) -> None:
        """Stop every job, end every container and remove every file."""
        self.closing.set()
        with self._lock:
            regions, left, threads = list(self._regions.values()), list(self._containers), self._threads
        for region in regions:
            for job in [*region.training_jobs.values(), *region.transform_jobs.values()]:
                job.request_stop()
        for container in left:
            container.terminate()
        deadline = time.monotonic() + SHUTDOWN_GRACE_SECONDS
        for container in left:
            container.stop(max(0.0, deadline - time.monotonic()))
        deadline = time.monotonic() + SHUTDOWN_GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._home.remove()


def endpoint_variables(url: str, region: str) -> dict[str, str]:
    """Return the environment variables that lead any AWS SDK to the server at `url`.

    boto3 and the AWS CLI derive the variable of CloudWatch Logs from its service id (CLOUDWATCH_LOGS); the
    shorter form is there for tools that go by the client's name.
    """
    services = ("S3", "STS", "IAM", "SAGEMAKER", "SAGEMAKER_RUNTIME", "LOGS", "CLOUDWATCH_LOGS")
    return {
        **{f"AWS_ENDPOINT_URL_{service}": url for service in services},
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }
