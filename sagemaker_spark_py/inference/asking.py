"""One body asked until each of its rows has a prediction, or a reason why it has none."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from sagemaker_spark_py.errors import DataError, InvocationError, ResponseError, ServiceError
from sagemaker_spark_py.inference.gate import Gate
from sagemaker_spark_py.inference.output import PROBLEM_TYPE, read_answer, result_schema
from sagemaker_spark_py.inference.pace import Pace
from sagemaker_spark_py.inference.retry import RENEWED, Rule, Then, rule_for
from sagemaker_spark_py.inference.summary import InvocationSummary, Tally, answered
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.transformation.batching import Body
from sagemaker_spark_py.transformation.schemas import arrow_schema

if TYPE_CHECKING:
    from sagemaker_spark_py.inference.endpoint import EndpointCall

HOPELESS_ROWS = 64
"""After so many bad rows of one body without a good one between them, parts that fail are not divided any
further: it is the endpoint, or the format, that is wrong."""


class Job(NamedTuple):
    """A body and the model of a multi-model endpoint that it is for; None for any."""

    body: Body
    model: str | None


class Problem(NamedTuple):
    """Why a row has no prediction: the fields of the error column."""

    code: str
    message: str
    attempts: int
    requestId: str


class _Answer(NamedTuple):
    body: bytes
    request_id: str


class _Failed(NamedTuple):
    """A body that cannot be asked again as it is."""

    error: InvocationError | DataError
    then: Then


class Asker:
    """Asks the endpoint for a task, from several threads.

    Parameters
    ----------
    call : EndpointCall
        What to ask, and how.
    partition : int
        Number of the partition, for messages.
    """

    def __init__(self, call: EndpointCall, partition: int) -> None:
        self._call = call
        self._partition = partition
        self._how = call.invocation
        self._schema = arrow_schema(result_schema(call.deserializer, call.invocation))
        self.gate = Gate(call.invocation.maxInFlight)
        self.pace = Pace(call.max_payload_bytes)
        self.tally = Tally()

    def ask(self, job: Job) -> pa.RecordBatch:
        """Return the predictions for a body, one row for each that is sent.

        Raises
        ------
        InvocationError, DataError
            If rows get no prediction and that is not to be shown in the result.
        ResponseError
            If that is because an answer does not fit the rows that were sent.
        """
        if not job.body.rows:
            return pa.RecordBatch.from_pylist([], schema=self._schema)
        return joined(self._parts(job))

    def _parts(self, job: Job) -> list[pa.RecordBatch]:
        """Ask for the whole body, then, where that fails because of its size or its rows, for its halves."""
        deadline = time.monotonic() + self._how.invocationTimeoutSeconds
        found: list[pa.RecordBatch] = []
        todo, bad_in_a_row = [job.body], 0
        while todo:
            part = todo.pop()
            got = self._predictions(part, job.model, deadline)
            if not isinstance(got, _Failed):
                found.append(got)
                bad_in_a_row = 0
            elif self._shall_divide(got, part, bad_in_a_row):
                middle = part.rows // 2
                todo += [part.part(middle, part.rows), part.part(0, middle)]
                self.tally.add(InvocationSummary(splits=1))
            elif self._how.onError == "raise" or got.then is Then.STOP:
                raise got.error
            else:
                found.append(self._without_predictions(part.rows, got.error))
                bad_in_a_row += part.rows
        return found

    def _shall_divide(self, failed: _Failed, part: Body, bad_in_a_row: int) -> bool:
        if part.rows == 1 or self.gate.closed:
            return False
        if failed.then is Then.DIVIDE:
            self.pace.refused(len(part.data))
            return True
        suspect = failed.then is Then.SUSPECT and self._how.onError != "raise"
        return suspect and bad_in_a_row < HOPELESS_ROWS

    def _predictions(self, body: Body, model: str | None, deadline: float) -> pa.RecordBatch | _Failed:
        """Ask for a body as it is, as often as the rules allow."""
        failures: Counter[Rule] = Counter()
        while True:
            try:
                return self._attempt(body, model, failures.total() + 1)
            except (ResponseError, DataError) as error:
                return _Failed(error, Then.SUSPECT)
            except ServiceError as error:
                rule = rule_for(error)
                failures[rule] += 1
                if not self._shall_repeat(rule, failures[rule], deadline):
                    return _Failed(_final(error, failures.total()), rule.then)
                self.tally.add(InvocationSummary(retries=1))

    def _shall_repeat(self, rule: Rule, failures: int, deadline: float) -> bool:
        """Wait for the time of the next attempt; tell whether there shall be one."""
        if failures >= rule.attempts:
            return False
        delay_seconds = rule.delay_seconds(failures)
        return time.monotonic() + delay_seconds < deadline and not self.gate.pause(delay_seconds)

    def _attempt(self, body: Body, model: str | None, attempts: int) -> pa.RecordBatch:
        where = (
            f"Endpoint {self._call.endpointName!r}, partition {self._partition}, "
            f"rows {body.first_row} to {body.last_row}"
        )
        try:
            data = bytes(self._call.serializer.wrapBody(body.data, body.rows))
        except DataError as error:
            raise DataError(f"Rows {body.first_row} to {body.last_row}: {error}") from error
        answer = self._send(data, model, where)
        try:
            return self._read(answer.body, body.rows)
        except ResponseError as error:
            text = _with_facts(f"{where}: {error}", 200, attempts, answer.request_id)
            raise ResponseError(text, 200, "ResponseError", attempts, answer.request_id) from error

    def _send(self, data: bytes, model: str | None, where: str) -> _Answer:
        """Send a request when there is room, and learn from how it goes."""
        number, rule, counts = self.gate.enter(), None, InvocationSummary(requests=1)
        try:
            started = time.monotonic()
            answer = self._request(data, model, where)
            counts = answered(time.monotonic() - started, len(data), len(answer.body))
            return answer
        except ServiceError as error:
            rule = rule_for(error)
            counts = InvocationSummary(requests=1, throttles=int(rule.slows))
            raise
        finally:
            self.tally.add(counts)
            self.gate.leave(number, answered=rule is None, throttled=rule is not None and rule.slows)

    def _request(self, data: bytes, model: str | None, where: str) -> _Answer:
        how, call = self._how, self._call
        client = call.session.client("sagemaker-runtime", **how.client_options())
        fields = how.request_fields() if model is None else {**how.request_fields(), "TargetModel": model}
        fields = {
            "EndpointName": call.endpointName,
            "ContentType": call.serializer.contentType,
            "Accept": how.accept or call.deserializer.accepts,
            **fields,
        }
        try:
            with translated(where):
                if call.queue is not None:
                    return _Answer(*call.queue.ask(call.session, client, data, fields, self.gate.pause))
                response = client.invoke_endpoint(Body=data, **fields)
                request_id = response["ResponseMetadata"].get("RequestId", "")
                return _Answer(response["Body"].read(), request_id)
        except ServiceError as error:
            if rule_for(error) is RENEWED:
                call.session.renew(client)
            raise

    def _read(self, answer: bytes, rows: int) -> pa.RecordBatch:
        batch = read_answer(self._call.deserializer, answer, rows)
        columns = [*batch.columns, *(pa.nulls(rows, f.type) for f in list(self._schema)[batch.num_columns :])]
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)

    def _without_predictions(self, rows: int, error: InvocationError | DataError) -> pa.RecordBatch:
        self.tally.add(InvocationSummary(failedRows=rows))
        problem = Problem("DataError", str(error), 0, "")
        if isinstance(error, InvocationError):
            problem = Problem(error.code, str(error), error.attempts, error.requestId)
        return nothing(self._schema, [problem] * rows, self._how.onError == "column")


def nothing(schema: pa.Schema, problems: list[Problem], with_reason: bool) -> pa.RecordBatch:
    """Return rows without predictions, and the reason for each."""
    columns = [pa.nulls(len(problems), field.type) for field in schema]
    if with_reason:
        columns[-1] = pa.array([problem._asdict() for problem in problems], PROBLEM_TYPE)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return one batch of the rows of several."""
    return batches[0] if len(batches) == 1 else one_batch(pa.Table.from_batches(batches))


def one_batch(table: pa.Table) -> pa.RecordBatch:
    """Return a table as one batch."""
    columns = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _final(error: ServiceError, attempts: int) -> InvocationError:
    text = _with_facts(str(error), error.status, attempts, error.requestId)
    failed = InvocationError(text, error.status, error.code, attempts, error.requestId)
    failed.__cause__ = error
    return failed


def _with_facts(text: str, status: int, attempts: int, request_id: str) -> str:
    tries = f"{attempts} attempt{'s' * (attempts > 1)}"
    return f"{text.rstrip('.')} (HTTP {status or 'none'}, {tries}, request id {request_id or 'unknown'})."
