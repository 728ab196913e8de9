"""How to reach AWS: a small value that travels to the executors, and the clients each process makes of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.utils import IMDSRegionProvider

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.assumed_role import AssumedRole
from sagemaker_spark_py.service.aws_errors import no_region, translated

SERVICES = ("s3", "sts", "sagemaker", "sagemaker-runtime", "logs")
"""All of AWS that this library talks to."""

_READ_TIMEOUT_SECONDS = 70
"""A model may take 60 s; AWS's documentation of InvokeEndpoint advises clients to wait 70 s."""
_LOCAL_KEYS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
_LOCAL_CONFIG: dict[str, Any] = {"proxies": {}}
_POOL = 32
"""Connections per client: more than the threads of one task that share it."""


@dataclass(frozen=True)
class Session:
    """Where and as whom AWS is called; never keys.

    A session is pickled into tasks. Each process finds its own credentials by boto3's chain, and with them
    takes on the role, where one is named; it takes it on again before the role's credentials expire.

    Parameters
    ----------
    region : str, optional
        AWS region.
    profile : str, optional
        Name of a profile of the shared AWS configuration. Executors need the same profile.
    endpointUrls : tuple of (str, str)
        URLs to use instead of AWS's own, by service: ``(("s3", "http://127.0.0.1:5000"),)``.
    local : bool
        Whether they lead to a local SageMaker, which is never shown your credentials and needs no proxy.
    assumeRoleArn : str, optional
        ARN of an IAM role, also of another account, that driver and executors act as.
    externalId : str, optional
        What the role's owner asks for besides.
    sessionName : str
        Names the caller in the logs of the role's account.
    """

    region: str | None = None
    profile: str | None = None
    endpointUrls: tuple[tuple[str, str], ...] = ()
    local: bool = False
    assumeRoleArn: str | None = None
    externalId: str | None = field(default=None, repr=False)
    sessionName: str = "sagemaker-spark"
    _given: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a role that cannot be taken on."""
        if self.externalId is not None and self.assumeRoleArn is None:
            raise SettingError("externalId is given without a role; expected assumeRoleArn with it.")
        self._role()

    def _role(self) -> AssumedRole | None:
        if self.assumeRoleArn is None:
            return None
        return AssumedRole(self.assumeRoleArn, self.externalId, self.sessionName)

    def client(self, service: str, **options: Any) -> Any:
        """Return the boto3 client of a service: the user's own where one was given, else this process's.

        Parameters
        ----------
        service : str
            boto3's name of it.
        **options
            Of `botocore.config.Config`, where they differ from this library's.

        Raises
        ------
        SettingError
            If no region or an unknown profile is set.
        """
        given = self._given.get(service)
        return _clients().get(self, service, options) if given is None else given

    def renew(self, client: Any) -> None:
        """Let the next client look for credentials anew, unless `client` is already of the past."""
        _clients().forget(client)

    def within(self, region: str | None) -> Session:
        """Return this session, after checking that it is in a region that was asked for.

        Raises
        ------
        SettingError
            If it is in another one.
        """
        if region and self.region and region != self.region:
            raise SettingError(
                f"region differs from the session's: {region!r}; expected {self.region!r}. "
                "Leave `region` out, or resolve the session there."
            )
        return self

    @classmethod
    def resolve(
        cls,
        region: str | None = None,
        profile: str | None = None,
        clients: Iterable[Any] = (),
        endpointUrls: Mapping[str, str] | None = None,
        *,
        assumeRoleArn: str | None = None,
        externalId: str | None = None,
        sessionName: str = "sagemaker-spark",
    ) -> Session:
        """Fix region and endpoint URLs on the driver, so that executors use the same.

        Parameters
        ----------
        region : str, optional
            Default: the region of the given SageMaker client, of any given client, AWS_REGION, boto3's
            configuration, the EC2 instance, in this order.
        profile : str, optional
            Profile of the shared AWS configuration.
        clients : iterable of boto3 clients
            Clients of the user. They serve on the driver; executors get their region and URLs only.
        endpointUrls : mapping, optional
            URLs by service; they go before those of clients, environment and configuration.
        assumeRoleArn, externalId, sessionName : str, optional
            The role to act as; see the class.

        Raises
        ------
        SettingError
            If there is no region, `region` and the SageMaker client's region differ, or the role is
            malformed.
        """
        given = {c.meta.service_model.service_name: c for c in clients if c is not None}
        with translated("The AWS session"):
            core: Any = botocore.session.Session(profile=profile)
            core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
            where = _region(region, given, core)
            urls = {**_custom_urls(core, where, given), **(endpointUrls or {})}
        role = {"assumeRoleArn": assumeRoleArn, "externalId": externalId, "sessionName": sessionName}
        found = tuple(sorted(urls.items()))
        session = cls(where, profile, found, **role)  # type: ignore[arg-type]
        session._given.update(given)
        return session

    def default_bucket(self) -> str:
        """Return the name of the caller's bucket ``<account>-sagemaker-<region>``, made if it is missing.

        It is the one in which this library stages rows. Public access to a new bucket is blocked.

        Raises
        ------
        AccessError
            If a bucket of that name belongs to another account, or may not be made.
        """
        from sagemaker_spark_py.service.places import default_place

        return default_place(self, "").bucket

    def upload_data(self, path: str, bucket: str | None = None, key_prefix: str = "data") -> str:
        """Upload a file, or all files of a folder, from the driver; return the URI of what was written.

        Parameters
        ----------
        path : str
            File or folder on this machine.
        bucket : str, optional
            Default: `default_bucket()`.
        key_prefix : str
            What the keys begin with; the rest is the file's name, or its path in the folder.

        Returns
        -------
        str
            ``s3://bucket/key_prefix`` for a folder, ``s3://bucket/key_prefix/name`` for a file.

        Raises
        ------
        SettingError
            If the path does not exist.
        AccessError, NotFoundError, ServiceError
            If S3 refuses or fails.
        """
        from sagemaker_spark_py.service.files import upload_files

        return upload_files(self, path, bucket, key_prefix)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_given": {}}


class SageMakerClients:
    """boto3 clients with boto3's default region and credentials, ready for this library."""

    @classmethod
    def create_sagemaker_client(cls) -> Any:
        """Return a client of SageMaker."""
        return Session.resolve().client("sagemaker")

    @classmethod
    def create_s3_default_client(cls) -> Any:
        """Return a client of S3."""
        return Session.resolve().client("s3")

    @classmethod
    def create_sts_default_client(cls) -> Any:
        """Return a client of STS."""
        return Session.resolve().client("sts")


