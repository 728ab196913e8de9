"""The executor's side of asking an endpoint: the batches of one partition, and the answer to each.

Requests are sent by a few threads; rows are serialized, and answers handed on, in the order of the rows.
Memory is about ``(maxInFlight + 1) x (body + answer)`` and the piece of input that is being serialized.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import DataError, InvocationError, ResponseError, ServiceError
from sagemaker_spark_py.inference.retry import rule_for
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.transformation.batching import Body, bodies
from sagemaker_spark_py.transformation.deserializers.deserializer import conform, wrong_count
from sagemaker_spark_py.transformation.features import Array
from sagemaker_spark_py.transformation.schemas import arrow_schema, as_nullable

if TYPE_CHECKING:
    from sagemaker_spark_py.inference.endpoint import EndpointCall

_PIECE_BYTES = 8 << 20
"""Input that is serialized at a time: enough to work on whole arrays, and about one body."""

Pause = Callable[[float], bool]
"""Waits so many seconds, or less if nobody wants the answer any more; tells whether that is so."""


class Answer(NamedTuple):
    """What came back for one body."""

    body: bytes
    attempts: int
    request_id: str


def pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut large batches, without copying, so that the first request need not wait for all their rows."""
    for batch in batches:
        step = max(1, batch.num_rows * _PIECE_BYTES // max(batch.nbytes, _PIECE_BYTES))
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)


def answers(
    batches: Iterable[pa.RecordBatch], call: EndpointCall, partition: int
) -> Iterator[pa.RecordBatch]:
    """Yield, for each batch of input columns and in the same order, a batch of as many rows of predictions.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        With the serializer's input columns; none without rows.
    call : EndpointCall
        What to ask, and how.
    partition : int
        Number of the partition, for messages.

    Raises
    ------
    DataError
        If a row cannot be serialized.
    InvocationError
        If a request fails for good.
    ResponseError
        If an answer does not fit the rows that were sent.
    """
    waiting: deque[_Asked] = deque()
    how = call.invocation
    pool = ThreadPoolExecutor(how.maxInFlight, thread_name_prefix="sagemaker-invoke")
    abandoned = Event()
    try:
        packed = bodies(_payloads(batches, call, waiting), call.max_payload_bytes, call.max_rows)
        answered = in_order(pool, partial(ask, call, partition, abandoned.wait), packed, how.maxInFlight)
        yield from _regroup(answered, waiting, _schema(call))
    except DataError as error:
        raise DataError(f"Partition {partition}: {error}") from error
    finally:
        # Who reads no further (LIMIT, a failure) must not wait for requests that are under way.
        abandoned.set()
        pool.shutdown(wait=False, cancel_futures=True)


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[Body], Any], jobs: Iterable[Body], window: int
) -> Iterator[Any]:
    """Yield the results of the jobs in their order, with at most `window` of them begun and not yielded."""
    begun: deque[Future[Any]] = deque()
    for job in jobs:
        begun.append(pool.submit(work, job))
        while begun and (len(begun) >= window or begun[0].done()):
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def ask(call: EndpointCall, partition: int, pause: Pause, body: Body) -> pa.RecordBatch:
    """Send one body and return its predictions, one row for each that was sent."""
    if not body.rows:
        return pa.RecordBatch.from_pylist([], schema=_schema(call))
    where = f"Endpoint {call.endpointName!r}, partition {partition}, rows {body.first_row} to {body.last_row}"
    answer = _send_until_answered(call, body, where, pause)
    try:
        return _predictions(call, answer.body, body.rows)
    except ResponseError as error:
        text = _with_facts(f"{where}: {error}", 200, answer.attempts, answer.request_id)
        raise ResponseError(text, 200, "", answer.attempts, answer.request_id) from error


def _send_until_answered(call: EndpointCall, body: Body, where: str, pause: Pause) -> Answer:
    turn = attempts = 0
    while True:
        try:
            return _send(call, body, where, attempts)
        except ServiceError as error:
            turn, attempts = turn + 1, attempts + _attempts_of(error)
            rule = rule_for(error)
            if turn >= rule.attempts or pause(rule.delay_seconds(turn)):
                text = _with_facts(str(error), error.status, attempts, error.requestId)
                raise InvocationError(text, error.status, error.code, attempts, error.requestId) from error


