"""Processes and what they use, as Linux counts it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def folder(process: int) -> Path:
    """Return where Linux tells about a process."""
    return Path("/proc") / str(process)


def children(process: int) -> list[int]:
    """Return the processes that a process has started and that still run; none where it has ended."""
    with suppress(OSError):
        lists = (thread / "children" for thread in (folder(process) / "task").iterdir())
        return [int(child) for own in lists for child in own.read_text().split()]
    return []


def family(process: int) -> list[int]:
    """Return a process, its children, their children, and so on."""
    found = [process]
    for member in found:
        found += children(member)
    return found


def cpu_seconds(process: int) -> float:
    """Return the time of a process, with that of its children that have ended."""
    with suppress(OSError):
        fields = (folder(process) / "stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / _TICKS_PER_SECOND
    return 0.0


def memory_mib(process: int, field: str) -> float:
    """Return how much memory a process has; `field` is one of ``/proc/<process>/status``."""
    lines = (folder(process) / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def command(process: int) -> bytes:
    """Return the command line of a process; empty where it has ended."""
    with suppress(OSError):
        return (folder(process) / "cmdline").read_bytes()
    return b""
