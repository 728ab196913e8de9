"""Run benchmarks: ``python -m tests.benchmarks [case ...]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.cases import CASES
from tests.benchmarks.report import HEAD, Line, machine, save


def main(arguments: list[str] | None = None) -> list[Line]:
    """Run the cases that are named, by default all, and return the lines of the table."""
    chosen = _parser().parse_args(arguments)
    sizes = {name: getattr(chosen, name) for name in ("rows", "repeat", "large_rows", "soak_rows", "folder")}
    facts, lines = machine(), []
    print(*(f"{name}: {fact}" for name, fact in facts.items()), sep="\n")
    print(*HEAD, sep=" | ", flush=True)
    with Bench(**sizes) as bench:
        for name in chosen.cases or CASES:
            for line in CASES[name](bench):
                print(*line.cells(), sep=" | ", flush=True)
                lines.append(line)
                save(lines, facts, bench.folder)
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rows", type=int, default=Bench.rows, help="rows of most inputs")
    parser.add_argument("--repeat", type=int, default=Bench.repeat, help="how often each thing is measured")
    parser.add_argument(
        "--large-rows", type=int, default=Bench.large_rows, help="rows for memory: 6.3 kB each"
    )
    parser.add_argument("--soak-rows", type=int, default=Bench.soak_rows, help="rows of the soak")
    parser.add_argument("--folder", type=Path, default=Bench.folder, help="of inputs and results")
    return parser


if __name__ == "__main__":
    main()
