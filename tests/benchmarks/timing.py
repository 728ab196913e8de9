"""Times of several things, taken in turn so that a busy machine is as unfair to each of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Run = Callable[[], "float | None"]
"""Does the work once; returns the seconds it took where they are not those of the call."""


@dataclass(frozen=True)
class Times:
    """Seconds of each repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.seconds)


def interleaved(runs: Mapping[str, Run], repeat: int, warm_ups: int = 1) -> dict[str, Times]:
    """Run each in turn, `warm_ups` and then `repeat` times, and return the times of the latter."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(warm_ups + repeat):
        for name, run in runs.items():
            seconds = timed(run)
            if turn >= warm_ups:
                taken[name].append(seconds)
    return {name: Times(tuple(seconds)) for name, seconds in taken.items()}


def timed(run: Run) -> float:
    """Return the seconds of one call."""
    gc.collect()
    begin = time.perf_counter()
    own = run()
    return time.perf_counter() - begin if own is None else own
