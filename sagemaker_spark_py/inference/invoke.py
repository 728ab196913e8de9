"""The executor's side of asking an endpoint: the batches of one partition, and the answer to each.

Requests are sent by a few threads; rows are serialized, and answers handed on, in the order of the rows.
Memory is about ``(maxInFlight + 1) x body + 2 x maxInFlight x answer``, and the piece of input that is being
serialized.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.inference.asking import Asker
from sagemaker_spark_py.inference.ledger import Ledger
from sagemaker_spark_py.inference.summary import InvocationSummary
from sagemaker_spark_py.service.workers import settle

if TYPE_CHECKING:
    from sagemaker_spark_py.inference.endpoint import EndpointCall

T = TypeVar("T")

logger = logging.getLogger(__name__)


def answers(
    batches: Iterable[pa.RecordBatch], call: EndpointCall, partition: int
) -> Iterator[pa.RecordBatch]:
    """Yield, for batches of input columns and in the same order, as many rows of predictions.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        With the serializer's input columns, and the column with the model's name last if there is one; none
        without rows.
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
    asker = Asker(call, partition)
    ledger = Ledger(call, asker.tally)
    in_flight = call.invocation.maxInFlight
    pool = ThreadPoolExecutor(in_flight, thread_name_prefix="sagemaker-invoke")
    try:
        jobs = ledger.jobs(batches, asker.pace)
        yield from ledger.regroup(in_order(pool, asker.ask, jobs, in_flight))
        settle()
    except DataError as error:
        raise DataError(f"Partition {partition}: {error}") from error
    finally:
        # Who reads no further (LIMIT, a failure) must not wait for requests that are under way.
        asker.gate.close()
        pool.shutdown(wait=False, cancel_futures=True)
        _report(call, partition, asker.tally.total())


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[T], Any], jobs: Iterable[T], in_flight: int
) -> Iterator[Any]:
    """Yield the results of the jobs in their order.

    At most `in_flight` of them are under way, and at most twice as many begun and not yielded: a slow one
    keeps the others from being handed on, but not from being done.
    """
    begun: deque[Future[Any]] = deque()
    for job in jobs:
        begun.append(pool.submit(work, job))
        while begun and (begun[0].done() or _is_full(begun, in_flight)):
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _is_full(begun: deque[Future[Any]], in_flight: int) -> bool:
    """Tell whether the first result has to be waited for; come back as soon as one more may be begun."""
    while not begun[0].done():
        if len(begun) >= 2 * in_flight:
            return True
        under_way = [future for future in begun if not future.done()]
        if len(under_way) < in_flight:
            return False
        wait(under_way, return_when=FIRST_COMPLETED)
    return True


def _report(call: EndpointCall, partition: int, summary: InvocationSummary) -> None:
    """Say once what a task took, and add it to the sum on the driver where there is one."""
    if not summary.rows:
        return
    level = logging.WARNING if summary.failedRows else logging.INFO
    logger.log(level, "Endpoint %s, partition %d: %s", call.endpointName, partition, summary)
    if call.total is not None:
        call.total.add(summary)
