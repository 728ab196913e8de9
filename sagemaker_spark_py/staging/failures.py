"""Errors of tasks, carried to the driver through Spark, which passes on nothing but their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from sagemaker_spark_py import errors
from sagemaker_spark_py.errors import SageMakerSparkError, ServiceError, StagingError

# How Python ends a traceback: the class with its module, then the text. All our texts are one line.
_RAISED = re.compile(r"^sagemaker_spark_py\.errors\.(?P<name>\w+): (?P<text>.*)$", re.MULTILINE)
_ANSWER = re.compile(r" \(code '(?P<code>\S*)', HTTP (?P<status>\d+), request '(?P<requestId>\S*)'\)$")


def in_partition(error: SageMakerSparkError, where: str) -> SageMakerSparkError:
    """Return the same error with a text that says where and holds everything that is to reach the driver."""
    text = " ".join(f"{where}: {error}".splitlines())
    if isinstance(error, ServiceError):
        text += f" (code '{error.code}', HTTP {error.status}, request '{error.requestId}')"
    kind = type(error) if type(error).__init__ in _PLAIN else StagingError
    return kind(text)


@contextmanager
def reported(place_uri: str) -> Iterator[None]:
    """Raise what fails in a Spark job inside the block as the error that the task raised.

    Raises
    ------
    DataError, AccessError, ServiceError, StagingError, ...
        As raised in the task; `StagingError` where Spark failed in another way.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        raise _from_spark(str(error), place_uri) from error


def _from_spark(text: str, place_uri: str) -> SageMakerSparkError:
    raised = list(_RAISED.finditer(text))
    kind = getattr(errors, raised[-1]["name"], None) if raised else None
    if kind is None or kind.__init__ not in _PLAIN:
        reason = next((line.strip() for line in text.splitlines() if line.strip()), "unknown")
        return StagingError(f"Data for {place_uri} could not be staged: the Spark job failed: {reason}")
    message, answer = raised[-1]["text"], _ANSWER.search(raised[-1]["text"])
    if answer is None or not issubclass(kind, ServiceError):
        return kind(message)
    status = int(answer["status"])
    return kind(message[: answer.start()], code=answer["code"], status=status, requestId=answer["requestId"])


# Constructors that take a text alone.
_PLAIN = (SageMakerSparkError.__init__, ServiceError.__init__)
