"""Frozen values that name things of AWS: places in S3, roles, endpoint policies, created resources."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields

from sagemaker_spark_py.errors import SettingError


class IAMRoleResource:
    """A way to name the IAM role that SageMaker takes on; see its subclasses."""


@dataclass(frozen=True)
class IAMRole(IAMRoleResource):
    """An IAM role given by its ARN.

    Parameters
    ----------
    role : str
        For example ``"arn:aws:iam::123456789012:role/sagemaker"``.
    """

    role: str


@dataclass(frozen=True)
class IAMRoleFromConfig(IAMRoleResource):
    """An IAM role read from the Spark configuration when it is needed.

    The key is looked up as given and, since ``spark-submit --conf`` drops keys without the ``spark.``
    prefix, also with that prefix.

    Parameters
    ----------
    configKey : str
        Name of the Spark property that holds the role's ARN.
    """

    configKey: str = "com.amazonaws.services.sagemaker.sparksdk.sagemakerrole"


class S3Resource:
    """A way to name a place in S3; see its subclasses."""


@dataclass(frozen=True)
class S3DataPath(S3Resource):
    """A bucket and a key prefix in it.

    Parameters
    ----------
    bucket : str
        An existing bucket in the region of the job.
    objectPath : str
        Key prefix. Slashes at both ends are ignored where keys are built below it.
    """

    bucket: str
    objectPath: str

    def toS3UriString(self) -> str:
        """Return ``s3://bucket/objectPath``."""
        return f"s3://{self.bucket}/{self.objectPath}"

    @classmethod
    def fromS3URI(cls, uri: str) -> S3DataPath:
        """Parse ``s3://bucket/key`` (also ``s3a:`` and ``s3n:``).

        The key is taken as it is written: spaces and percent signs are part of it.

        Raises
        ------
        SettingError
            If the text has another scheme or no bucket.
        """
        scheme, separator, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme not in ("s3", "s3a", "s3n") or not separator or not bucket:
            raise SettingError(f"S3 URI cannot be read: {uri!r}; expected s3://bucket/key.")
        return cls(bucket, key)


@dataclass(frozen=True)
class S3AutoCreatePath(S3Resource):
    """A fresh prefix in the bucket ``<account>-sagemaker-<region>`` of the caller, made if it is missing.

    A bucket of that name which belongs to another account is refused. A bucket that is made here blocks
    public access.
    """


@dataclass(frozen=True)
class CreatedResources:
    """Names of the hosting resources that one model created; ``None`` where it created none.

    Parameters
    ----------
    model_name, endpoint_config_name, endpoint_name : str, optional
        Names as SageMaker knows them.
    """

    model_name: str | None = None
    endpoint_config_name: str | None = None
    endpoint_name: str | None = None

    def __str__(self) -> str:
        """Name what exists, for messages."""
        named = [
            (f.name.removesuffix("_name").replace("_", " "), getattr(self, f.name)) for f in fields(self)
        ]
        return ", ".join(f"{kind} {name!r}" for kind, name in named if name) or "nothing"


class EndpointCreationPolicy(enum.Enum):
    """When a `SageMakerModel` makes its endpoint."""

    CREATE_ON_CONSTRUCT = "CREATE_ON_CONSTRUCT"
    """In its constructor, so also inside ``fit()``; both wait until the endpoint serves."""
    CREATE_ON_TRANSFORM = "CREATE_ON_TRANSFORM"
    """In the first call of ``transform()``, on the driver, which waits until the endpoint serves."""
    DO_NOT_CREATE = "DO_NOT_CREATE"
    """Never: the model names an endpoint that exists."""
