"""Rows that are staged once for several fits of one DataFrame, as in a search over parameters."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import DataFrame

from sagemaker_spark_py.errors import ServiceError, TrainingError
from sagemaker_spark_py.staging.staged import Staged

_log = logging.getLogger(__name__)


class SharedRows:
    """A DataFrame whose rows are staged at most once in each way, and deleted when all fits are over.

    Lives on the driver; fits may run in several threads.

    Parameters
    ----------
    dataset : DataFrame
        What is staged.
    fits : int
        How many fits will use it. Where some never do, rows are deleted when this object is gone.
    """

    def __init__(self, dataset: DataFrame, fits: int) -> None:
        self.dataset = dataset
        self._fits = fits
        self._lock = threading.Lock()
        self._staged: dict[Hashable, Staged] = {}
        self._abandoned = weakref.finalize(self, _delete_all, self._staged)

    @contextmanager
    def use(
        self, wanted: Mapping[Hashable, Callable[[], Staged]], delete: bool
    ) -> Iterator[dict[Hashable, Staged]]:
        """Give one fit its channels' rows, each staged if no other fit has; the last fit deletes them.

        `wanted` says by channel and way how its rows are written. They are kept if `delete` is false, or if
        the block ends with a `TrainingError` of a job that, for all we know, still runs and reads them.
        """
        try:
            with self._lock:
                for way in wanted.keys() - self._staged.keys():
                    self._staged[way] = wanted[way]()
            yield {way: self._staged[way] for way in wanted}
        except TrainingError as error:
            self._done(delete and error.status != "InProgress")
            raise
        except BaseException:
            self._done(delete)
            raise
        self._done(delete)

    def _done(self, delete: bool) -> None:
        with self._lock:
            self._fits -= 1
            if not delete:
                self._abandoned.detach()
            elif self._fits == 0:
                self._abandoned()


def _delete_all(staged: dict[Hashable, Staged]) -> None:
    for rows in staged.values():
        try:
            rows.delete()
        except ServiceError as error:  # the model, or the reason why there is none, matters more
            _log.warning("Staged rows at %s are left: %s", rows.place.uri, error)
