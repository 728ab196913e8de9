"""Which rows wait for which predictions: rows in, payloads out; predictions in, the same rows out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.inference.asking import Job, Problem, joined, nothing, one_batch
from sagemaker_spark_py.inference.output import result_schema
from sagemaker_spark_py.inference.pace import Pace
from sagemaker_spark_py.inference.summary import InvocationSummary, Tally
from sagemaker_spark_py.transformation.batching import Body, bodies
from sagemaker_spark_py.transformation.features import Array
from sagemaker_spark_py.transformation.schemas import arrow_schema

if TYPE_CHECKING:
    from sagemaker_spark_py.inference.endpoint import EndpointCall

PIECE_BYTES = 8 << 20
"""Input that is serialized at a time: enough to work on whole arrays, and about one body."""

FIRST_PIECE_BYTES = 512 << 10

Problems = dict[int, Problem]
"""Rows of a batch that cannot be sent, and why."""


def pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut large batches, without copying, so that neither the first request nor the first answer has to wait
    for all their rows: small pieces first, each later one up to twice as large.
    """
    piece_bytes = FIRST_PIECE_BYTES
    for batch in batches:
        row_bytes, start = batch.nbytes / max(1, batch.num_rows), 0
        while start < batch.num_rows:
            step = max(1, int(piece_bytes / max(row_bytes, 1)))
            yield batch.slice(start, step)
            start, piece_bytes = start + step, min(2 * piece_bytes, PIECE_BYTES)


class _Waiting(NamedTuple):
    """An input batch that waits for its predictions.

    Attributes
    ----------
    rows : int
        Of the batch.
    sent : int
        How many predictions it waits for.
    places : int array, shape (rows,), or None
        Which of these predictions is each row's, -1 for none; None if they are in order and complete.
    problems : dict
        Of rows that were not sent.
    """

    rows: int
    sent: int
    places: Array | None
    problems: Problems


