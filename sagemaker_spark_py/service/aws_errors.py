"""The one place where exceptions of boto3 become ours.

::

    with translated("S3 bucket 'b'"):
        s3.head_bucket(Bucket="b")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore import exceptions as boto

from sagemaker_spark_py.errors import (
    AccessError,
    NotFoundError,
    SageMakerSparkError,
    ServiceError,
    SettingError,
)

FOREIGN = (boto.BotoCoreError, boto.ClientError, Boto3Error)
"""What boto3 raises; everything else is not ours to translate."""

THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "LimitExceededException",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
UNKNOWN_KEYS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
NOT_FOUND = frozenset(
    {"404", "NotFound", "NoSuchBucket", "NoSuchKey", "NoSuchUpload", "ResourceNotFound"}
    | {"ResourceNotFoundException", "RecordNotFound"}
)
TAKEN = frozenset({"ResourceInUse", "ResourceInUseException"})
ANOTHER_NAME = "Choose another name; names of jobs can never be used again."
QUOTA = frozenset({"ResourceLimitExceeded", "ServiceQuotaExceededException"})

_MISSING = re.compile(r"could not find|not found", re.IGNORECASE)
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
)
_NO_ANSWER = (boto.HTTPClientError, boto.IncompleteReadError)
_NO_SERVER = (boto.EndpointConnectionError, boto.ConnectTimeoutError)

_LOG_IN = "Set up credentials (environment variables, a profile, an instance role) or log in again."
_ADVICE = (
    (THROTTLED, "AWS limits how often this may be called. Try again later or run fewer jobs at once."),
    (EXPIRED, "The credentials have expired. Log in again and repeat."),
    (UNKNOWN_KEYS, f"AWS does not know these credentials. {_LOG_IN}"),
    (TAKEN, ANOTHER_NAME),
    (QUOTA, "Ask for a higher quota in the Service Quotas console, or use fewer or other instances."),
)


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Raise what boto3 raises inside the block as an error of this library.

    Parameters
    ----------
    subject : str
        What the call is about; begins the message, for example ``"Training job 'x'"``.

    Raises
    ------
    AccessError, NotFoundError, ServiceError, SettingError
        With code, HTTP status and request id where AWS answered.
    """
    try:
        yield
    except FOREIGN as error:
        raise as_ours(error, subject) from error


def as_ours(error: Exception, subject: str) -> SageMakerSparkError:
    """Return the error of this library that says what an exception of boto3 means."""
    if isinstance(error, boto.ClientError):
        return _refused(error, subject)
    if isinstance(error, _NO_CREDENTIALS):
        return AccessError(f"{subject} cannot be reached without credentials: {error} {_LOG_IN}")
    if isinstance(error, boto.NoRegionError):
        return no_region(subject)
    if isinstance(error, (boto.ProfileNotFound, boto.ParamValidationError, boto.InvalidRegionError)):
        return SettingError(f"{subject} cannot be asked for: {error}")
    if isinstance(error, _NO_SERVER):
        return ServiceError(f"{subject}: {error}. Is the server running, and is there a way to it from here?")
    return ServiceError(f"{subject} failed without an answer: {error}")


def no_region(subject: str) -> SettingError:
    """Return the error for a missing AWS region."""
    return SettingError(
        f"{subject} needs an AWS region: none is set; expected for example 'us-east-1'. "
        "Give `region`, or set AWS_DEFAULT_REGION or the profile's region."
    )


def is_transient(error: ServiceError) -> bool:
    """Tell whether the same call may well succeed a little later: throttled, 5xx, or no answer."""
    if isinstance(error, (AccessError, NotFoundError)):
        return False
    no_answer = isinstance(error.__cause__, (*_NO_ANSWER, boto.ConnectionError))
    return no_answer or error.status >= 500 or error.code in THROTTLED


def timed_out(error: ServiceError) -> bool:
    """Tell whether a call was begun and its answer did not come in time."""
    return isinstance(error.__cause__, boto.ReadTimeoutError)


def _refused(error: boto.ClientError, subject: str) -> ServiceError:
    answer = error.response.get("ResponseMetadata", {})
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = int(answer.get("HTTPStatusCode", 0))
    kind = _kind(code, message, status)
    request = str(answer.get("RequestId", ""))
    text = (
        f"{subject}: {error.operation_name} was refused: {code} (HTTP {status}): {message.rstrip('.')}. "
        f"{_advice(kind, code, message, error.operation_name)}"
    )
    return kind(text.rstrip(), code=code, status=status, requestId=request)


def _kind(code: str, message: str, status: int) -> type[ServiceError]:
    if code in THROTTLED:
        return ServiceError
    if code in EXPIRED | UNKNOWN_KEYS or status in (401, 403) or code.startswith("AccessDenied"):
        return AccessError
    described_as_missing = code.startswith("Validation") and _MISSING.search(message)
    return NotFoundError if code in NOT_FOUND or described_as_missing else ServiceError


def _advice(kind: type[ServiceError], code: str, message: str, operation: str) -> str:
    for codes, advice in _ADVICE:
        if code in codes:
            return advice
    if "already exist" in message:
        return "Choose another name; or it was made by this very call, whose first answer was lost."
    if kind is AccessError:
        return f"Check that these credentials may call {operation} on it, and that it is yours."
    return ""