def _send(call: EndpointCall, body: Body, where: str, attempts: int) -> Answer:
    with translated(where):
        how = call.invocation
        response = call.session.client("sagemaker-runtime", **how.client_options()).invoke_endpoint(
            EndpointName=call.endpointName,
            ContentType=call.serializer.contentType,
            Accept=how.accept or call.deserializer.accepts,
            Body=bytes(_wrapped(call, body)),
            **how.request_fields(),
        )
        metadata = response["ResponseMetadata"]
        attempts += 1 + metadata.get("RetryAttempts", 0)
        return Answer(response["Body"].read(), attempts, metadata.get("RequestId", ""))


def _wrapped(call: EndpointCall, body: Body) -> bytes | memoryview:
    """Return what is sent for a body: its payloads, in what the serializer puts around them."""
    try:
        return call.serializer.wrapBody(body.data, body.rows)
    except DataError as error:
        raise DataError(f"Rows {body.first_row} to {body.last_row}: {error}") from error


def _attempts_of(error: ServiceError) -> int:
    """Return how often botocore sent the request; where nothing answered it does not say."""
    answer = getattr(error.__cause__, "response", None)
    metadata = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
    return 1 + int(metadata.get("RetryAttempts", 0))


def _with_facts(text: str, status: int, attempts: int, request_id: str) -> str:
    tries = f"{attempts} attempt{'s' * (attempts > 1)}"
    return f"{text.rstrip('.')} (HTTP {status or 'none'}, {tries}, request id {request_id or 'unknown'})."


def _predictions(call: EndpointCall, answer: bytes, rows: int) -> pa.RecordBatch:
    deserializer = call.deserializer
    try:
        batch = deserializer.deserializeBatch(answer, rows)
    except ResponseError:
        raise
    except Exception as error:
        # It may be the user's own code, which may stumble over an answer in any way.
        raise ResponseError(
            f"{type(deserializer).__name__} cannot read the answer of {len(answer)} bytes: "
            f"{type(error).__name__}."
        ) from error
    if batch.num_rows != rows:
        raise wrong_count(batch.num_rows, rows)
    return conform(batch, deserializer.schema)


def _schema(call: EndpointCall) -> pa.Schema:
    return arrow_schema(as_nullable(call.deserializer.schema))


class _Asked(NamedTuple):
    """An input batch that waits for its predictions."""

    rows: int
    sent: Array | None

    def predicted_rows(self) -> int:
        return self.rows if self.sent is None else int(self.sent.sum())

    def place(self, predictions: pa.RecordBatch) -> pa.RecordBatch:
        """Put nulls where a row was not sent."""
        if self.sent is None:
            return predictions
        return predictions.take(pa.array(np.cumsum(self.sent) - 1, mask=~self.sent))


def _payloads(
    batches: Iterable[pa.RecordBatch], call: EndpointCall, waiting: deque[_Asked]
) -> Iterator[pa.Array]:
    """Yield the payloads of each batch, and note that it waits for its predictions."""
    first_row = 0
    for batch in batches:
        end = first_row + batch.num_rows
        try:
            payloads = call.serializer.serializeBatch(batch)
        except DataError as error:
            raise DataError(f"Batch of rows {first_row} to {end - 1}: {error}") from error
        sent = np.asarray(payloads.is_valid()) if payloads.null_count else None
        waiting.append(_Asked(batch.num_rows, sent))
        first_row = end
        yield payloads


def _regroup(
    answered: Iterable[pa.RecordBatch], waiting: deque[_Asked], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Cut the predictions to the batches that wait for them."""
    held = schema.empty_table()
    for predictions in answered:
        held = pa.concat_tables([held, pa.Table.from_batches([predictions])])
        while waiting and waiting[0].predicted_rows() <= held.num_rows:
            asked = waiting.popleft()
            count = asked.predicted_rows()
            yield asked.place(_one_batch(held.slice(0, count)))
            held = held.slice(count)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    columns = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)
