"""Every exception this library raises on purpose.

::

    SageMakerSparkError
    ├── SettingError (ValueError)        a constructor argument, Param or name that cannot work
    ├── SchemaError (ValueError)         a column that is missing, of the wrong type, or clashes
    ├── DataError (ValueError)           a row whose value cannot be sent (null, wrong size, too large)
    ├── RecordIOError (ValueError)       bytes that are not recordIO-protobuf; carries the offset
    ├── ServiceError                     AWS refused or failed a call; carries code, status, request id
    │   ├── AccessError                  missing, expired or insufficient credentials; a bucket of others
    │   └── NotFoundError                the named thing does not exist
    ├── StagingError                     writing the training data to S3 failed
    ├── JobError                         a job of SageMaker did not end well; carries job name and reason
    │   ├── TrainingError                a training job failed
    │   │   └── TrainingStoppedError     it was stopped
    │   │       └── TrainingInterruptedError (KeyboardInterrupt)   Ctrl-C ended the wait
    │   └── TransformError               a Batch Transform job failed, or its outputs do not fit
    │       └── TransformStoppedError    it was stopped
    │           └── TransformInterruptedError (KeyboardInterrupt)   Ctrl-C ended the wait
    ├── ResourceCreationError            an endpoint was not made; carries what was created and still exists
    ├── ArtifactError                    a model artifact cannot be unpacked or read
    ├── CleanupError                     deleting resources failed; carries what is left
    ├── InvocationError                  an endpoint call failed; carries where, status, attempts
    │   └── ResponseError                the answer does not fit the rows that were sent
    └── ContainerError (ValueError)      a local container refuses its job or a request; carries the status

Texts follow one pattern: ``<subject> <problem>: <value>; expected <what>. <What to do.>``
Setting, schema, data and format problems are also ``ValueError``; wrong types are ``TypeError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagemaker_spark_py.resources import CreatedResources


class SageMakerSparkError(Exception):
    """Base of all errors of this library."""


class SettingError(SageMakerSparkError, ValueError):
    """A constructor argument, Param or resource name has a value that cannot work."""


class SchemaError(SageMakerSparkError, ValueError):
    """A column is missing, has the wrong type, or clashes with another name."""


class DataError(SageMakerSparkError, ValueError):
    """A row holds a value that cannot be sent."""


class RecordIOError(SageMakerSparkError, ValueError):
    """Bytes that are not valid recordIO-protobuf.

    Attributes
    ----------
    offset : int
        Byte offset of the problem from the start of the input.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (at byte offset {offset})")
        self.offset = offset


class ServiceError(SageMakerSparkError):
    """AWS refused or failed a call.

    Attributes
    ----------
    code : str
        AWS's error code, for example ``"ThrottlingException"``; ``""`` where there was no answer.
    status : int
        HTTP status; 0 where there was no answer.
    requestId : str
        AWS's request id, for support cases; ``""`` if unknown.
    """

    def __init__(self, message: str, code: str = "", status: int = 0, requestId: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.requestId = requestId


class AccessError(ServiceError):
    """Credentials are missing, expired or not sufficient, or the bucket belongs to another account."""


class NotFoundError(ServiceError):
    """The named job, model, endpoint, bucket or object does not exist."""


class StagingError(SageMakerSparkError):
    """Writing the training data to S3 failed."""


class JobError(SageMakerSparkError):
    """A job of SageMaker did not end well.

    Attributes
    ----------
    jobName : str
        The job, which still exists in SageMaker.
    status : str
        Its last known status, as SageMaker names it.
    reason : str
        FailureReason as SageMaker gives it, or ``""``.
    """

    def __init__(self, message: str, jobName: str, status: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.jobName = jobName
        self.status = status
        self.reason = reason


class TrainingError(JobError):
    """A training job did not end well."""


class TrainingStoppedError(TrainingError):
    """The training job was stopped, or waiting for it was interrupted."""


class TrainingInterruptedError(TrainingStoppedError, KeyboardInterrupt):
    """Ctrl-C ended the wait for a training job; still a `KeyboardInterrupt` to the program around it."""


class TransformError(JobError):
    """A Batch Transform job did not end well, or its outputs do not fit the rows that were sent."""


class TransformStoppedError(TransformError):
    """The Batch Transform job was stopped, or waiting for it was interrupted."""


class TransformInterruptedError(TransformStoppedError, KeyboardInterrupt):
    """Ctrl-C ended the wait for a Batch Transform job; still a `KeyboardInterrupt` to the program."""


class _WithResources(SageMakerSparkError):
    def __init__(self, message: str, createdResources: CreatedResources) -> None:
        super().__init__(message)
        self.createdResources = createdResources


class ResourceCreationError(_WithResources):
    """A model, endpoint config or endpoint could not be made.

    Attributes
    ----------
    createdResources : CreatedResources
        What was created before the failure and still exists.
    """


class ArtifactError(SageMakerSparkError):
    """A model artifact cannot be unpacked, or its model cannot be read here."""


class CleanupError(_WithResources):
    """Deleting resources failed.

    Attributes
    ----------
    createdResources : CreatedResources
        What could not be deleted and may still exist.
    """


class InvocationError(SageMakerSparkError):
    """An endpoint call failed for good.

    Attributes
    ----------
    status : int
        HTTP status of the last attempt; 0 where there was no answer.
    code : str
        AWS's error code of the last attempt.
    attempts : int
        How often the call was tried.
    requestId : str
        AWS's request id of the last attempt, ``""`` if unknown.
    """

    def __init__(
        self, message: str, status: int = 0, code: str = "", attempts: int = 1, requestId: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.attempts = attempts
        self.requestId = requestId


class ResponseError(InvocationError):
    """The answer of an endpoint does not fit the rows that were sent."""


class ContainerError(SageMakerSparkError, ValueError):
    """A container of the local SageMaker refuses its job or a request.

    It never leaves the container's process: a training container writes its text to ``output/failure``,
    a hosting container answers with its status.

    Attributes
    ----------
    status : int
        HTTP status of the answer; 400 where training refuses.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
