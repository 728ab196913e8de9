from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, PythonException

from sagemaker_spark_py.errors import (
    AccessError,
    DataError,
    InvocationError,
    NotFoundError,
    SchemaError,
    ServiceError,
    SettingError,
    StagingError,
)
from sagemaker_spark_py.staging.failures import extended, in_partition, reported

TRACEBACK = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "task.py", line 1, in write_partition
    raise in_partition(error, writer.where(error)) from error
{name}: {text}
{end}"""


def through_spark(error: Exception, end: str = "") -> None:
    """Raise what Spark makes of an error in a task."""
    name = f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins.")
    with reported("s3://b/p"):
        raise PythonException(TRACEBACK.format(name=name, text=error, end=end))


@pytest.mark.parametrize("end", ["", " SQLSTATE: 38000\n"])
@pytest.mark.parametrize("kind", [DataError, SchemaError, SettingError, StagingError])
def test_errors_keep_class_and_text(kind, end) -> None:
    with pytest.raises(kind, match=r"^Partition 3: no: 'x'; expected y.$") as caught:
        through_spark(in_partition(kind("no: 'x'; expected y."), "Partition 3"), end)

    assert isinstance(caught.value.__cause__, PythonException)


@pytest.mark.parametrize("kind", [AccessError, NotFoundError, ServiceError])
@pytest.mark.parametrize("request_id", ["ABC/+=", ""])
def test_answers_of_aws_keep_code_status_and_request(kind, request_id) -> None:
    with pytest.raises(kind, match=r"^Partition 3: refused \(HTTP 403\)$") as caught:
        through_spark(
            in_partition(kind("refused (HTTP 403)", "AccessDenied", 403, request_id), "Partition 3")
        )

    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status, caught.value.requestId) == (
        "AccessDenied",
        403,
        request_id,
    )


def test_texts_of_several_lines_arrive_whole() -> None:
    with pytest.raises(DataError, match=r"^Partition 0: one two$"):
        through_spark(in_partition(DataError("one\ntwo"), "Partition 0"))


def test_errors_of_other_rooms_are_told_of() -> None:
    """The DataFrame may itself come from a model's transform()."""
    with pytest.raises(StagingError, match=r"s3://b/p could not be staged, .*InvocationError: no answer$"):
        through_spark(InvocationError("no answer", status=503))


def test_errors_of_users_code_are_told_of() -> None:
    with pytest.raises(StagingError, match=r"the Spark job failed: ZeroDivisionError: division by zero$"):
        through_spark(ZeroDivisionError("division by zero"), " SQLSTATE: 38000\n")


def test_errors_of_spark_are_told_of() -> None:
    with pytest.raises(StagingError, match=r"failed: table is gone$"), reported("s3://b/p"):
        raise AnalysisException("table is gone\nmuch more")


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), reported("s3://b/p"):
        raise ZeroDivisionError


def test_more_can_be_said() -> None:
    error = extended(AccessError("No.", "AccessDenied", 403, "R"), "More.")

    assert (type(error), str(error), error.code) == (AccessError, "No. More.", "AccessDenied")
    assert type(extended(ZeroDivisionError("No."), "More.")) is StagingError
    assert type(extended(DataError("No."), "More.")) is DataError


def test_a_package_that_executors_lack_comes_with_advice() -> None:
    with pytest.raises(
        StagingError, match=r"No module named 'sagemaker_spark_py'\. Install it .*PYSPARK_PYTHON"
    ):
        through_spark(ModuleNotFoundError("No module named 'sagemaker_spark_py'"))
