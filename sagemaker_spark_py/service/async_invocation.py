"""Requests to asynchronous endpoints: an object in S3, a call that queues it, an object with the answer.

Facts: the API reference of InvokeEndpointAsync and the developer guide's "Asynchronous inference".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse
from uuid import uuid4

from botocore.exceptions import ClientError

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.service.aws_errors import FOREIGN
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session

Pause = Callable[[float], bool]
"""Waits so many seconds, or less if nobody wants the answer any more; tells whether that is so."""

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
# Without the right to list the bucket, S3 answers 403 for an object that is not there yet.
_NOT_THERE = frozenset({"NoSuchKey", "404", "403", "AccessDenied"})
_STATUS = re.compile(r"\((\d{1,3})\)")


@dataclass(frozen=True)
class Queue:
    """How requests of one endpoint are queued.

    Parameters
    ----------
    place : Place
        Requests are put below its ``inputs/``.
    timeout_seconds : int
        How long the model may take for a request.
    ttl_seconds : int
        How long a request may wait for its turn.
    """

    place: Place
    timeout_seconds: int
    ttl_seconds: int

    def ask(
        self, session: Session, runtime: Any, body: bytes, fields: Mapping[str, str], pause: Pause
    ) -> tuple[bytes, str]:
        """Return the answer to a request, and AWS's id of the request; on executors.

        All objects are deleted, also when it fails.

        Raises
        ------
        ClientError
            ModelError, if the model failed; its OriginalStatusCode is 0 if that was because it took too long.
            Otherwise what S3 and SageMaker refuse with.
        ServiceError
            If nothing was answered in time, or nobody waits any more.
        """
        s3, name = session.client("s3"), f"inputs/{uuid4().hex}"
        made = [(self.place.bucket, self.place.key(name))]
        owned = {**self.place.expected_owner(), **self.place.encryption()}
        try:
            s3.put_object(Bucket=made[0][0], Key=made[0][1], Body=body, **owned)
            queued = runtime.invoke_endpoint_async(
                InputLocation=f"s3://{self.place.bucket}/{self.place.key(name)}",
                InvocationTimeoutSeconds=self.timeout_seconds,
                RequestTTLSeconds=self.ttl_seconds,
                **fields,
            )
            answers = [
                _split(queued[key]) for key in ("OutputLocation", "FailureLocation") if queued.get(key)
            ]
            made += answers
            return self._await(s3, answers, pause), queued["ResponseMetadata"].get("RequestId", "")
        finally:
            for bucket, key in made:
                with suppress(*FOREIGN):  # it may not have been made, and what failed before matters more
                    s3.delete_object(Bucket=bucket, Key=key)

    def _await(self, s3: Any, answers: list[tuple[str, str]], pause: Pause) -> bytes:
        deadline = time.monotonic() + self.ttl_seconds + self.timeout_seconds
        pause_seconds = _FIRST_PAUSE_SECONDS
        while time.monotonic() < deadline:
            output = _read(s3, *answers[0])
            if output is not None:
                return output
            failure = _read(s3, *answers[1]) if len(answers) > 1 else None
            if failure is not None:
                raise _model_error(failure.decode("utf-8", "replace"))
            if pause(pause_seconds):
                raise ServiceError("The answer is not waited for any more.", "Abandoned")
            pause_seconds = min(pause_seconds * 1.5, _LONGEST_PAUSE_SECONDS)
        raise ServiceError(
            f"No answer has come to s3://{'/'.join(answers[0])} in {self.ttl_seconds + self.timeout_seconds} "
            "s; expected one, or a failure, by then. See the endpoint's log.",
            "TimedOut",
        )


def _read(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _NOT_THERE:
            return None
        raise


def _model_error(message: str) -> ClientError:
    """Return what InvokeEndpoint would have raised: the failure object has its text only."""
    status = _STATUS.search(message)
    timed_out = "timed out" in message.lower()
    answer: Any = {
        "Error": {"Code": "ModelError", "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 424},
        "OriginalStatusCode": 0 if timed_out else int(status[1]) if status else 500,
    }
    return ClientError(answer, "InvokeEndpointAsync")


def _split(uri: str) -> tuple[str, str]:
    parts = urlparse(uri)
    return parts.netloc, parts.path.lstrip("/")
