"""Figures as the tables of docs/performance.md, each between two marks of its name."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import bare, common
from tests.benchmarks.reports import cells
from tests.benchmarks.reports.figures import IN_PROCESSOR, ONE_TASK, STAGES
from tests.benchmarks.reports.report import ratio

REALTIME, LIMITS = "realtime", "limits"
PAGE = common.ROOT / "docs" / "performance.md"
_CELL = ("runtime", "model", "format", "rows", "tasks")
_CEILINGS = {
    "Empty": "FlowFiles/s of an empty processor",
    "Copy": "of reading and writing",
    "ConvertRecord": "of ConvertRecord",
    cells.INSTEAD.name: "of ours",
}


def main() -> None:
    """Renew the page from files of figures; cells of several files are put together."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reports.docs", description=__doc__)
    parser.add_argument("figures", type=Path, nargs="+", help="JSON files that the benchmarks wrote to build/")
    whole: dict[str, Any] = {}
    cells_found: dict[tuple[Any, ...], Any] = {}
    left: dict[str, Any] = {}
    parts: list[Any] = []
    commits: dict[str, Any] = {}
    for file in parser.parse_args().figures:
        found = json.loads(file.read_text(encoding="utf-8"))
        whole |= found
        commits |= dict.fromkeys(found, found["machine"])
        # The last that measured a cell is right.
        cells_found |= {tuple(one[key] for key in _CELL): one for one in found.get("cells", [])}
        left |= {one["cell"]: one for one in found.get("left_out", [])}
        parts += found.get("parts", [])
    whole |= {"parts": parts, "cells": list(cells_found.values()), "left_out": list(left.values())}
    write(whole, commits)


def write(figures: dict[str, Any], commits: Mapping[str, Any] | None = None) -> None:
    """Renew the tables for which there are figures, and the chart; ``commits`` has the machine of each kind."""

    def renew(name: str, kind: str, table: str) -> None:
        about = (commits or {}).get(kind, figures["machine"])
        put(name, f"{table.strip()}\n\nMeasured at commit {about['commit']} on {about['when'][:10]}.")

    put("machine", machine(figures["machine"]))
    if figures.get("cells"):
        # Only here: it needs a package that the rest does without.
        from tests.benchmarks.reports import chart

        renew("cells", "cells", of_cells(figures))
        chart.draw(figures, PAGE.parent)
    if REALTIME in figures:
        renew(REALTIME, REALTIME, of_realtime(figures[REALTIME]))
    if LIMITS in figures:
        renew(LIMITS, LIMITS, of_limits(figures[LIMITS]))
    parts: dict[str, list[dict[str, Any]]] = {}
    for one in figures.get("parts", []):
        kind = "wide" if one["model"] == "wide" else "one" if one["rows"] == 1 else "narrow"
        parts.setdefault(f"parts-{kind}", []).append(one)
    for name, some in parts.items():
        renew(name, "parts", of_parts(some))
    common.console.print(f"The figures are in {PAGE} too.")


def put(name: str, text: str) -> None:
    """Replace what is between the marks of a name."""
    page = PAGE.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    page, found = marks.subn(lambda match: f"{match[1]}{text.strip()}\n{match[2]}", page)
    if found != 1:
        raise SystemExit(f"{PAGE} has {found} places for {name}.")
    PAGE.write_text(page, encoding="utf-8")


def machine(about: dict[str, Any]) -> str:
    """What was measured on, in words."""
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    return (
        f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB; "
        f"NiFi {about['nifi']}, {about['java']}, "
        f"Python {about['python']}, {packages}."
    )


