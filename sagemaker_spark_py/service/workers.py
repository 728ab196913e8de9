"""What Spark's Python workers, which run one task after another, keep from the first of them."""

from __future__ import annotations

import gc
from functools import cache


@cache
def settle() -> None:
    """Exempt what this worker has in memory from the search for garbage, once; runs on executors.

    Pyspark lets each worker look for garbage between two tasks. Among all that boto3, NumPy and Arrow bring
    that takes 0.1 s of a processor, as long as the task itself where partitions are small. Call this when a
    task has done its work, so that all of that is there and none of the rows.
    """
    gc.collect()
    gc.freeze()
