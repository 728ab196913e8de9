"""The role that this process itself runs as."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from sagemaker_spark_py.errors import ServiceError, SettingError
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.session import Session

METADATA = Path("/opt/ml/metadata/resource-metadata.json")
"""Where SageMaker's notebooks and Studio say what they are."""

_ASSUMED = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<name>[^/]+)/.+")


def get_execution_role(session: Session | None = None) -> str:
    """Return the ARN of the role that this process runs as, for example to train with it.

    In SageMaker's notebooks and Studio, that is their execution role; elsewhere, the role of the credentials.

    Parameters
    ----------
    session : Session, optional
        How to reach AWS; default boto3's chains.

    Raises
    ------
    SettingError
        If the credentials are not those of a role.
    ServiceError
        If AWS cannot be asked.
    """
    session = session or Session.resolve()
    with suppress(OSError, ValueError):
        found = _of_notebook(json.loads(METADATA.read_text(encoding="utf-8")), session)
        if found:
            return found
    with translated("The identity of these credentials"):
        identity = str(session.client("sts").get_caller_identity()["Arn"])
    assumed = _ASSUMED.fullmatch(identity)
    if assumed is None:
        raise SettingError(
            f"The credentials are not those of a role: {identity}; expected an assumed role. Give the ARN of "
            "a role that SageMaker may take on instead."
        )
    return _with_path(assumed, session)


def _of_notebook(metadata: dict[str, Any], session: Session) -> str | None:
    """Return the execution role of the notebook or Studio app that this process runs in."""
    if "ExecutionRoleArn" in metadata:
        return str(metadata["ExecutionRoleArn"])
    sagemaker = session.client("sagemaker")
    with translated("The execution role"):
        if "DomainId" in metadata and "UserProfileName" in metadata:
            names = {name: metadata[name] for name in ("DomainId", "UserProfileName")}
            own = sagemaker.describe_user_profile(**names).get("UserSettings", {}).get("ExecutionRole")
            domain = sagemaker.describe_domain(DomainId=metadata["DomainId"]) if own is None else {}
            return str(own or domain["DefaultUserSettings"]["ExecutionRole"])
        if "ResourceName" in metadata and "DomainId" not in metadata:
            name = metadata["ResourceName"]
            return str(sagemaker.describe_notebook_instance(NotebookInstanceName=name)["RoleArn"])
    return None


def _with_path(assumed: re.Match[str], session: Session) -> str:
    """Return a role's ARN: an identity tells its name only, and IAM the path before it, where one may ask."""
    name = assumed["name"]
    try:
        with translated(f"IAM role {name!r}"):
            return str(session.client("iam").get_role(RoleName=name)["Role"]["Arn"])
    except ServiceError:
        path = "service-role/" if name.startswith("AmazonSageMaker-ExecutionRole") else ""
        return f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{path}{name}"
