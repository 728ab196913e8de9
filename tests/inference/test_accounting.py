"""Each row has a prediction or a reason why not: bad rows, bodies that are too much, models of their own."""

import math
import threading
import time
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from sagemaker_spark_py.errors import DataError, InvocationError, ResponseError
from sagemaker_spark_py.inference import invoke, retry
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.recordio import decode, encode_tensors
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.features import rectangle
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer
from sagemaker_spark_py.transformation.vectors import to_vectors

REFUSED = (424, "ModelError", "Received client error (400)", {"OriginalStatusCode": 400})
STUMBLED = (424, "ModelError", "Received server error (500)", {"OriginalStatusCode": 500})
THROTTLED = (400, "ThrottlingException", None)


class Total:
    """Stands for Spark's accumulator."""

    def __init__(self):
        self.value = None

    def add(self, summary):
        self.value = summary if self.value is None else self.value + summary


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(retry.Rule, "delay_seconds", lambda rule, failures: 0.0)


@pytest.fixture
def total():
    return Total()


@pytest.fixture
def run(one_client, total):
    """Ask for rows [i] and return one dict for each row."""

    def run(rows, *, sizes=None, models=None, **how):
        call = EndpointCall(
            one_client,
            "e",
            ProtobufRequestRowSerializer(),
            KMeansProtobufResponseRowDeserializer(),
            Invocation(**how),
            total=total,
        )
        table = np.array([rows], float).T
        batch = pa.RecordBatch.from_arrays([to_vectors(rectangle("features", table))], names=["features"])
        if models is not None:
            columns = [*batch.columns, pa.array(models, pa.string())]
            batch = pa.RecordBatch.from_arrays(columns, names=["features", "tenant"])
        starts = np.cumsum([0, *(sizes or [len(rows)])])
        cut = [batch.slice(a, b - a) for a, b in pairwise(starts)]
        return [row for answer in invoke.answers(iter(cut), call, 5) for row in answer.to_pylist()]

    return run


def values_in(body):
    return decode(body).features["values"].dense()[:, 0].tolist()


def predictions(values):
    tensors = {"distance_to_cluster": np.zeros(len(values)), "closest_cluster": np.array(values, float)}
    return encode_tensors({}, tensors).data.tobytes()


def clusters(rows):
    return [row["closest_cluster"] for row in rows]


def stumble_over(*bad, answer=REFUSED):
    def model(body):
        values = values_in(body)
        return answer if set(values) & set(bad) else predictions(values)

    return model


@pytest.mark.parametrize("answer", [REFUSED, STUMBLED, b"<html>", predictions(range(101))])
@pytest.mark.parametrize("bad", [{0}, {77}, {3, 4}, {10, 50, 99}])
def test_bad_rows_are_found_and_all_others_have_predictions(stub, run, bad, answer):
    stub.model = stumble_over(*bad, answer=answer)
    rows = run(range(100), onError="column")
    assert clusters(rows) == [None if i in bad else i for i in range(100)]
    assert {i for i, row in enumerate(rows) if row["error"] is not None} == bad
    assert {row["distance_to_cluster"] for i, row in enumerate(rows) if i in bad} == {None}


def test_the_reason_is_in_the_error_column(stub, run):
    stub.model = stumble_over(3, answer=STUMBLED)
    reason = run(range(8), onError="column", errorCol="why")[3]["why"]
    assert (reason["code"], reason["attempts"], reason["requestId"]) == ("ModelError", 3, "request-1")
    assert "partition 5, rows 3 to 3" in reason["message"]
    assert "server error (500)" in reason["message"]


def test_null_says_nothing_but_nulls(stub, run, total):
    stub.model = stumble_over(3)
    rows = run(range(8), onError="null")
    assert list(rows[0]) == ["distance_to_cluster", "closest_cluster"]
    assert clusters(rows) == [0, 1, 2, None, 4, 5, 6, 7]
    assert total.value.failedRows == 1


@pytest.mark.parametrize("bad", [{700}, {0, 1023}, {17, 170, 701}])
def test_a_bad_row_costs_few_more_requests(stub, run, bad):
    stub.model = stumble_over(*bad)
    run(range(1024), onError="null")
    assert len(stub.requests) <= 1 + len(bad) * 2 * math.log2(1024)


def test_where_everything_is_bad_the_search_ends(stub, run):
    stub.model = lambda body: REFUSED
    rows = run(range(4096), onError="column")
    assert len(stub.requests) < 200
    assert all(row["error"]["code"] == "ModelError" for row in rows)


def test_many_bad_rows_between_good_ones_are_all_found(stub, run):
    bad = set(range(0, 300, 2))
    stub.model = stumble_over(*bad)
    assert clusters(run(range(300), onError="null")) == [None if i in bad else i for i in range(300)]


def test_good_rows_behind_a_long_stretch_of_bad_ones_are_kept(stub, run):
    stub.model = stumble_over(*range(200))
    assert clusters(run(range(400), onError="null")) == [None] * 200 + list(range(200, 400))


