"""Credentials of a role, which each process takes on by itself and again before they expire."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from sagemaker_spark_py.errors import SettingError

# STS API reference, AssumeRole.
_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


@dataclass(frozen=True)
class AssumedRole:
    """A role to take on, and how.

    Parameters
    ----------
    arn : str
        ARN of the role.
    external_id : str, optional
        What the role's owner has agreed on with us.
    session_name : str
        Names the caller in the logs of the role's account.

    Raises
    ------
    SettingError
        If STS would refuse one of them whoever asks.
    """

    arn: str
    external_id: str | None
    session_name: str

    def __post_init__(self) -> None:
        example = "arn:aws:iam::123456789012:role/name"
        _require("assumeRoleArn", _ARN, self.arn, f"the ARN of an IAM role, such as {example!r}")
        _require("sessionName", _NAME, self.session_name, "2 to 64 of a-z, A-Z, 0-9 and _+=,.@-")
        if self.external_id is not None and not _fits(_EXTERNAL_ID, self.external_id):
            # It is not quoted: some take it for a secret.
            raise SettingError("externalId is malformed; expected 2 to 1224 of a-z, A-Z, 0-9 and _+=,.@:/-.")

    def session(self, profile: str | None, make_sts: Callable[[], Any]) -> boto3.Session:
        """Return a boto3 session that acts as the role.

        Parameters
        ----------
        profile : str, optional
            Of the shared AWS configuration.
        make_sts : callable
            Returns the client of STS that may take on the role.
        """
        core: Any = botocore.session.Session(profile=profile)
        core.register_component("credential_provider", CredentialResolver([_Provider(self, make_sts())]))
        return boto3.Session(botocore_session=core)


class _Provider(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, role: AssumedRole, sts: Any) -> None:
        super().__init__()
        self._role = role
        self._sts = sts

    def load(self) -> DeferredRefreshableCredentials:
        """Return credentials that are fetched at their first use, and again when they are about to expire."""
        return DeferredRefreshableCredentials(self._fetch, self.METHOD, time_fetcher=_now)

    def _fetch(self) -> dict[str, str]:
        external = {} if self._role.external_id is None else {"ExternalId": self._role.external_id}
        found = self._sts.assume_role(
            RoleArn=self._role.arn, RoleSessionName=self._role.session_name, **external
        )["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _require(name: str, pattern: re.Pattern[str], value: Any, expected: str) -> None:
    if not _fits(pattern, value):
        raise SettingError(f"{name} is malformed: {value!r}; expected {expected}.")
