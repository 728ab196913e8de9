"""Kinds of endpoint beside those that answer at once on instances: serverless ones, and asynchronous ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import SparkSession

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.resources import S3AutoCreatePath, S3Resource
from sagemaker_spark_py.service import Session, resolve_path
from sagemaker_spark_py.service.async_invocation import Queue

SERVERLESS_MAX_BODY_BYTES = 4_000_000
"""What a serverless endpoint takes and gives at most: 4 MB ("Deploy models for inference")."""

_NOT_ASYNC = ("targetModel", "targetModelCol", "targetVariant", "inferenceComponent")

INSTANCE_SETTINGS = ("endpointInstanceType", "endpointInitialInstanceCount")


@dataclass(frozen=True, kw_only=True)
class ServerlessInference:
    """A serverless endpoint: no instances to choose or to pay for while it is idle; slow when it has been.

    Its requests have at most 4 MB, and it takes no GPU, no VPC and no several models.

    Parameters
    ----------
    memorySizeInMB : int
        Memory of each worker, which its CPU grows with: 1024 to 6144, in steps of 1024.
    maxConcurrency : int
        How many requests it answers at a time, 1 to 200; others are throttled, and sent again later.
    provisionedConcurrency : int, optional
        How many workers are kept ready, 1 to `maxConcurrency`.

    Raises
    ------
    SettingError
        If AWS would refuse a value.
    """

    memorySizeInMB: int = 2048
    maxConcurrency: int = 5
    provisionedConcurrency: int | None = None

    def __post_init__(self) -> None:
        _require_range("memorySizeInMB", self.memorySizeInMB, 1024, 6144, step=1024)
        _require_range("maxConcurrency", self.maxConcurrency, 1, 200)
        if self.provisionedConcurrency is not None:
            _require_range("provisionedConcurrency", self.provisionedConcurrency, 1, self.maxConcurrency)

    def request(self) -> dict[str, int]:
        """Return the variant's ServerlessConfig."""
        more = {"ProvisionedConcurrency": self.provisionedConcurrency} if self.provisionedConcurrency else {}
        return {"MemorySizeInMB": self.memorySizeInMB, "MaxConcurrency": self.maxConcurrency, **more}


@dataclass(frozen=True, kw_only=True)
class AsyncInference:
    """An asynchronous endpoint, for models that take longer than a minute, or bodies larger than 6 MB.

    ``transform()`` gives the same rows: each request is put into S3, queued, and its answer fetched from S3;
    objects are deleted as soon as they are read. What a job that is cancelled leaves lies below `path`.

    Parameters
    ----------
    path : S3Resource
        Requests, answers and failures lie below ``inputs/``, ``outputs/`` and ``failures/`` of a prefix of
        the endpoint's own in it. The endpoint's role must be able to read and write there, and executors too.
    maxConcurrentInvocationsPerInstance : int, optional
        How many requests an instance works on at a time, 1 to 1000; by default SageMaker decides.
    invocationTimeoutSeconds : int
        How long the model may take for a request, 1 to 3600 s.
    requestTTLSeconds : int
        How long a request may wait for its turn, 60 to 21,600 s.
    kmsKeyId : str, optional
        KMS key that encrypts the objects.

    Raises
    ------
    SettingError
        If AWS would refuse a value.
    """

    path: S3Resource = field(default_factory=S3AutoCreatePath)
    maxConcurrentInvocationsPerInstance: int | None = None
    invocationTimeoutSeconds: int = 900
    requestTTLSeconds: int = 21_600
    kmsKeyId: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, S3Resource):
            raise SettingError(f"path is no place in S3: {self.path!r}; expected S3DataPath(bucket, prefix).")
        if self.maxConcurrentInvocationsPerInstance is not None:
            limit = self.maxConcurrentInvocationsPerInstance
            _require_range("maxConcurrentInvocationsPerInstance", limit, 1, 1000)
        _require_range("invocationTimeoutSeconds", self.invocationTimeoutSeconds, 1, 3600)
        _require_range("requestTTLSeconds", self.requestTTLSeconds, 60, 21_600)

    def request(self, uri: str) -> dict[str, Any]:
        """Return the configuration's AsyncInferenceConfig for objects below an S3 URI."""
        output = {"S3OutputPath": f"{uri}/outputs/", "S3FailurePath": f"{uri}/failures/"}
        if self.kmsKeyId is not None:
            output["KmsKeyId"] = self.kmsKeyId
        most = self.maxConcurrentInvocationsPerInstance
        client = {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": most}} if most else {}
        return {"OutputConfig": output, **client}


def needed_to_host(settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings without which no endpoint can be made."""
    needed = ["modelImage", "modelPath", "modelExecutionRoleARN"]
    return needed + list(INSTANCE_SETTINGS if settings["endpointServerless"] is None else ())


def queue_for(settings: Mapping[str, Any], session: Session) -> Queue | None:
    """Return how requests of a model's endpoint are queued; None where they are answered at once.

    Its place may be another one each time, where `AsyncInference.path` makes a fresh one.
    """
    how = settings["endpointAsync"]
    if how is None:
        return None
    conf = SparkSession.active().conf
    name = settings["existingEndpointName"] or settings["namePolicy"].names.endpointName
    place = resolve_path(
        how.path, name, session, conf=lambda key: conf.get(key, None), kms_key_id=how.kmsKeyId
    )
    return Queue(place, how.invocationTimeoutSeconds, how.requestTTLSeconds)


def check_kind(settings: Mapping[str, Any]) -> None:
    """Refuse settings of more than one kind of endpoint, and what a kind cannot do.

    Raises
    ------
    SettingError
        If there are.
    """
    if settings["endpointAsync"] is not None:
        _check_async(settings["invocation"])
    if settings["endpointServerless"] is None:
        return
    given = [name for name in INSTANCE_SETTINGS if settings[name] is not None]
    if given:
        raise SettingError(
            f"endpointServerless is given with {' and '.join(given)}; expected one or the other. A "
            "serverless endpoint has no instances."
        )
    if settings["endpointAsync"] is not None:
        raise SettingError(
            "endpointServerless and endpointAsync are both given; expected at most one of them. "
            "SageMaker has no asynchronous endpoints without instances."
        )


def _check_async(invocation: Invocation) -> None:
    refused = [name for name in _NOT_ASYNC if getattr(invocation, name) is not None]
    if refused:
        raise SettingError(
            f"invocation does not fit endpointAsync: {', '.join(refused)}; expected none of them. "
            "InvokeEndpointAsync cannot say them."
        )


def within_limits(invocation: Invocation, serverless: ServerlessInference | None) -> Invocation:
    """Return how to ask an endpoint, with bodies no larger than its kind takes."""
    if serverless is None:
        return invocation
    return replace(invocation, maxBodyBytes=min(invocation.maxBodyBytes, SERVERLESS_MAX_BODY_BYTES))


def _require_range(name: str, value: Any, least: int, most: int, step: int = 1) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not least <= value <= most or value % step:
        steps = f" in steps of {step}" if step > 1 else ""
        raise SettingError(f"{name} is out of range: {value!r}; expected {least} to {most}{steps}.")
