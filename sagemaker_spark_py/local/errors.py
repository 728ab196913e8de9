"""AWS's errors as exceptions: raised anywhere below the dispatcher, rendered by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sagemaker_spark_py.local.answers import Answer


class AwsError(Exception):
    """An error as the service words it.

    Parameters
    ----------
    code : str
        AWS's error code, for example ``"ValidationException"``.
    message : str or None
        The text for people; SageMaker's throttling has none at times.
    status : int
        HTTP status.
    members : mapping
        Further members of the error's shape, for example OriginalStatusCode of a ModelError.
    """

    def __init__(
        self, code: str, message: str | None, status: int = 400, members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = dict(members or {})


def invalid(message: str) -> AwsError:
    """Return SageMaker's answer to a request it does not accept."""
    return AwsError("ValidationException", message)


def json_error(error: AwsError) -> Answer:
    """Render an error for the JSON protocols (SageMaker, its runtime, CloudWatch Logs)."""
    body = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
    return Answer(error.status, headers, json.dumps(body).encode())


def xml_error(error: AwsError, *, wrapped: bool) -> Answer:
    """Render an error for the XML protocols: bare for S3, wrapped in an ErrorResponse for STS."""
    text = (
        f"<Error><Code>{_escape(error.code)}</Code><Message>{_escape(error.message or '')}</Message></Error>"
    )
    request = f"<RequestId>{uuid4()}</RequestId>"
    text = f"<ErrorResponse>{text}{request}</ErrorResponse>" if wrapped else text
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Answer(error.status, {"Content-Type": "application/xml"}, body)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def for_service(service: str, error: AwsError) -> Answer:
    """Render an error as `service` (boto3's client name) would."""
    if service in ("s3", "sts"):
        return xml_error(error, wrapped=service == "sts")
    return json_error(error)
