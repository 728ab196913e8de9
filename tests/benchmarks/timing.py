"""What several things cost, measured in turn so that a busy machine is as unfair to each of them."""

from __future__ import annotations

import gc
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.benchmarks.processes import cpu_seconds, family, folder

_COLD_AFTER_SECONDS = 45
"""Spark ends Python workers that were idle for a minute; new ones import everything again."""


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of processors: those of this process and all its descendants.

    On a busy machine the latter say more. They are nan where they cannot be told apart from others.
    """

    seconds: float
    cpu_seconds: float = math.nan

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    def __sub__(self, other: Cost) -> Cost:
        return self + other * -1

    def __mul__(self, times: float) -> Cost:
        return Cost(self.seconds * times, self.cpu_seconds * times)

    def __str__(self) -> str:
        cpu = "" if math.isnan(self.cpu_seconds) else f" (cpu {self.cpu_seconds:.3g})"
        return f"{self.seconds:.3g} s{cpu}"


Run = Callable[[], "Cost | None"]
"""Does the work once; returns what it cost where that is not what the call cost."""


def interleaved(runs: Mapping[str, Run], repeat: int, warm_ups: int = 1) -> dict[str, Cost]:
    """Run each in turn, `warm_ups` and then `repeat` times, and return the medians of the latter.

    Where turns take so long that a run has become cold in between, it is warmed up again.
    """
    taken: dict[str, list[Cost]] = {name: [] for name in runs}
    last = dict.fromkeys(runs, time.monotonic())
    for turn in range(warm_ups + repeat):
        for name, run in runs.items():
            if turn and time.monotonic() - last[name] > _COLD_AFTER_SECONDS:
                run()
            cost = timed(run)
            last[name] = time.monotonic()
            if turn >= warm_ups:
                taken[name].append(cost)
    return {name: _median(costs) for name, costs in taken.items()}


def timed(run: Run) -> Cost:
    """Return what one call cost."""
    gc.collect()
    used, begin = _used(), time.perf_counter()
    own = run()
    return own or Cost(time.perf_counter() - begin, _used_since(used))


def _median(costs: list[Cost]) -> Cost:
    seconds, cpu = zip(*((cost.seconds, cost.cpu_seconds) for cost in costs), strict=True)
    return Cost(statistics.median(seconds), statistics.median(cpu))


def _used() -> dict[int, float]:
    """Return what this process and its descendants have used so far; nothing where Linux does not tell."""
    members = family(os.getpid()) if folder(os.getpid()).exists() else []
    return {process: cpu_seconds(process) for process in members}


def _used_since(before: dict[int, float]) -> float:
    after = _used()
    return sum(cpu - before.get(process, 0.0) for process, cpu in after.items()) if after else math.nan
