"""What memory processes need at most, as Linux counts it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from tests.benchmarks.processes import children, command, folder, memory_mib

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
    before = {process: memory_mib(process, "VmRSS") for process in [jvm, *workers(jvm)]}
    for process in before:
        (folder(process) / "clear_refs").write_text("5")  # the peak starts anew
    highest: dict[int, float] = {}
    done = threading.Event()

    def look() -> None:
        while not done.wait(_EVERY_SECONDS):
            for process in workers(jvm):
                with suppress(OSError, StopIteration):  # it has just ended
                    highest[process] = max(highest.get(process, 0.0), memory_mib(process, "VmHWM"))

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    work()
    done.set()
    watching.join()
    idle = min((mib for process, mib in before.items() if process != jvm), default=0.0)
    grown = [mib - before.get(process, idle) for process, mib in highest.items()]
    return max(grown, default=0.0), memory_mib(jvm, "VmHWM") - before[jvm]


def workers(jvm: int) -> list[int]:
    """Return the Python workers of a JVM; the daemon that forks them is not one."""
    daemons = [process for process in children(jvm) if _WORKER in command(process)]
    return [worker for daemon in daemons for worker in children(daemon)]
