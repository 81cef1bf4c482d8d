"""``make bench``: how fast records are scored, in one run, beside what users would pick instead.

Ratios are the figures to look at: each is the median of pairs that were measured within seconds of each other.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import common, limits, server
from tests.benchmarks.http import endpoints, realtime
from tests.benchmarks.measure import PROCESSORS, Bench, Left
from tests.benchmarks.reports import cells, docs, report
from tests.benchmarks.reports.cells import Cell
from tests.benchmarks.reports.docs import LIMITS, REALTIME

ENDPOINTS = "endpoints"


def main() -> None:
    """Measure, print tables, keep the figures as JSON."""
    arguments = _arguments()
    common.end_orderly()
    wanted, further = _wanted(arguments)
    if arguments.list:
        common.console.print("\n".join([*(one.name for one in wanted), *further]))
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as temporary:
        folder = Path(temporary)
        turns = range(2 if arguments.repeat_check else 1)
        runs = [_measured(wanted, arguments, folder / f"cells-{number}") for number in turns] if wanted else []
        figures: dict[str, Any] = {"machine": common.machine(), **(runs[-1] if runs else {})}
        if runs:
            report.show(figures)
        if len(runs) > 1:
            figures["repeated"] = report.compare(runs[0]["cells"], runs[1]["cells"])
        figures |= _further(further, arguments, folder)
    common.say(f"{(time.monotonic() - began) / 60:.0f} minutes.")
    common.write(arguments.json, figures)
    if arguments.docs:
        docs.write(figures)
    if count := realtime.failures(figures.get(REALTIME, {})):
        raise SystemExit(f"{count} requests failed.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the whole cross product")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PATTERN",
        help="such as 'java narrow csv 100000', 'wide csv', '* * * 1', realtime",
    )
    parser.add_argument("--list", action="store_true", help="name the cells and end")
    parser.add_argument("--tasks", type=int, nargs="+", default=list(cells.TASKS), help="concurrent tasks")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turns with the others")
    parser.add_argument("--docs", action="store_true", help="renew the tables and the chart of docs/performance.md")
    parser.add_argument("--repeat-check", action="store_true", help="measure twice and tell how far ratios differ")
    common.add_arguments(parser, common.ROOT / "build" / "bench.json")
    return parser.parse_args()


def _wanted(arguments: argparse.Namespace) -> tuple[list[Cell], list[str]]:
    """The cells, and what else is to be measured."""
    found, further = cells.matrix(server.runtimes()), [REALTIME, LIMITS, ENDPOINTS]
    if arguments.only:
        found = [one for one in found if any(cells.matches(one.name, pattern) for pattern in arguments.only)]
        further = [one for one in further if any(cells.matches(one, pattern) for pattern in arguments.only)]
    elif not arguments.full:
        found = [one for one in found if one.is_usual]
    if not found and not further:
        raise SystemExit(f"Nothing is called {' or '.join(arguments.only)}; --list names all.")
    return found, further


def _further(names: list[str], arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    properties = common.properties(arguments)
    if REALTIME in names:
        if reason := realtime.hindrance():
            common.console.print(f"Left out: {REALTIME}: {reason}.")
        else:
            common.say("Requests over HTTP ...")
            (folder / REALTIME).mkdir()
            figures[REALTIME] = realtime.measured(folder / REALTIME, realtime.Options(), properties)
            realtime.show(figures[REALTIME])
    if ENDPOINTS in names and not realtime.hindrance():
        common.say("The server of dai-score ...")
        (folder / ENDPOINTS).mkdir()
        figures[ENDPOINTS] = endpoints.measured(folder / ENDPOINTS, endpoints.Options())
        endpoints.show(figures[ENDPOINTS])
    if LIMITS in names:
        common.say("Memory, growth and start ...")
        (folder / LIMITS).mkdir()
        figures[LIMITS] = limits.measured(folder / LIMITS, limits.Options(), properties)
        limits.show(figures[LIMITS])
    return figures


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
                # A run that is ended leaves what it has measured.
                common.keep(arguments.json, {"machine": common.machine(), "cells": figures, "left_out": []})
                for one in found:
                    common.say(f"  {report.line(one)}")
    return {"cells": figures, "left_out": [{"cell": one.cell.name, "reason": one.reason} for one in left]}


if __name__ == "__main__":
    main()
