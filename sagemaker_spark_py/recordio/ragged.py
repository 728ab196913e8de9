"""Runs of bytes of different lengths, copied without Python per run.

A run is copied as two overlapping pieces, its first and its last 2**k bytes, where 2**k is the largest
power that fits. Runs with the same k are copied together, so a batch takes two NumPy operations for
each binary order of magnitude among its runs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def offsets(lengths: npt.NDArray[np.integer]) -> Ints:
    """Where each run starts when all lie one after the other, and where the last one ends."""
    result = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=result[1:])
    return result


def is_last(owner: Ints) -> Flags:
    """Return which items are the last of their owner, where the owners ascend."""
    last = np.ones(len(owner), np.bool_)
    last[:-1] = owner[1:] != owner[:-1]
    return last


def windows(data: Bytes, size: int) -> npt.NDArray[np.void]:
    """View all runs of `size` bytes: item i is ``data[i:i + size]``."""
    runs: npt.NDArray[np.void] = np.ndarray((len(data) - size + 1,), f"V{size}", data, 0, (1,))
    return runs


def copy_runs(source: Bytes, source_at: Ints, target: Bytes, target_at: Ints, lengths: Ints) -> None:
    """Copy runs of bytes; runs of the target must not overlap."""
    digits = np.frexp(lengths)[1]
    for count in np.flatnonzero(np.bincount(digits)).tolist():
        if count:
            size = 1 << count - 1
            runs = np.flatnonzero(digits == count)
            taken, written = windows(source, size), windows(target, size)
            for skipped in (0, lengths[runs] - size):
                written[target_at[runs] + skipped] = taken[source_at[runs] + skipped]


def gather(data: Bytes, starts: Ints, stops: Ints) -> Bytes:
    """Copy the runs ``data[starts:stops]`` into one array, one after the other."""
    bounds = offsets(stops - starts)
    gathered = np.empty(int(bounds[-1]), np.uint8)
    copy_runs(data, starts, gathered, bounds[:-1], stops - starts)
    return gathered