def of_cells(figures: dict[str, Any]) -> str:
    """One line a kind of FlowFile, both numbers of tasks in it."""
    lines: dict[tuple[Any, ...], dict[int, dict[str, Any]]] = {}
    for one in figures["cells"]:
        key = (one["runtime"], one["model"], one["format"], one["rows"])
        lines.setdefault(key, {})[one["tasks"]] = one
    rows = [
        (
            *key[:3],
            f"{key[3]:,}",
            _rate(of.get(1)),
            _alone(of.get(1)),
            _others(of.get(1)),
            _rate(of.get(2)),
            ratio(of[2]["ratios"], ONE_TASK) if 2 in of else "",
        )
        for key, of in lines.items()
    ]
    heads = (
        "runtime",
        "model",
        "format",
        "rows",
        "rows/s",
        "of the runtime alone",
        "beside",
        "two tasks",
        "of one task",
    )
    left = [f"- Left out: {one['cell']}: {one['reason']}." for one in figures["left_out"]]
    return "\n".join([_table(heads, rows, numbers_from=3), "", *left])


def _rate(one: dict[str, Any] | None) -> str:
    return "" if one is None else f"{one['rows_a_second']['median']:,.0f}"


def _alone(one: dict[str, Any] | None) -> str:
    if one is None:
        return ""
    name = next(name for name in bare.NAMES.values() if name in one["ratios"])
    inside = ratio(one["ratios"], name + IN_PROCESSOR)
    return ratio(one["ratios"], name) + (f" ({inside})" if inside else "")


def _others(one: dict[str, Any] | None) -> str:
    ratios = {} if one is None else one["ratios"]
    return ", ".join(f"{ratio(ratios, name)} {words}" for name, words in _CEILINGS.items() if name in ratios)


def of_realtime(figures: dict[str, dict[str, Any]]) -> str:
    """One line a target, one group of columns a number of connections."""
    counts = list(next(iter(figures.values())))
    heads = [text for count in counts for text in (f"requests/s, {count}", "p50 / p90 / p99 ms")]
    rows = []
    for name, of in figures.items():
        cell = [name]
        for count in counts:
            one = of[count]
            cell += [
                f"{one['requests_a_second']['median']:,.0f}",
                " / ".join(f"{one[p]:.1f}" for p in ("p50", "p90", "p99")),
            ]
        rows.append(cell)
    return _table(("answers", *heads), rows, numbers_from=1)


def of_limits(figures: dict[str, Any]) -> str:
    """What was measured, a line each."""
    start, growth, memory = figures["start"], figures["growth"], figures["memory"]
    small, large = growth["rows"]
    return _table(
        ("limit", "measured"),
        [
            ("placing the processor to its first scored FlowFile", f"{start['placed_to_first_score']['median']:.1f} s"),
            ("starting it, once valid, to the same", f"{start['started_to_first_score']['median']:.2f} s"),
            (f"rows/s at {large:,} rows a FlowFile, of those at {small:,}", f"{growth['ratio']['median']:.2f}"),
            (
                f"memory of the Python process with its JVM, {memory['gigabytes']:g} GB FlowFile: at most",
                f"{memory['mb_peak']:,} MB",
            ),
            ("the same before that FlowFile", f"{memory['mb_before']:,} MB"),
            ("the same, median of each fifth of the time", ", ".join(f"{mb:,}" for mb in memory["mb_median_by_fifth"])),
        ],
        numbers_from=1,
    )


def of_parts(figures: Sequence[dict[str, Any]]) -> str:
    """Microseconds a row, one column for each file."""
    heads = [f"{one['runtime']} {one['model']}, {one['format']}, {one['rows']:,} rows" for one in figures]
    rows = [
        (stage, *(_part(one, one["seconds"].get(stage)) for one in figures))
        for stage in STAGES
        if any(stage in one["seconds"] for one in figures)
    ]
    rows.append(("sum", *(_part(one, sum(one["seconds"].values())) for one in figures)))
    return _table(("stage", *heads), rows, numbers_from=1)


def _part(one: dict[str, Any], seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds / one['rows'] * 1e6:,.2f} ({seconds / sum(one['seconds'].values()):.0%})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> str:
    rule = ["---" if at < numbers_from else "---:" for at in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, rule, *rows))


if __name__ == "__main__":
    main()
