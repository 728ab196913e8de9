"""What was measured: lines of one table, printed as they come and kept as Markdown and JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.timing import Cost

HEAD = ("case", "ours", "reference", "ratio", "goal")


@dataclass(frozen=True)
class Line:
    """One comparison.

    Attributes
    ----------
    case : str
        What was done.
    ours, reference : str
        What was measured of each, with its unit.
    ratio : float or None
        How often the smaller is contained in what the goal is about.
    goal : str
        What the ratio should be; empty where there is only something to know.
    """

    case: str
    ours: str
    reference: str = ""
    ratio: float | None = None
    goal: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the texts of a row of the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.case, self.ours, self.reference, ratio, self.goal)


def faster(case: str, ours: Cost, reference: Cost, than: str, goal: str = "") -> Line:
    """Return a line that says how many times faster ours is."""
    return Line(case, str(ours), f"{reference}: {than}", _ratio(reference, ours), goal)


def slower(case: str, ours: Cost, reference: Cost, than: str, goal: str = "") -> Line:
    """Return a line that says how many times the reference's time ours takes."""
    return Line(case, str(ours), f"{reference}: {than}", _ratio(ours, reference), goal)


def _ratio(above: Cost, below: Cost) -> float:
    return above.seconds / below.seconds if below.seconds > 0 else float("inf")


def machine() -> dict[str, str]:
    """Return the size of this machine and how busy it is."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": f"{os.cpu_count()} x {_processor()}",
        "memory": f"{memory_bytes / 2**30:.0f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def markdown(lines: Iterable[Line], facts: dict[str, str]) -> str:
    """Return the table, below the facts of the machine."""
    rows = [HEAD, ("---",) * len(HEAD), *(line.cells() for line in lines)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return ", ".join(f"{name}: {fact}" for name, fact in facts.items()) + "\n\n" + table + "\n"


def save(lines: list[Line], facts: dict[str, str], folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(lines, facts))
    values = {"machine": facts, "lines": [asdict(line) for line in lines]}
    (folder / "results.json").write_text(json.dumps(values, indent=2) + "\n")
