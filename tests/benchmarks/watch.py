"""What memory processes need at most, as Linux counts it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_EVERY_SECONDS = 0.1
_WORKER = b"pyspark.daemon"


def peaks_mib(jvm: int, work: Callable[[], object]) -> tuple[float, float]:
    """Do some work and return by how much a Python worker, and the JVM, grew at most.

    Parameters
    ----------
    jvm : int
        Process of the JVM. Its workers must be idle and have done such work before.
    work : callable
        What to do.
    """
    before = {process: _mib(process, "VmRSS") for process in [jvm, *workers(jvm)]}
    for process in before:
        (_folder(process) / "clear_refs").write_text("5")  # the peak starts anew
    highest: dict[int, float] = {}
    done = threading.Event()

    def look() -> None:
        while not done.wait(_EVERY_SECONDS):
            for process in workers(jvm):
                with suppress(OSError, StopIteration):  # it has just ended
                    highest[process] = max(highest.get(process, 0.0), _mib(process, "VmHWM"))

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    work()
    done.set()
    watching.join()
    idle = min((mib for process, mib in before.items() if process != jvm), default=0.0)
    grown = [mib - before.get(process, idle) for process, mib in highest.items()]
    return max(grown, default=0.0), _mib(jvm, "VmHWM") - before[jvm]


def workers(jvm: int) -> list[int]:
    """Return the Python workers of a JVM; the daemon that forks them is not one."""
    daemons = [process for process in _children(jvm) if _WORKER in _command(process)]
    return [worker for daemon in daemons for worker in _children(daemon)]


def _children(process: int) -> list[int]:
    with suppress(OSError):
        lists = (thread / "children" for thread in (_folder(process) / "task").iterdir())
        return [int(child) for children in lists for child in children.read_text().split()]
    return []


def _command(process: int) -> bytes:
    with suppress(OSError):
        return (_folder(process) / "cmdline").read_bytes()
    return b""


def _folder(process: int) -> Path:
    return Path("/proc") / str(process)


def _mib(process: int, field: str) -> float:
    lines = (_folder(process) / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
