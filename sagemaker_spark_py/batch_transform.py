"""How a Batch Transform job is run: one value for how rows are sent, retried, stored and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.resources import S3AutoCreatePath, S3Resource

LOGS = ("none", "status", "all")
_CHOICES = {
    "strategy": ("MultiRecord", "SingleRecord"),
    "splitType": ("None", "Line", "RecordIO", "TFRecord"),
    "assembleWith": ("None", "Line"),
    "logs": LOGS,
}
_RANGES = {
    "maxPayload": (1, 100),
    "maxRowsPerObject": (1, None),
    "maxConcurrentTransforms": (1, 100),
    "invocationsTimeoutInSeconds": (1, 3600),
    "invocationsMaxRetries": (0, 3),
}
_MB_AT_ONCE = 100
"""AWS's limit of MaxConcurrentTransforms * MaxPayloadInMB (API reference, CreateTransformJob)."""
_BY_LINE = ("text/", "application/json", "application/x-ndjson")


@dataclass(frozen=True, kw_only=True)
class BatchTransform:
    """How ``batchTransform()`` runs its job; given to a model or an estimator as ``transformOptions=``.

    By default each staged object holds as many rows as one request may carry and is sent whole, so that the
    model gets the same requests as from an endpoint, whatever their format. Memory: a task that stages needs
    about 80 MiB and twice `maxPayload` beside its input, one that reads about four times the answer to it.

    Parameters
    ----------
    strategy : str, optional
        ``"SingleRecord"`` for models that take one row per request: then SageMaker cuts the objects by
        `splitType`. ``"MultiRecord"`` or `None`: many rows per request.
    splitType : str, optional
        ``"None"``, ``"Line"``, ``"RecordIO"`` or ``"TFRecord"``. Default: an object is one request; for
        SingleRecord it follows from the serializer's content type.
    assembleWith : str, optional
        What SageMaker puts after each answer: ``"None"`` or ``"Line"``. Default: a line break between answers
        of text where objects are cut into several requests.
    maxPayload : int
        ``MaxPayloadInMB``, 1 to 100; an object has at most 7/8 of it, in MiB.
    maxRowsPerObject : int, optional
        Most rows of one object, so (but for SingleRecord) of one request.
    maxConcurrentTransforms : int, optional
        Requests under way at a time on each instance; by default what the container says, else 1. Times
        `maxPayload` at most 100.
    invocationsTimeoutInSeconds, invocationsMaxRetries : int, optional
        How long the model may take to answer (AWS: 600) and how often a request is repeated (AWS: 3).
    environment : mapping, optional
        Environment of the job's containers, beside the model's; at most 16 entries.
    s3DataPath : S3Resource
        Where rows are staged and outputs are written, each job below a prefix of its own.
    kmsKeyId : str, optional
        KMS key that encrypts what is in S3.
    keep : bool
        Keep staged rows and the SageMaker model when the job is over, well or not. Otherwise both are deleted
        then, and what failed leaves nothing; the outputs stay until `SageMakerModel.deleteBatchData`.
    logs : str
        What is shown while the job runs: ``"none"``, ``"status"``, or ``"all"`` with the container's log.

    Raises
    ------
    SettingError
        If a value cannot work.
    """

    strategy: str | None = None
    splitType: str | None = None
    assembleWith: str | None = None
    maxPayload: int = 6
    maxRowsPerObject: int | None = None
    maxConcurrentTransforms: int | None = None
    invocationsTimeoutInSeconds: int | None = None
    invocationsMaxRetries: int | None = None
    environment: Mapping[str, str] | None = None
    s3DataPath: S3Resource = S3AutoCreatePath()  # noqa: RUF009  # a frozen value
    kmsKeyId: str | None = None
    keep: bool = False
    logs: str = "status"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise SettingError(f"{name} is not known: {value!r}; expected one of {', '.join(allowed)}.")
        for name, (least, most) in _RANGES.items():
            _check_range(name, getattr(self, name), least, most)
        if self.maxPayload * (self.maxConcurrentTransforms or 1) > _MB_AT_ONCE:
            raise SettingError(
                f"maxConcurrentTransforms is too large: {self.maxConcurrentTransforms} with a maxPayload of "
                f"{self.maxPayload}; expected at most {_MB_AT_ONCE} for both multiplied."
            )
        if not isinstance(self.s3DataPath, S3Resource):
            raise SettingError(
                f"s3DataPath has the wrong type: {type(self.s3DataPath).__name__}; expected an S3Resource."
            )

    @property
    def object_bytes(self) -> int:
        """Most bytes of one staged object: AWS advises a payload limit somewhat above what is sent."""
        return self.maxPayload * 1024 * 1024 * 7 // 8

    def split_for(self, content_type: str) -> str:
        """Return ``SplitType`` for rows of a content type.

        Raises
        ------
        SettingError
            If rows are to be sent one by one and nothing says how they are told apart.
        """
        if self.splitType is not None or self.strategy != "SingleRecord":
            return self.splitType or "None"
        if content_type.startswith("application/x-recordio"):
            return "RecordIO"
        if content_type.startswith(_BY_LINE):
            return "Line"
        raise SettingError(
            f"splitType is not given: rows of {content_type} are to be sent one by one; expected Line, "
            "RecordIO or TFRecord."
        )

    def assembly_for(self, content_type: str, accept: str) -> str:
        """Return ``AssembleWith`` for rows of one content type and answers of another."""
        several = self.split_for(content_type) != "None"
        return self.assembleWith or ("Line" if several and accept.startswith(_BY_LINE) else "None")

    def members(self) -> dict[str, Any]:
        """Return members of CreateTransformJob that are as they are given here; some are `None` or empty."""
        client = {
            "InvocationsTimeoutInSeconds": self.invocationsTimeoutInSeconds,
            "InvocationsMaxRetries": self.invocationsMaxRetries,
        }
        return {
            "BatchStrategy": self.strategy,
            "MaxPayloadInMB": self.maxPayload,
            "MaxConcurrentTransforms": self.maxConcurrentTransforms,
            "Environment": dict(self.environment or {}),
            "ModelClientConfig": {name: value for name, value in client.items() if value is not None},
        }


def _check_range(name: str, value: Any, least: int, most: int | None) -> None:
    if value is None and name != "maxPayload":
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingError(f"{name} has the wrong type: {value!r}; expected an integer.")
    if value < least or (most is not None and value > most):
        limits = f"{least} to {most}" if most is not None else f"{least} or more"
        raise SettingError(f"{name} is out of range: {value}; expected {limits}.")
