"""Every line of the retry table, from the rows to the local SageMaker's faults and back."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py import Invocation, SageMakerModel, SageMakerResourceCleanup, Session
from sagemaker_spark_py.errors import InvocationError
from sagemaker_spark_py.inference import invoke, retry
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.transformation.features import rectangle
from sagemaker_spark_py.transformation.vectors import to_vectors
from tests.digits import digits, kmeans

ROWS = 60


@pytest.fixture(scope="module")
def fitted(spark, local_sagemaker) -> Any:
    """A model of K-Means whose endpoint serves."""
    model = kmeans().fit(digits(spark, 200))
    model.transform(digits(spark, 2)).count()
    yield model
    SageMakerResourceCleanup(model.sagemakerClient).deleteResources(model.getCreatedResources())


@pytest.fixture
def waits(monkeypatch) -> list[retry.Rule]:
    """The rules by which requests were repeated; nobody really waits."""
    found: list[retry.Rule] = []
    monkeypatch.setattr(retry.Rule, "delay_seconds", lambda rule, failures: found.append(rule) or 0.0)
    return found


@pytest.fixture
def ask(aws, fitted, waits) -> Any:
    """Ask for the rows [i, 0, 0, …] and return their answers."""

    def ask(rows: int = ROWS, **how: Any) -> list[dict[str, Any]]:
        how = {"maxRowsPerRequest": 20, **how}
        formats = fitted.requestRowSerializer, fitted.responseRowDeserializer
        call = EndpointCall(Session.resolve(), fitted.endpointName, *formats, Invocation(**how))
        table = np.zeros((rows, 64))
        table[:, 0] = np.arange(rows)
        batch = pa.RecordBatch.from_arrays([to_vectors(rectangle("features", table))], names=["features"])
        return [row for answer in invoke.answers([batch], call, 0) for row in answer.to_pylist()]

    return ask


LINES = [
    {"status": 429, "code": "ModelNotReadyException"},
    {"expired": True},
    {"status": 400, "code": "ValidationError", "message": "Endpoint e of account 1 not found."},
    {"status": 429},
    {"status": 400, "code": "400", "message": "None"},
    {"status": 413},
    {"original_status": 0},
    {"original_status": 429},
    {"original_status": 503},
    {"original_status": 415},
    {"status": 530},
    {"status": 503},
    {"latency_seconds": 3.0},
    {"drop": True},
    {"status": 400, "code": "ValidationError", "message": "no"},
]


def test_there_is_a_fault_for_each_line() -> None:
    assert len(LINES) == len(retry.TABLE)


@pytest.mark.parametrize(("number", "fault"), list(enumerate(LINES)))
def test_each_line_is_met_by_its_fault(aws, ask, monkeypatch, number, fault) -> None:
    met = set()

    def noted(line: int, fits: Any) -> Any:
        return lambda failure: bool(fits(failure)) and not met.add(line)

    table = tuple((noted(line, fits), rule) for line, (fits, rule) in enumerate(retry.TABLE))
    monkeypatch.setattr(retry, "TABLE", table)
    aws.faults.invoke(**fault, times=1)
    rule = table[number][1]
    if rule.attempts > 1:
        ask(1, readTimeoutSeconds=1)
    else:
        with pytest.raises(InvocationError):
            ask(1)
    assert met == {number}


PASSING = [
    ({"status": 429, "code": "ModelNotReadyException"}, retry.LOADING),
    ({"expired": True}, retry.RENEWED),
    ({"status": 400}, retry.THROTTLED_CALL),
    ({"status": 429}, retry.THROTTLED_CALL),
    ({"status": 400, "code": "400", "message": "None"}, retry.THROTTLED_CALL),
    ({"original_status": 0}, retry.MODEL_TOO_SLOW),
    ({"original_status": 429}, retry.MODEL_BUSY),
    ({"original_status": 500}, retry.MODEL_FAILED),
    ({"original_status": 503}, retry.MODEL_FAILED),
    ({"status": 530}, retry.DEPENDENCY),
    ({"status": 500}, retry.SERVICE_FAILED),
    ({"status": 503}, retry.SERVICE_FAILED),
    ({"drop": True}, retry.CONNECTION_LOST),
]


@pytest.mark.parametrize(("fault", "rule"), PASSING)
def test_a_passing_fault_changes_no_row(aws, ask, waits, fault, rule) -> None:
    expected = ask()
    aws.faults.invoke(**fault, times=1)
    assert ask() == expected
    assert waits == [rule]
    assert aws.faults.rules()[0]["met"] == 1


@pytest.mark.parametrize(("fault", "rule"), PASSING)
def test_a_lasting_fault_ends_after_its_attempts(aws, ask, fault, rule) -> None:
    aws.faults.invoke(**fault)
    with pytest.raises(InvocationError) as caught:
        ask(1)
    assert caught.value.attempts == aws.faults.rules()[0]["met"] == rule.attempts
    assert "partition 0, rows 0 to 0" in str(caught.value)


@pytest.mark.parametrize(("fault", "rule"), PASSING)
def test_a_lasting_fault_costs_the_rows_or_ends_the_job(aws, ask, fault, rule) -> None:
    aws.faults.invoke(**fault)
    if rule.then is retry.Then.STOP:
        with pytest.raises(InvocationError):
            ask(1, onError="column")
    else:
        [row] = ask(1, onError="column")
        assert row["closest_cluster"] is None
        assert row["error"]["attempts"] == rule.attempts
    assert aws.faults.rules()[0]["met"] == rule.attempts


def test_a_model_that_is_too_slow_gets_fewer_rows(aws, ask, waits) -> None:
    expected = ask(20)
    aws.faults.invoke(original_status=0, times=retry.MODEL_TOO_SLOW.attempts)
    aws.faults.invoke(latency_seconds=0.0)
    assert ask(20) == expected
    assert [rule["met"] for rule in aws.faults.rules()] == [2, 2]  # the halves
    assert waits == [retry.MODEL_TOO_SLOW]


def test_an_answer_that_never_comes_in_time(aws, ask) -> None:
    aws.faults.invoke(latency_seconds=3.0)
    with pytest.raises(InvocationError) as caught:
        ask(1, readTimeoutSeconds=1)
    assert caught.value.attempts == retry.NO_ANSWER_IN_TIME.attempts


def test_an_answer_that_does_not_come_in_time(aws, ask, waits) -> None:
    expected = ask()
    aws.faults.invoke(latency_seconds=3.0, times=1)
    assert ask(readTimeoutSeconds=1) == expected
    assert waits == [retry.NO_ANSWER_IN_TIME]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 413},
        {"status": 400, "code": "ValidationError", "message": "Request has oversize body: 7 bytes."},
        {"original_status": 413},
    ],
)
def test_too_large_is_halved(aws, ask, waits, fault) -> None:
    expected = ask()
    aws.faults.invoke(**fault, times=3)
    assert ask() == expected
    assert waits == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"original_status": 415}, "ModelError"),
        ({"status": 403, "code": "AccessDeniedException"}, "AccessDenied"),
        ({"status": 400, "code": "ValidationError", "message": "no"}, "ValidationError"),
        ({"status": 400, "code": "ValidationError", "message": "Endpoint e not found."}, "not found"),
        ({"spoil": "short"}, "19 rows; expected 20"),
        ({"spoil": "garbage"}, "not recordIO-protobuf"),
        ({"spoil": "empty"}, "0 rows; expected 20"),
    ],
)
def test_what_is_asked_once_only(aws, ask, fault, text) -> None:
    aws.faults.invoke(**fault)
    with pytest.raises(InvocationError, match=text) as caught:
        ask(maxInFlight=1)
    assert caught.value.attempts == 1
    assert aws.faults.rules()[0]["met"] <= 2


@pytest.mark.parametrize("fault", [{"original_status": 400}, {"original_status": 500}, {"spoil": "short"}])
def test_a_row_that_the_model_stumbles_over(aws, ask, fault) -> None:
    expected = ask()
    aws.faults.invoke(**fault, containing=np.float32(37).tobytes())
    rows = ask(onError="column")
    assert [i for i, row in enumerate(rows) if row["error"]] == [37]
    assert rows[37]["error"]["code"] == ("ResponseError" if "spoil" in fault else "ModelError")
    assert [{**row, "error": None} for i, row in enumerate(rows) if i != 37] == [
        {**row, "error": None} for i, row in enumerate(expected) if i != 37
    ]


def test_throttling_above_a_number_in_flight_is_lived_with(aws, ask) -> None:
    expected = ask()
    aws.faults.invoke(status=429, above_in_flight=2)
    aws.faults.invoke(latency_seconds=0.02)
    assert ask(maxRowsPerRequest=1, maxInFlight=8) == expected


def test_a_bad_day_in_spark(aws, spark, fitted) -> None:
    """Random faults of all sorts: every row comes out once, in its place."""
    frame = spark.createDataFrame(
        [(i, Vectors.dense([float(i % 17)] * 64)) for i in range(300)], ["i", "features"]
    )
    frame = frame.repartition(3, "i").sortWithinPartitions("i")
    model = SageMakerModel.fromEndpoint(
        fitted.endpointName,
        fitted.requestRowSerializer,
        fitted.responseRowDeserializer,
        invocation=Invocation(maxRowsPerRequest=10),
    )
    expected = model.transform(frame).collect()
    assert [row.i for row in expected] == [row.i for row in frame.collect()]
    for fault in ({"status": 503}, {"status": 429}, {"drop": True}, {"original_status": 500}):
        aws.faults.invoke(**fault, probability=0.05)
    assert model.transform(frame).collect() == expected
    assert sum(rule["met"] for rule in aws.faults.rules()) > 0


def test_an_error_in_spark_says_where(aws, spark, fitted) -> None:
    aws.faults.invoke(original_status=400, message="no such thing")
    with pytest.raises(
        Exception, match=r"partition 0, rows 0 to 1: .*no such thing.*1 attempt, request id"
    ) as caught:
        fitted.transform(digits(spark, 2, 1)).collect()
    assert fitted.endpointName in str(caught.value)


def test_no_thread_is_left(ask) -> None:
    ask()
    for thread in threading.enumerate():
        if thread.name.startswith("sagemaker-invoke"):
            thread.join(20)
            assert not thread.is_alive()