class _Clients:
    """The boto3 clients of one process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._made: dict[tuple[Any, ...], Any] = {}

    def get(self, session: Session, service: str, options: Mapping[str, Any]) -> Any:
        # New keys in the environment (a fresh log-in) must not meet clients of the old ones.
        keys = (os.environ.get("AWS_PROFILE"), os.environ.get("AWS_ACCESS_KEY_ID"))
        identity = (session.profile, *keys, session if session.assumeRoleArn else None)
        with self._lock, translated(f"The {service} client"):
            if identity not in self._made:
                self._made[identity] = _boto_session(session)
            key = (identity, session, service, *sorted(options.items()))
            if key not in self._made:
                url = dict(session.endpointUrls).get(service)
                config = _config(service).merge(Config(**options, **_LOCAL_CONFIG if session.local else {}))
                self._made[key] = self._made[identity].client(
                    service,
                    region_name=session.region,
                    endpoint_url=url,
                    config=config,
                    **_LOCAL_KEYS if session.local else {},
                )
            return self._made[key]

    def forget(self, client: Any) -> None:
        """Drop all clients and credentials if `client` is one of those in use."""
        with self._lock:
            if any(client is made for made in self._made.values()):
                self._made.clear()


def _boto_session(session: Session) -> boto3.Session:
    own = boto3.Session(profile_name=session.profile)
    role = session._role()
    if role is None:
        return own
    url = dict(session.endpointUrls).get("sts")
    place: dict[str, Any] = {"region_name": session.region, "endpoint_url": url}
    return role.session(session.profile, lambda: own.client("sts", config=_config("sts"), **place))


_of_this_process = _Clients()


def _clients() -> _Clients:
    """Return this process's clients; a forked child must not share sockets or a held lock with its parent."""
    global _of_this_process  # noqa: PLW0603
    if _of_this_process.pid != os.getpid():
        _of_this_process = _Clients()
    return _of_this_process


@cache
def _config(service: str) -> Config:
    runtime = service == "sagemaker-runtime"
    # Whoever sends rows to an endpoint decides on each attempt (inference/retry.py).
    return Config(
        retries={"mode": "standard", "total_max_attempts": 1 if runtime else 5},
        max_pool_connections=_POOL,
        read_timeout=_READ_TIMEOUT_SECONDS if runtime else 60,
        tcp_keepalive=True,
        # Given whole, because botocore otherwise builds it anew for each request.
        user_agent=f"Boto3/{boto3.__version__} sagemaker_spark_py/{_version()}",
        # CRC32 and TLS guard the bytes; a SHA-256 over each body costs more than sending it.
        s3={"payload_signing_enabled": False},
    )


def _version() -> str:
    try:
        return version("sagemaker_spark_py")
    except PackageNotFoundError:
        return "source"


@cache
def _loader(data_path: str | None) -> Any:
    """Return what keeps boto3's descriptions of services; reading them takes longer than all else here."""
    return create_loader(data_path)


def _region(region: str | None, given: Mapping[str, Any], core: Any) -> str:
    places = {name: c.meta.region_name for name, c in given.items() if c.meta.region_name != "aws-global"}
    sagemaker = places.get("sagemaker")
    if region and sagemaker and region != sagemaker:
        raise SettingError(
            f"region differs from the SageMaker client's: {region!r}; expected {sagemaker!r}. "
            "Leave `region` out or make the client there."
        )
    configured = os.environ.get("AWS_REGION") or core.get_config_variable("region")
    found = region or sagemaker or next(iter(places.values()), None) or configured
    found = found or IMDSRegionProvider(core).provide()
    if not found:
        raise no_region("SageMaker")
    return str(found)


def _custom_urls(core: Any, region: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the URLs, by service, that are not those which boto3 would use by itself."""
    found = {}
    for service in SERVICES:
        client = given.get(service) or _keyless(core, service, region, configured=True)
        plain = _keyless(core, service, client.meta.region_name, configured=False)
        if client.meta.endpoint_url != plain.meta.endpoint_url:
            found[service] = client.meta.endpoint_url
    return found


def _keyless(core: Any, service: str, region: str, configured: bool) -> Any:
    """Make a client only to read its URL, without the search for credentials, which may ask the network."""
    ignore: dict[str, Any] = {"ignore_configured_endpoint_urls": not configured}
    return core.create_client(
        service,
        region_name=region,
        config=Config(**ignore),
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