def test_raise_does_not_search(stub, run):
    stub.model = stumble_over(3)
    with pytest.raises(InvocationError, match=r"partition 5, rows 0 to 7.*400"):
        run(range(8))
    assert len(stub.requests) == 1
    stub.model = stumble_over(3, answer=predictions([1]))
    with pytest.raises(ResponseError, match=r"1 rows; expected 8"):
        run(range(8))


def test_throttled_rows_are_not_searched(stub, run):
    stub.model = lambda body: THROTTLED
    rows = run(range(8), onError="column")
    assert len(stub.requests) == retry.THROTTLED_CALL.attempts
    assert {row["error"]["code"] for row in rows} == {"ThrottlingException"}
    assert {row["error"]["attempts"] for row in rows} == {retry.THROTTLED_CALL.attempts}


@pytest.mark.parametrize(
    "answer",
    [
        (403, "AccessDeniedException", "no"),
        (400, "ValidationError", "Endpoint e of account 1 not found."),
        (400, "ValidationError", "no such variant"),
    ],
)
def test_what_no_row_can_cause_always_raises(stub, run, answer):
    stub.model = lambda body: answer
    with pytest.raises(InvocationError, match=answer[2].rstrip(".")):
        run(range(8), onError="null")
    assert len(stub.requests) == 1


TOO_LARGE = (413, "413", "too large")


@pytest.mark.parametrize("on_error", ["raise", "null"])
@pytest.mark.parametrize(
    "refusal",
    [
        TOO_LARGE,
        (400, "ValidationError", "Request 7 has oversize body."),
        (424, "ModelError", "Received client error (413)", {"OriginalStatusCode": 413}),
    ],
)
def test_what_is_too_large_is_halved_and_the_rest_made_smaller(
    stub, run, total, on_error, refusal, monkeypatch
):
    monkeypatch.setattr("sagemaker_spark_py.inference.pace.SMALLEST_BYTES", 1)
    monkeypatch.setattr("sagemaker_spark_py.inference.pace.FIRST_BYTES", 1 << 20)
    size = len(ProtobufRequestRowSerializer().serializeBatch(one_row())[0].as_py())
    stub.model = lambda body: refusal if len(body) > 10 * size else predictions(values_in(body))
    rows = run(range(400), maxBodyBytes=40 * size, maxInFlight=1, onError=on_error)
    assert clusters(rows) == list(range(400))
    refused = sum(len(body) > 10 * size for body in stub.bodies)
    assert refused == total.value.splits
    assert refused <= 3 + 2 * 2
    assert total.value.failedRows == 0


def one_row():
    return pa.RecordBatch.from_arrays(
        [to_vectors(rectangle("features", np.zeros((1, 1))))], names=["features"]
    )


def test_one_row_that_is_too_large_for_the_endpoint(stub, run):
    stub.model = stumble_over(5, answer=TOO_LARGE)
    rows = run(range(8), onError="column")
    assert [i for i, row in enumerate(rows) if row["error"]] == [5]
    assert rows[5]["error"]["code"] == "413"
    with pytest.raises(InvocationError, match="rows 5 to 5"):
        run(range(8))


def test_a_model_that_is_too_slow_gets_fewer_rows(stub, run):
    late = (424, "ModelError", "Your invocation timed out", {"OriginalStatusCode": 0})
    stub.model = lambda body: late if len(values_in(body)) > 2 else predictions(values_in(body))
    assert clusters(run(range(8))) == list(range(8))


def test_one_row_above_the_limit_is_not_sent(stub, run):
    rows = run(range(3), maxBodyBytes=10, onError="column")
    assert [row["error"]["code"] for row in rows] == ["DataError"] * 3
    assert "too large for one request" in rows[0]["error"]["message"]
    assert stub.requests == []
    with pytest.raises(
        DataError, match="Partition 5: Row 0 of the partition cannot be sent: it is too large"
    ):
        run(range(3), maxBodyBytes=10)


@pytest.mark.parametrize("sizes", [[6], [2, 4], [1] * 6])
def test_a_row_that_cannot_be_serialized(stub, run, sizes, total):
    values = [0, 1e39, 2, 3, 1e39, 5]
    stub.model = stumble_over()
    rows = run(values, sizes=sizes, onError="column")
    assert clusters(rows) == [0, None, 2, 3, None, 5]
    assert [bool(row["error"]) for row in rows] == [False, True, False, False, True, False]
    assert rows[1]["error"]["attempts"] == 0
    assert total.value.failedRows == 2
    with pytest.raises(DataError, match=r"Partition 5: Batch of rows"):
        run(values, sizes=sizes)


