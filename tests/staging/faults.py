"""Sessions whose calls of S3 go wrong inside of Spark tasks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSResponse
from pyspark import TaskContext

from sagemaker_spark_py.service.session import Session


class _Answer:
    """The raw part of an HTTP answer."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def stream(self) -> list[bytes]:
        return [self._text]


@dataclass(frozen=True)
class Faulty(Session):
    """Something happens at a call of S3 in the first attempt of one partition.

    Parameters
    ----------
    event : str
        Event of botocore, such as ``after-call.s3.PutObject``: S3 has confirmed the object.
    deed : str
        ``raise``, ``exit`` (the worker dies), or an HTTP status that is answered instead of S3.
    partition : int
        Where; -1: everywhere.
    attempts : int
        Attempts of the task that it happens in.
    times : int
        How often in the life of a worker.
    """

    event: str = "after-call.s3.PutObject"
    deed: str = "raise"
    partition: int = 0
    attempts: int = 1
    times: int = 1_000_000

    def client(self, service: str) -> Any:
        client = super().client(service)
        client.meta.events.register(self.event, self._strike, unique_id=repr(self))
        return client

    def _strike(self, **_: Any) -> AWSResponse | None:
        context = TaskContext.get()
        if context is None or context.attemptNumber() >= self.attempts:
            return None
        struck = int(os.environ.get(self._name(), "0"))
        if self.partition not in (-1, context.partitionId()) or struck >= self.times:
            return None
        os.environ[self._name()] = str(struck + 1)
        if self.deed == "raise":
            raise RuntimeError("a task fails")
        if self.deed == "exit":
            os._exit(1)
        return self._refusal()

    def _refusal(self) -> AWSResponse:
        code = {"403": "AccessDenied", "500": "InternalError", "503": "SlowDown"}[self.deed]
        text = f"<Error><Code>{code}</Code><Message>No</Message><RequestId>R1</RequestId></Error>"
        headers = {"x-amz-request-id": "R1", "Content-Type": "application/xml"}
        return AWSResponse("http://s3", int(self.deed), headers, _Answer(text))

    def _name(self) -> str:
        return "STRUCK " + repr(self).replace("=", ":")