class Ledger:
    """The rows of a task.

    Parameters
    ----------
    call : EndpointCall
        What to ask, and how.
    tally : Tally
        Rows are counted there.
    """

    def __init__(self, call: EndpointCall, tally: Tally) -> None:
        self._call = call
        self._how = call.invocation
        self._tally = tally
        self._schema = arrow_schema(result_schema(call.deserializer, call.invocation))
        self._waiting: deque[_Waiting] = deque()
        self._next_row = 0

    def jobs(self, batches: Iterable[pa.RecordBatch], pace: Pace) -> Iterator[Job]:
        """Yield what to ask for, reading no more batches than that takes.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            With the serializer's input columns, and the model's name last if there is a column for it.
        pace : Pace
            Says how large bodies are.

        Raises
        ------
        DataError
            If a row cannot be sent and that is not to be shown in the result.
        """
        if self._how.targetModelCol is None:
            packed = bodies(
                (self._payloads(batch) for batch in batches),
                self._call.max_payload_bytes,
                self._call.max_rows,
                pace.enough_bytes,
            )
            for body in packed:
                yield Job(body, None)
            return
        for batch in _merged(batches):
            yield from self._by_model(batch, pace)

    def regroup(self, answered: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Cut the predictions to the batches that wait for them, with nulls for rows that have none."""
        held = self._schema.empty_table()
        for predictions in answered:
            held = pa.concat_tables([held, pa.Table.from_batches([predictions])])
            while self._waiting and self._waiting[0].sent <= held.num_rows:
                waiting = self._waiting.popleft()
                yield self._placed(waiting, one_batch(held.slice(0, waiting.sent)))
                held = held.slice(waiting.sent)

    def _placed(self, waiting: _Waiting, predictions: pa.RecordBatch) -> pa.RecordBatch:
        if waiting.places is None:
            return predictions
        placed = predictions.take(pa.array(waiting.places, mask=waiting.places < 0))
        if not waiting.problems or self._how.onError != "column":
            return placed
        reasons = nothing(self._schema, list(waiting.problems.values()), True).columns[-1]
        known = placed.num_rows + np.arange(len(reasons))
        at = np.arange(placed.num_rows)
        at[list(waiting.problems)] = known
        column = pa.concat_arrays([placed.columns[-1], reasons]).take(pa.array(at))
        return pa.RecordBatch.from_arrays([*placed.columns[:-1], column], schema=self._schema)

    def _payloads(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the payloads of a batch, and note that it waits for its predictions."""
        first_row = self._next_row
        payloads, problems = self._serialized(batch)
        sent = np.asarray(payloads.is_valid()) if payloads.null_count else None
        places = None if sent is None else np.where(sent, np.cumsum(sent) - 1, -1)
        self._note(batch.num_rows, payloads, places, problems)
        self._next_row = first_row + batch.num_rows
        return payloads

    def _by_model(self, batch: pa.RecordBatch, pace: Pace) -> Iterator[Job]:
        """Yield the bodies of a batch by model; nothing of it is sent together with other batches' rows."""
        models = batch.columns[-1].dictionary_encode()
        codes = np.asarray(models.indices.fill_null(len(models.dictionary)))
        order = np.argsort(codes, kind="stable")
        first_row = self._next_row
        inputs = pa.RecordBatch.from_arrays(batch.columns[:-1], names=batch.schema.names[:-1])
        payloads, problems = self._serialized(inputs)
        payloads, problems = self._without_model(payloads, problems, batch.columns[-1])
        sent = np.asarray(payloads.is_valid())[order]
        places = np.empty(batch.num_rows, np.int64)
        places[order] = np.where(sent, np.cumsum(sent) - 1, -1)
        self._note(batch.num_rows, payloads, places, problems)
        self._next_row = first_row + batch.num_rows
        limits = (self._call.max_payload_bytes, self._call.max_rows, pace.enough_bytes)
        for code, model in enumerate(models.dictionary.to_pylist()):
            rows = order[codes[order] == code]
            for body in bodies([payloads.take(pa.array(rows))], *limits):
                yield Job(_renumbered(body, first_row + rows), model)
        if not models.dictionary:
            # Even a batch of which nothing is sent has to come back in its turn.
            yield from (Job(body, None) for body in bodies([payloads], *limits))

    def _without_model(
        self, payloads: pa.Array, problems: Problems, models: pa.Array
    ) -> tuple[pa.Array, Problems]:
        """Do not send rows that name no model."""
        missing = np.flatnonzero(np.asarray(models.is_null()) & np.asarray(payloads.is_valid()))
        text = f"column {self._how.targetModelCol!r} is null; expected the name of a model."
        return self._refused(payloads, problems, {int(row): text for row in missing})

    def _serialized(self, batch: pa.RecordBatch) -> tuple[pa.Array, Problems]:
        """Return the payloads of a batch; null for rows that cannot be sent, if that is to be shown."""
        try:
            payloads = self._call.serializer.serializeBatch(batch)
        except DataError as error:
            return self._searched(batch, error)
        if len(payloads) != batch.num_rows:
            raise DataError(
                f"{type(self._call.serializer).__name__} made {len(payloads)} payloads of {batch.num_rows} "
                "rows; expected one for each, null for those that shall not be sent."
            )
        sizes = np.asarray(pc.binary_length(payloads).fill_null(0))
        too_large = np.flatnonzero(sizes > self._call.max_payload_bytes)
        text = "it is too large for one request: {} bytes; expected at most {}."
        texts = {int(row): text.format(sizes[row], self._call.max_payload_bytes) for row in too_large}
        return self._refused(payloads, {}, texts)

    def _searched(self, batch: pa.RecordBatch, error: DataError) -> tuple[pa.Array, Problems]:
        """Serialize the halves of a batch in which some row cannot be."""
        if self._how.onError == "raise":
            rows = f"rows {self._next_row} to {self._next_row + batch.num_rows - 1}"
            raise DataError(f"Batch of {rows}: {error}") from error
        if batch.num_rows == 1:
            return self._refused(pa.nulls(1, pa.large_binary()), {}, {0: str(error)})
        middle = batch.num_rows // 2
        first, problems = self._serialized(batch.slice(0, middle))
        second, more = self._serialized(batch.slice(middle))
        both = pa.concat_arrays([first.cast(pa.large_binary()), second.cast(pa.large_binary())])
        return both, {**problems, **{middle + row: problem for row, problem in more.items()}}

    def _refused(
        self, payloads: pa.Array, problems: Problems, texts: dict[int, str]
    ) -> tuple[pa.Array, Problems]:
        """Take out the payloads of rows that are not to be sent, for the reasons given by row."""
        if not texts:
            return payloads, problems
        if self._how.onError == "raise":
            row, text = next(iter(texts.items()))
            raise DataError(f"Row {self._next_row + row} of the partition cannot be sent: {text}")
        self._tally.add(InvocationSummary(failedRows=len(texts)))
        keep = np.asarray(payloads.is_valid()).copy()
        keep[list(texts)] = False
        nothing_sent = pa.nulls(len(payloads), payloads.type)
        refused = {row: Problem("DataError", text, 0, "") for row, text in texts.items()}
        return pc.if_else(pa.array(keep), payloads, nothing_sent), {**problems, **refused}

    def _note(self, rows: int, payloads: pa.Array, places: Array | None, problems: Problems) -> None:
        sent = rows - payloads.null_count
        self._waiting.append(_Waiting(rows, sent, places, problems))
        skipped = payloads.null_count - len(problems)
        self._tally.add(InvocationSummary(rows=rows, skippedRows=skipped))


def _renumbered(body: Body, numbers: Array) -> Body:
    """Return a body of rows that were gathered from other places."""
    if not body.rows:
        return body
    chosen = numbers[np.asarray(body.numbers)]
    return body._replace(numbers=chosen, first_row=int(chosen[0]), last_row=int(chosen[-1]))


def _merged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches of at least `PIECE_BYTES`, so that the rows of each model are sent together."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.nbytes for one in held) >= PIECE_BYTES:
            yield joined(held)
            held = []
    if held:
        yield joined(held)