def test_time_is_up_for_all_attempts_together(stub, run, monkeypatch):
    monkeypatch.setattr(retry.Rule, "delay_seconds", lambda rule, failures: 0.03)
    stub.model = lambda body: THROTTLED
    with pytest.raises(InvocationError) as caught:
        run(range(2), invocationTimeoutSeconds=0.1)
    assert 1 <= caught.value.attempts < retry.THROTTLED_CALL.attempts


def test_expired_credentials_are_renewed_once(stub, run, one_client):
    expired = [(403, "ExpiredTokenException", "The security token included in the request is expired")]
    stub.model = lambda body: expired.pop() if expired else predictions(values_in(body))
    assert clusters(run(range(4))) == [0, 1, 2, 3]
    assert one_client.renewed == 1
    expired += [(403, "ExpiredTokenException", "still")] * 9
    with pytest.raises(InvocationError, match="still"):
        run(range(4))
    assert len(expired) == 7


def test_rows_find_the_model_that_they_name_and_their_place_again(stub, run, monkeypatch):
    models = ["b", "a", "b", None, "c", "a", "b"]
    seen = []
    send = stub.RequestHandlerClass._send

    def note(handler, answer):
        seen.append((handler.headers["X-Amzn-SageMaker-Target-Model"], values_in(stub.bodies[-1])))
        send(handler, answer)

    monkeypatch.setattr(stub.RequestHandlerClass, "_send", note)
    stub.model = stumble_over(2)
    rows = run(
        range(7), sizes=[3, 4], models=models, targetModelCol="tenant", onError="column", maxInFlight=1
    )
    assert clusters(rows) == [0, 1, None, None, 4, 5, 6]
    assert [("null" in row["error"]["message"]) for row in rows if row["error"]] == [False, True]
    assert "rows 2 to 2" in rows[2]["error"]["message"]
    whole = [(model, values) for model, values in seen if len(values) > 1 or model == "c"]
    assert whole == [("b", [0, 2, 6]), ("b", [2, 6]), ("a", [1, 5]), ("c", [4])] or len(seen) >= 5
    assert {model: {v for m, vs in seen if m == model for v in vs} for model in "abc"} == {
        "a": {1, 5},
        "b": {0, 2, 6},
        "c": {4},
    }


def test_a_row_without_a_model_is_named(stub, run):
    with pytest.raises(DataError, match=r"Partition 5: Row 2 .* column 'tenant' is null"):
        run(range(3), models=["a", "b", None], targetModelCol="tenant")
    rows = run(range(2), models=[None, None], targetModelCol="tenant", onError="column")
    assert [row["error"]["code"] for row in rows] == ["DataError"] * 2
    assert stub.requests == []


def test_each_request_carries_what_the_invocation_says(stub, run):
    stub.model = stumble_over()
    run(
        range(2),
        targetModel="m.tar.gz",
        targetVariant="blue",
        inferenceComponent="part",
        customAttributes="trace=7",
        inferenceId="id-7",
        accept="application/x-recordio-protobuf;x=y",
    )
    ((_, headers, _),) = stub.requests
    said = {name.removeprefix("X-Amzn-SageMaker-"): value for name, value in headers.items()}
    assert said["Accept"] == "application/x-recordio-protobuf;x=y"
    assert {name: said[name] for name in ("Target-Model", "Target-Variant", "Inference-Component")} == {
        "Target-Model": "m.tar.gz",
        "Target-Variant": "blue",
        "Inference-Component": "part",
    }
    assert (said["Custom-Attributes"], said["Inference-Id"]) == ("trace=7", "id-7")


def test_everything_is_counted(stub, run, total):
    failures = [THROTTLED, (503, "ServiceUnavailable", "")]
    answer = stumble_over()
    stub.model = lambda body: failures.pop() if failures else answer(body)
    run(range(6), maxRowsPerRequest=2, maxInFlight=1)
    counts = total.value
    assert (counts.tasks, counts.rows, counts.skippedRows, counts.failedRows) == (1, 6, 0, 0)
    assert (counts.requests, counts.retries, counts.throttles, counts.splits) == (5, 2, 1, 0)
    assert counts.sentBytes == sum(map(len, stub.bodies[-3:]))
    assert counts.receivedBytes == 3 * len(predictions([0, 1]))
    assert 0 < counts.latencySeconds(0.5) <= counts.latencySeconds(0.99) < 60


def test_a_task_without_rows_adds_nothing(run, total):
    assert run([]) == []
    assert total.value is None


def test_a_throttled_task_has_fewer_requests_under_way(stub, run):
    lock, seen, together, most = threading.Lock(), set(), set(), []

    def throttle_first_calls(body):
        (value,) = values_in(body)
        with lock:
            if value not in seen:
                seen.add(value)
                return THROTTLED
            together.add(value)
            most.append(len(together))
        time.sleep(0.01)
        with lock:
            together.discard(value)
        return predictions([value])

    stub.model = throttle_first_calls
    assert clusters(run(range(16), maxRowsPerRequest=1, maxInFlight=16)) == list(range(16))
    assert max(most) <= 8 + 2
