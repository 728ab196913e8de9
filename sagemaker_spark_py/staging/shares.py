"""How many objects each partition becomes, so that instances get data, and about as much of it.

SageMaker's ``ShardedByS3Key`` deals out whole objects; an instance that gets none stays idle or fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_TOLERATED_SURPLUS = 1.1
"""An instance may get a tenth more objects than the average before the data is written anew."""


class Share(NamedTuple):
    """How one partition is split: `rows`, as counted before, over `objects` of about the same size."""

    partition: int
    rows: int
    objects: int

    @property
    def cuts(self) -> list[int]:
        """The rows at which the second, third, ... object begins."""
        return [self.rows * i // self.objects for i in range(1, self.objects)]


def is_even(objects: int, instances: int) -> bool:
    """Tell whether so many objects can be dealt out to instances fairly."""
    most = -(-objects // instances)
    return objects >= instances and most * instances <= _TOLERATED_SURPLUS * objects


def shares_for(rows: Mapping[int, int], instances: int) -> tuple[Share, ...]:
    """Split partitions into a multiple of `instances` objects; none is empty, none needs a shuffle.

    Each partition becomes as many objects as there are instances; a small one fewer, a large one more.

    Parameters
    ----------
    rows : mapping of int to int
        Rows of each partition that has some.
    instances : int
        At most as many as there are rows.
    """
    total = min(len(rows) * instances, sum(rows.values())) // instances * instances
    objects = dict.fromkeys(rows, 1)
    for _ in range(total - len(rows)):
        objects[max(rows, key=lambda partition: rows[partition] / objects[partition])] += 1
    return tuple(Share(partition, rows[partition], n) for partition, n in objects.items())
