"""The local SageMaker that the instance type ``"local"`` stands for.

This is the only place that knows that a SageMaker may be on this machine: from here on, it is a `Session`
with other URLs. One server serves this process; it starts when it is first asked for and ends with it.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.local.local_sagemaker import check_extra
from sagemaker_spark_py.local.server_process import ServerProcess
from sagemaker_spark_py.service import Session
from sagemaker_spark_py.service.session import SERVICES
from sagemaker_spark_py.service.validation import LOCAL

_log = logging.getLogger(__name__)
_REGION = "us-east-1"
_ROLE = "arn:aws:iam::123456789012:role/local"
_lock = threading.Lock()
_urls: list[str] = []


def local_session(region: str | None = None) -> Session:
    """Return the session of this process's own local SageMaker, which is started if it does not run yet.

    Needs the ``[local]`` extra, and neither an AWS account nor a network. Data, jobs and endpoints are gone
    when the process ends.

    Parameters
    ----------
    region : str, optional
        The AWS region it plays; default us-east-1.

    Raises
    ------
    SettingError
        If the ``[local]`` extra is not installed.
    SageMakerSparkError
        If the server does not start.

    Examples
    --------
    >>> session = local_session()  # doctest: +SKIP
    >>> session.client("sagemaker").list_training_jobs()  # doctest: +SKIP
    """
    with _lock:
        if not _urls:
            _urls.append(_start())
    urls = tuple((name, _urls[0]) for name in sorted({*SERVICES, "iam"}))
    return Session(region or _REGION, endpointUrls=urls, local=True)


def session_for(
    instance_types: Mapping[str, str | None],
    session: Session | None,
    region: str | None,
    clients: Sequence[Any],
) -> Session:
    """Return how SageMaker is reached: on AWS, or here where the instance type is ``"local"``.

    Parameters
    ----------
    instance_types : mapping
        Instance types by the names of their settings.
    session, region, clients
        As the user gave them.

    Raises
    ------
    SettingError
        If they contradict each other.
    """
    kinds = {name: kind for name, kind in instance_types.items() if kind is not None}
    if LOCAL not in kinds.values():
        return Session.resolve(region, clients=clients) if session is None else session.within(region)
    others = {name: kind for name, kind in kinds.items() if kind != LOCAL}
    if others:
        name, kind = next(iter(others.items()))
        raise SettingError(
            f"{name} does not fit the others: {kind!r}; expected {LOCAL!r} for all of {', '.join(kinds)}, or "
            "for none: data does not travel between AWS and this machine."
        )
    if session is None and not any(client is not None for client in clients):
        return local_session(region)
    if session is None or not session.local:
        raise SettingError(
            f"session or client does not lead to the local SageMaker: {session!r}; expected none, or "
            f"local_session(), with the instance type {LOCAL!r}."
        )
    return session


def role_for(instance_type: str | None) -> str | None:
    """Return the role that stands in where the user names none; `None` where there must be a real one."""
    return _ROLE if instance_type == LOCAL else None


def _start() -> str:
    check_extra()
    command = [sys.executable, "-m", "sagemaker_spark_py.local", "--port", "0"]
    server = ServerProcess(command, _log)
    url = server.exports()["AWS_ENDPOINT_URL_S3"]
    atexit.register(server.stop)
    return url
