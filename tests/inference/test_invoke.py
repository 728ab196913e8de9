"""One partition against a real HTTP endpoint, without Spark."""

import random
import threading
import time

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql.types import DoubleType, LongType, StructField, StructType

from sagemaker_spark_py.errors import DataError, InvocationError, ResponseError
from sagemaker_spark_py.inference import invoke, ledger, retry
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.recordio import decode, encode_tensors
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.features import rectangle
from sagemaker_spark_py.transformation.serializers import (
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)
from sagemaker_spark_py.transformation.vectors import to_vectors

SECRET = "7654321"
"""A number in the rows that no message may show."""


def batch(first, rows):
    """Rows [i, 1, secret]."""
    table = np.column_stack([np.arange(first, first + rows), np.ones(rows), np.full(rows, float(SECRET))])
    return pa.RecordBatch.from_arrays([to_vectors(rectangle("features", table))], names=["features"])


def batches(*sizes):
    first = 0
    for size in sizes:
        yield batch(first, size)
        first += size


@pytest.fixture
def call(one_client):
    def make(**changes):
        how = {k: changes.pop(k) for k in list(changes) if k in Invocation.__dataclass_fields__}
        arguments = {
            "invocation": Invocation(**how),
            "session": one_client,
            "endpointName": "the-endpoint",
            "serializer": ProtobufRequestRowSerializer(),
            "deserializer": KMeansProtobufResponseRowDeserializer(),
        }
        return EndpointCall(**{**arguments, **changes})

    return make


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Repeat at once."""
    monkeypatch.setattr(retry.Rule, "delay_seconds", lambda rule, failures: 0.0)


def clusters(answers):
    return [answer["closest_cluster"].to_pylist() for answer in answers]


def all_clusters(answers):
    return [cluster for some in clusters(answers) for cluster in some]


def test_request_says_what_it_is(stub, call):
    list(invoke.answers(batches(2), call(), 0))
    ((path, headers, body),) = stub.requests
    assert path == "/endpoints/the-endpoint/invocations"
    assert headers["Content-Type"] == headers["Accept"] == "application/x-recordio-protobuf"
    assert body == b"".join(ProtobufRequestRowSerializer().serializeBatch(batch(0, 2)).to_pylist())


def test_answers_have_the_sizes_of_the_batches(stub, call):
    found = list(invoke.answers(batches(3, 1, 5, 2), call(maxRowsPerRequest=4), 0))
    assert clusters(found) == [[0, 1, 2], [3], [4, 5, 6, 7, 8], [9, 10]]
    assert found[0]["distance_to_cluster"].to_pylist() == [i + 1 + float(SECRET) for i in range(3)]
    assert len(stub.requests) == 3


def test_small_batches_share_a_request(stub, call):
    assert all_clusters(invoke.answers(batches(*[1] * 50), call(), 0)) == list(range(50))
    assert len(stub.requests) == 1


def test_bodies_keep_to_the_byte_limit(stub, call):
    size = len(ProtobufRequestRowSerializer().serializeBatch(batch(0, 1))[0].as_py())
    assert all_clusters(invoke.answers(batches(10), call(maxBodyBytes=3 * size), 0)) == list(range(10))
    assert sorted(map(len, stub.bodies)) == [size, 3 * size, 3 * size, 3 * size]


def test_order_holds_whatever_is_answered_first(stub, call):
    answer = stub.model

    def slow(body):
        time.sleep(random.random() * 0.02)
        return answer(body)

    stub.model = slow
    found = invoke.answers(batches(7, 20, 3, 30), call(maxRowsPerRequest=2, maxInFlight=5), 0)
    assert all_clusters(found) == list(range(60))
    assert 2 <= stub.most_under_way <= 5


def test_one_at_a_time(stub, call):
    list(invoke.answers(batches(20), call(maxRowsPerRequest=1, maxInFlight=1), 0))
    assert stub.most_under_way == 1


def test_no_more_input_is_read_than_the_window_needs(stub, call):
    read = []

    def counted():
        for number, one in enumerate(batches(*[1] * 50)):
            read.append(number)
            yield one

    answers = invoke.answers(counted(), call(maxRowsPerRequest=1, maxInFlight=3), 0)
    next(answers)
    assert len(read) <= 5
    answers.close()


def test_nothing_to_send(stub, call):
    assert list(invoke.answers(iter([]), call(), 0)) == []
    assert stub.requests == []


def test_large_batches_are_cut_without_copying():
    whole = batch(0, 1000)
    cut = list(ledger.pieces([whole, batch(0, 0)]))
    assert [piece.num_rows for piece in cut] == [1000]
    wide = pa.RecordBatch.from_arrays([to_vectors(rectangle("features", np.zeros((500, 5000))))], names=["f"])
    cut = list(ledger.pieces([wide]))
    assert sum(piece.num_rows for piece in cut) == 500
    sizes = [piece.nbytes for piece in cut]
    assert sizes[0] < 600 << 10
    assert max(sizes) < 9 << 20
    assert len(cut) < 10


def kmeans_of(rows):
    zeros = np.zeros(rows)
    return encode_tensors({}, {"distance_to_cluster": zeros, "closest_cluster": zeros}).data.tobytes()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (kmeans_of(4), "4 rows; expected 5"),
        (kmeans_of(6), "6 rows; expected 5"),
        (b"", "0 rows; expected 5"),
        (kmeans_of(5)[:-3], "not recordIO-protobuf"),
        (b"<html>" + SECRET.encode(), "not recordIO-protobuf"),
        (encode_tensors({}, {"score": np.zeros(5)}).data.tobytes(), "no tensor 'distance_to_cluster'"),
    ],
)
def test_answers_that_do_not_fit_the_rows(stub, call, answer, problem):
    stub.model = lambda body: answer
    with pytest.raises(ResponseError, match=problem) as caught:
        list(invoke.answers(batches(5), call(), 7))
    text = str(caught.value)
    assert text.startswith("Endpoint 'the-endpoint', partition 7, rows 0 to 4: ")
    assert "HTTP 200, 1 attempt, request id request-1" in text
    assert SECRET not in text
    assert (caught.value.status, caught.value.attempts, caught.value.requestId) == (200, 1, "request-1")


def test_short_csv_answer(stub, call):
    stub.model = lambda body: b"0.5,0.5"
    changes = {"serializer": UnlabeledCSVRequestRowSerializer(), "deserializer": XGBoostCSVRowDeserializer()}
    with pytest.raises(ResponseError, match="2 rows; expected 3"):
        list(invoke.answers(batches(3), call(**changes), 0))


def test_refused_requests_are_not_repeated(stub, call):
    stub.model = lambda body: (424, "ModelError", "Received client error (415)", {"OriginalStatusCode": 415})
    with pytest.raises(InvocationError) as caught:
        list(invoke.answers(batches(3, 2), call(maxRowsPerRequest=4), 3))
    error = caught.value
    assert (error.status, error.code, error.attempts, error.requestId) == (424, "ModelError", 1, "request-1")
    assert not isinstance(error, ResponseError)
    for part in (
        "'the-endpoint', partition 3, rows 0 to 3",
        "HTTP 424",
        "client error (415)",
        "1 attempt, request",
    ):
        assert part in str(error)
    assert SECRET not in str(error)
    assert len(stub.requests) <= 2


@pytest.mark.parametrize(
    "failures",
    [
        [(400, "ThrottlingException", None)] * 2,
        [(429, "ModelNotReadyException", "loading")] * 5,
        [(503, "ServiceUnavailable", "later")],
    ],
)
def test_rows_come_once_after_passing_faults(stub, call, failures):
    answer, left, lock = stub.model, list(failures), threading.Lock()

    def faulty(body):
        with lock:
            return left.pop() if left else answer(body)

    stub.model = faulty
    found = invoke.answers(batches(6), call(maxRowsPerRequest=2, maxInFlight=1), 0)
    assert all_clusters(found) == list(range(6))
    assert len(stub.requests) == 3 + len(failures)


def test_nobody_listens(stub, call):
    stub.shutdown()
    stub.server_close()
    with pytest.raises(InvocationError, match="Is the server running") as caught:
        list(invoke.answers(batches(1), call(), 0))
    assert (caught.value.status, caught.value.attempts) == (0, 6)


def test_answer_that_breaks_off_is_asked_for_again(stub, call, monkeypatch):
    answer, cut = stub.model, iter([True])
    send = stub.RequestHandlerClass._send

    def break_off(handler, body):
        if next(cut, False):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            handler.close_connection = True
        else:
            send(handler, body)

    monkeypatch.setattr(stub.RequestHandlerClass, "_send", break_off)
    stub.model = answer
    assert clusters(invoke.answers(batches(3), call(), 0)) == [[0, 1, 2]]
    assert len(stub.requests) == 2


def test_who_stops_reading_does_not_wait(stub, call, monkeypatch):
    monkeypatch.setattr(retry.Rule, "delay_seconds", lambda rule, failures: 60.0)
    answer = stub.model

    def only_row_0(body):
        is_row_0 = decode(body).features["values"].dense()[0, 0] == 0
        return answer(body) if is_row_0 else (503, "ServiceUnavailable", "")

    stub.model = only_row_0
    answers = invoke.answers(batches(*[1] * 8), call(maxRowsPerRequest=1, maxInFlight=2), 0)
    next(answers)
    answers.close()
    for thread in threading.enumerate():
        if thread.name.startswith("sagemaker-invoke"):
            thread.join(20)
            assert not thread.is_alive()
    assert len(stub.requests) <= 5


class Lines(RequestRowSerializer):
    contentType = "text/plain"

    def serializeRow(self, row):
        return None if row.features[0] % 3 == 0 else f"{row.features[0]:.0f}\n".encode()


class Wholes(ResponseRowDeserializer):
    accepts = "text/plain"
    schema = StructType([StructField("whole", LongType(), nullable=False)])

    def deserializeResponse(self, body):
        return [(int(line),) for line in body.split()]


def test_serializer_and_deserializer_by_row(stub, call):
    stub.model = lambda body: body
    by_row = call(serializer=Lines(), deserializer=Wholes(), maxRowsPerRequest=2)
    found = [answer["whole"].to_pylist() for answer in invoke.answers(batches(4, 1, 5), by_row, 0)]
    assert found == [[None, 1, 2, None], [4], [5, None, 7, 8, None]]
    assert b"".join(sorted(stub.bodies)) == b"1\n2\n4\n5\n7\n8\n"


def test_rows_that_are_all_left_out_make_no_request(stub, call):
    class Nothing(Lines):
        def serializeRow(self, row):
            return None

    left_out = call(serializer=Nothing(), deserializer=Wholes())
    assert [a.to_pylist() for a in invoke.answers(batches(2, 1), left_out, 0)] == [
        [{"whole": None}] * 2,
        [{"whole": None}],
    ]
    assert stub.requests == []


def test_serializer_and_deserializer_by_batch(stub, call):
    class ByBatch(RequestRowSerializer):
        contentType = "text/plain"

        def serializeBatch(self, batch):
            return pa.array(["x"] * batch.num_rows)

    class Columns(ResponseRowDeserializer):
        accepts = "text/plain"
        schema = StructType(
            [StructField("n", DoubleType()), StructField("v", Wholes.schema["whole"].dataType)]
        )

        def deserializeBatch(self, body, rows):
            numbers = pa.array(range(rows), pa.int8())
            return pa.RecordBatch.from_arrays([numbers, numbers], names=["v", "n"])

    stub.model = lambda body: body
    found = list(invoke.answers(batches(3), call(serializer=ByBatch(), deserializer=Columns()), 0))
    assert found[0].to_pylist() == [{"n": i, "v": i} for i in range(3)]
    assert found[0].schema.field("n").type == pa.float64()
    assert stub.bodies == [b"xxx"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [(b"1\ntwo\n", "Wholes cannot read the answer of 6 bytes: ValueError"), (b"1\n", "1 rows; expected 2")],
)
def test_deserializer_of_the_user_that_stumbles(stub, call, body, problem):
    stub.model = lambda _: body
    with pytest.raises(ResponseError, match=problem) as caught:
        list(invoke.answers(batches(2), call(deserializer=Wholes()), 0))
    assert "partition 0, rows 0 to 1" in str(caught.value)


def test_null_against_the_schema(stub, call):
    class Null(Wholes):
        def deserializeResponse(self, body):
            return [(None,), (1,)]

    with pytest.raises(ResponseError, match="'whole' holds a null"):
        list(invoke.answers(batches(2), call(deserializer=Null()), 0))


def test_row_that_cannot_be_sent_is_named(stub, call):
    rows = [Vectors.dense(1), Vectors.dense(1e39)]
    bad = pa.RecordBatch.from_arrays(
        [to_vectors(rectangle("features", np.array([row.toArray() for row in rows])))], names=["features"]
    )
    with pytest.raises(DataError, match=r"Partition 4: Batch of rows 3 to 4: Column 'features' .* row 1 of"):
        list(invoke.answers([batch(0, 3), bad], call(), 4))


def test_row_larger_than_a_request_is_never_sent(stub, call):
    with pytest.raises(
        DataError, match="Partition 2: Row 0 of the partition cannot be sent: it is too large"
    ):
        list(invoke.answers(batches(2), call(maxBodyBytes=10), 2))
    assert stub.requests == []
