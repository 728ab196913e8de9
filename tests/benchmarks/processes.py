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
    """Return the processes that a process has started and that still run."""
    return _children().get(process, [])


def parent(process: int) -> int:
    """Return the process that started a process."""
    return int(_stat(process)[1])


def family(process: int) -> list[int]:
    """Return a process, its children, their children, and so on."""
    found, known = [process], _children()
    for member in found:
        found += known.get(member, [])
    return found


def cpu_seconds(process: int) -> float:
    """Return the time of a process, with that of its children that have ended."""
    fields = _stat(process)
    return sum(map(int, fields[11:15])) / _TICKS_PER_SECOND if fields else 0.0


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(int(path.name))):
            found.setdefault(int(fields[1]), []).append(int(path.name))
    return found


def _stat(process: int) -> list[str]:
    """Return the fields behind the command's name; none where the process has ended."""
    with suppress(OSError):
        return (folder(process) / "stat").read_text().rsplit(")", 1)[1].split()
    return []


def memory_mib(process: int, field: str) -> float:
    """Return how much memory a process has; `field` is one of ``/proc/<process>/status``."""
    lines = (folder(process) / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def command(process: int) -> bytes:
    """Return the command line of a process; empty where it has ended."""
    with suppress(OSError):
        return (folder(process) / "cmdline").read_bytes()
    return b""
