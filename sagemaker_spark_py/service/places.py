"""Roles and places in S3: what the user named, resolved to what SageMaker takes."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_spark_py.errors import AccessError, NotFoundError, ServiceError, SettingError
from sagemaker_spark_py.resources import (
    IAMRole,
    IAMRoleFromConfig,
    IAMRoleResource,
    S3AutoCreatePath,
    S3DataPath,
    S3Resource,
)
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.session import Session

Conf = Callable[[str], "str | None"]
"""Reads a Spark property; `None` where it is not set."""

BUCKET_KEY = "com.amazonaws.services.sagemaker.sparksdk.s3-data-bucket"
"""Spark property that names the bucket, or an S3 URI, to use for `S3AutoCreatePath`; AWS's name for it."""

_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """A key prefix in a bucket, and how objects below it are written.

    Parameters
    ----------
    bucket : str
        Name of the bucket.
    prefix : str
        Key prefix without a slash at either end.
    owner : str, optional
        Account id that must own the bucket; every call is refused otherwise. Set where the bucket's name
        follows from the account, so that another account could have taken it before.
    kmsKeyId : str, optional
        KMS key that encrypts what is written; by default the bucket's own setting counts.
    """

    bucket: str
    prefix: str
    owner: str | None = None
    kmsKeyId: str | None = None

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix``, without a slash at the end."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """Return the key of an object of that name below the prefix."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def expected_owner(self) -> dict[str, str]:
        """Return the arguments that make a call of S3 refuse a bucket of another account."""
        return {} if self.owner is None else {"ExpectedBucketOwner": self.owner}

    def encryption(self) -> dict[str, str]:
        """Return the arguments that make S3 encrypt a new object with the KMS key."""
        if self.kmsKeyId is None:
            return {}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kmsKeyId}


def resolve_role(role: IAMRoleResource, conf: Conf, default: str | None = None) -> str:
    """Return the ARN of a role.

    Parameters
    ----------
    role : IAMRole or IAMRoleFromConfig
        As given by the user.
    conf : callable
        Reads a Spark property by key, `None` if it is not set.
    default : str, optional
        What serves where the Spark property is missing.

    Raises
    ------
    SettingError
        If the Spark property is missing, or the text is not the ARN of a role.
    """
    if isinstance(role, IAMRoleFromConfig):
        key = role.configKey
        found = conf(key) or conf(f"spark.{key}") or default
        if not found:
            raise SettingError(
                f"IAM role is not set: neither {key!r} nor 'spark.{key}' is in the Spark configuration. "
                "Set one of them to the role's ARN or give sagemakerRole=IAMRole(arn)."
            )
        return _role_arn(found)
    if isinstance(role, IAMRole):
        return _role_arn(role.role)
    raise SettingError(f"IAM role is of an unknown kind: {role!r}; expected IAMRole or IAMRoleFromConfig.")


def resolve_path(
    path: S3Resource, job_name: str, session: Session, *, conf: Conf, kms_key_id: str | None = None
) -> Place:
    """Return the place of one job's data.

    ``S3DataPath(bucket, path)`` gives ``path/<job>``. ``S3AutoCreatePath()`` gives ``<uuid>/<job>`` in the
    bucket ``<account>-sagemaker-<region>``, which is made, with public access blocked, if it is missing.
    Where the Spark property `BUCKET_KEY` is set, its bucket (or S3 URI) serves instead and none is ever made.

    Raises
    ------
    SettingError
        If the path's bucket is empty, or the automatic bucket is in another region.
    AccessError
        If the automatic bucket belongs to another account, or may not be made.
    """
    if isinstance(path, S3AutoCreatePath):
        configured = conf(BUCKET_KEY) or conf(f"spark.{BUCKET_KEY}")
        if not configured:
            account, bucket = _auto_bucket(session)
            return Place(bucket, f"{uuid.uuid4()}/{job_name}", account, kms_key_id)
        is_uri = "://" in configured
        path = S3DataPath.fromS3URI(configured) if is_uri else S3DataPath(configured, str(uuid.uuid4()))
    if not isinstance(path, S3DataPath):
        raise SettingError(
            f"S3 path is of an unknown kind: {path!r}; expected S3DataPath or S3AutoCreatePath."
        )
    if not path.bucket:
        raise SettingError(f"S3 path has no bucket: {path!r}; expected the name of a bucket.")
    prefix = "/".join(part for part in (path.objectPath.strip("/"), job_name) if part)
    return Place(path.bucket, prefix, None, kms_key_id)


