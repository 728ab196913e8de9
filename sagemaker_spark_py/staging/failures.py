"""Errors of tasks, carried to the driver through Spark, which passes on nothing but their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException, PythonException

from sagemaker_spark_py.errors import (
    AccessError,
    DataError,
    NotFoundError,
    SageMakerSparkError,
    SchemaError,
    ServiceError,
    SettingError,
    StagingError,
)

_OURS = {kind.__name__: kind for kind in (DataError, SchemaError, SettingError, StagingError)}
_ANSWERED = {kind.__name__: kind for kind in (AccessError, NotFoundError, ServiceError)}
# How Python ends a traceback: the class with its module, then the text, which is one line.
_RAISED = re.compile(r"^sagemaker_spark_py\.errors\.(?P<name>\w+): (?P<text>.*)$", re.MULTILINE)
# How Java's encoder begins; the driver evaluates tables of constants itself.
_REFUSED = re.compile(
    r"(?:^|java\.lang\.IllegalArgumentException: )(?P<text>(?:Partition \d+, row|Row) \d+: .*)$", re.MULTILINE
)
_ANSWER = re.compile(r" \(code '(?P<code>\S*)', HTTP (?P<status>\d+), request '(?P<requestId>\S*)'\)$")

_IMPORT_ADVICE = "Install it where executors run, or let PYSPARK_PYTHON name a Python that has it."


def in_partition(error: SageMakerSparkError, where: str) -> SageMakerSparkError:
    """Return the same error with a text that says where and holds all that is to reach the driver."""
    text = " ".join(f"{where}: {error}".splitlines())
    if isinstance(error, ServiceError):
        text += f" (code '{error.code}', HTTP {error.status}, request '{error.requestId}')"
    return (_OURS | _ANSWERED).get(type(error).__name__, StagingError)(text)


def extended(error: Exception, more: str) -> SageMakerSparkError:
    """Return the same error, or a `StagingError` where it is not one of ours, with a longer text."""
    text = f"{error} {more}"
    if isinstance(error, ServiceError) and type(error).__name__ in _ANSWERED:
        return type(error)(text, error.code, error.status, error.requestId)
    return _OURS.get(type(error).__name__, StagingError)(text)


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
        raise _from_spark(error, place_uri) from error


def _from_spark(error: Exception, place_uri: str) -> SageMakerSparkError:
    for raised in reversed(list(_RAISED.finditer(str(error)))):
        answer = _ANSWER.search(raised["text"])
        if raised["name"] in _ANSWERED and answer:
            text = raised["text"][: answer.start()]
            return _ANSWERED[raised["name"]](text, answer["code"], int(answer["status"]), answer["requestId"])
        if raised["name"] in _OURS:
            return _OURS[raised["name"]](raised["text"])
    if refused := _REFUSED.search(str(error)):
        return DataError(refused["text"])
    reason = _reason(error)
    advice = f". {_IMPORT_ADVICE}" if "ModuleNotFoundError: " in reason else ""
    return StagingError(f"Data for {place_uri} could not be staged, the Spark job failed: {reason}{advice}")


def _reason(error: Exception) -> str:
    """Return the line that says most: a Python traceback ends with it, a Java one begins with it."""
    text = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
    lines = [
        line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("SQLSTATE")
    ]
    return (lines[-1] if isinstance(error, PythonException) else lines[0]) if lines else type(error).__name__
