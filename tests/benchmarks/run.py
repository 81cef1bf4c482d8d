"""``make bench``: how fast records are scored, in one run, beside what users would pick instead.

Ratios are the figures to look at: each is the median of pairs that were measured within seconds of each other.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import cells, common, report, server
from tests.benchmarks.cells import Cell
from tests.benchmarks.measure import PROCESSORS, Bench, Left


def main() -> None:
    """Measure, print a table, keep the figures as JSON."""
    arguments = _arguments()
    common.end_orderly()
    wanted = _wanted(arguments)
    if arguments.list:
        common.console.print("\n".join(one.name for one in wanted))
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as folder:
        runs = [
            _measured(wanted, arguments, Path(folder) / str(run)) for run in range(2 if arguments.repeat_check else 1)
        ]
    figures: dict[str, Any] = {"machine": common.machine(), **runs[-1]}
    report.show(figures)
    if arguments.repeat_check:
        figures["repeated"] = report.compare(runs[0]["cells"], runs[1]["cells"])
    common.say(f"{(time.monotonic() - began) / 60:.0f} minutes.")
    common.write(arguments.json, figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the whole cross product, about an hour")
    parser.add_argument(
        "--only", metavar="PATTERN", help="cells such as 'java narrow csv 100000', 'wide csv', '* * * 1'"
    )
    parser.add_argument("--list", action="store_true", help="name the cells and end")
    parser.add_argument("--tasks", type=int, nargs="+", default=list(cells.TASKS), help="concurrent tasks")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turns with the others")
    parser.add_argument("--repeat-check", action="store_true", help="measure twice and tell how far ratios differ")
    common.add_arguments(parser, common.ROOT / "build" / "bench.json")
    return parser.parse_args()


def _wanted(arguments: argparse.Namespace) -> list[Cell]:
    found = cells.matrix(server.runtimes())
    if arguments.only:
        found = [one for one in found if cells.matches(one.name, arguments.only)]
    elif not arguments.full:
        found = [one for one in found if one.is_usual]
    if not found:
        raise SystemExit(f"No cell is called {arguments.only!r}; --list names them.")
    return found


def _measured(wanted: list[Cell], arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    figures: list[dict[str, Any]] = []
    left: list[Left] = []
    # The comparisons need what the archive for Java holds.
    runtimes = [name for name in server.runtimes() if name == "java" or any(one.runtime == name for one in wanted)]
    with (
        server.nifi(folder, runtimes, PROCESSORS, common.properties(arguments), common.say),
        Bench(folder, arguments.rounds, arguments.tasks) as bench,
    ):
        for number, cell in enumerate(wanted, 1):
            common.say(f"{number} of {len(wanted)}: {cell.name}")
            found = bench.measured(cell)
            if isinstance(found, Left):
                left.append(found)
                common.say(f"  left out: {found.reason}")
            else:
                figures += found
                for one in found:
                    common.say(f"  {report.line(one)}")
    return {"cells": figures, "left_out": [{"cell": one.cell.name, "reason": one.reason} for one in left]}


if __name__ == "__main__":
    main()