def default_place(session: Session, prefix: str) -> Place:
    """Return a place in the caller's own bucket ``<account>-sagemaker-<region>``, which is made if missing.

    Raises
    ------
    AccessError
        If a bucket of that name belongs to another account, or may not be made.
    """
    if session.region is None:
        session = replace(session, region=Session.resolve(profile=session.profile).region)
    account, bucket = _auto_bucket(session)
    return Place(bucket, prefix, account)


def _role_arn(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise SettingError(
            f"IAM role is not the ARN of a role: {text!r}; expected arn:aws:iam::<account>:role/<name>. "
            "`aws iam get-role --role-name <name>` prints it."
        )
    return text


def _auto_bucket(session: Session) -> tuple[str, str]:
    """Return the caller's account and its bucket in the session's region, made if it is missing."""
    with translated("The account of these credentials"):
        account = str(session.client("sts").get_caller_identity()["Account"])
    bucket = f"{account}-sagemaker-{session.region}"
    s3 = session.client("s3")
    try:
        with translated(f"S3 bucket {bucket!r}"):
            head = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        _check_region(bucket, head, session)
    except NotFoundError:
        _create_bucket(s3, bucket, account, session)
    except AccessError as error:
        if error.code not in ("403", "AccessDenied"):  # expired credentials, say
            raise
        raise _not_ours(bucket, account, error) from error
    return account, bucket


def _check_region(bucket: str, head: dict[str, Any], session: Session) -> None:
    headers = head["ResponseMetadata"].get("HTTPHeaders", {})
    region = head.get("BucketRegion") or headers.get("x-amz-bucket-region")
    if region and region != session.region:
        raise SettingError(
            f"S3 bucket {bucket!r} is in another region: {region!r}; expected {session.region!r}, the job's. "
            "Give an S3DataPath with a bucket there."
        )


def _create_bucket(s3: Any, bucket: str, account: str, session: Session) -> None:
    where = {"LocationConstraint": session.region}
    # S3 refuses to be told its oldest region by name.
    location = {} if session.region == "us-east-1" else {"CreateBucketConfiguration": where}
    try:
        with translated(f"S3 bucket {bucket!r}"):
            s3.create_bucket(Bucket=bucket, **location)
    except ServiceError as error:
        if error.code == "BucketAlreadyOwnedByYou":  # another driver made it in this moment
            return
        if error.code == "BucketAlreadyExists":
            raise _not_ours(bucket, account, error) from error
        raise
    _log.warning("Made S3 bucket %s in %s for staged data and models", bucket, session.region)
    _block_public_access(s3, bucket, account)


def _block_public_access(s3: Any, bucket: str, account: str) -> None:
    everything = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
    try:
        with translated(f"S3 bucket {bucket!r}, just made,"):
            s3.put_public_access_block(
                Bucket=bucket,
                PublicAccessBlockConfiguration=dict.fromkeys(everything, True),
                ExpectedBucketOwner=account,
            )
    except ServiceError:
        # A later fit would find the bucket and take it as it is.
        with translated(f"S3 bucket {bucket!r}, just made and still there,"):
            s3.delete_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        raise


def _not_ours(bucket: str, account: str, error: ServiceError) -> AccessError:
    return AccessError(
        f"S3 bucket {bucket!r} is refused: {error.code or error}; expected a bucket of account {account}. "
        "Either another account has taken this predictable name (nothing was written to it), or these "
        "credentials lack s3:ListBucket or s3:CreateBucket. Give an S3DataPath with a bucket of your own.",
        code=error.code,
        status=error.status,
        requestId=error.requestId,
    )
