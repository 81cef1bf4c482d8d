"""Figures of cells as tables."""

from __future__ import annotations

import statistics
from typing import Any

from rich.table import Table

from tests.benchmarks import bare, common
from tests.benchmarks.reports import cells
from tests.benchmarks.reports.figures import IN_PROCESSOR, ONE_TASK

_CEILINGS = ("Empty", "Copy", "ModifyBytes", "ConvertRecord")


def show(figures: dict[str, Any]) -> None:
    """Print the table of all cells, and what was left out."""
    headings = ("rows/s", "min-max", "FlowFiles/s", "in the processor", "of bare", "in the processor", "of others")
    table = Table("runtime", "model", "format", "rows", "tasks", *headings, "of one task")
    for column in table.columns[3:]:
        column.justify = "right"
    previous = None
    for one in figures["cells"]:
        line = (one["runtime"], one["model"], one["format"])
        if previous not in (None, line):
            table.add_section()
        previous = line
        table.add_row(*line, f"{one['rows']:,}", str(one["tasks"]), *_figures(one))
    common.console.print(table)
    for one in figures["left_out"]:
        common.console.print(f"Left out: {one['cell']}: {one['reason']}.")


def _figures(one: dict[str, Any]) -> list[str]:
    rate, ratios = one["rows_a_second"], one["ratios"]
    inside = one.get("rows_a_second_in_processor")
    alone = next(name for name in bare.NAMES.values() if name in ratios)
    others = [f"{ratio(ratios, name)} {name}" for name in (*_CEILINGS, cells.INSTEAD.name) if name in ratios]
    return [
        f"{rate['median']:,.0f}",
        f"{rate['min']:,.0f}-{rate['max']:,.0f}",
        f"{one['flowfiles_a_second']['median']:,.1f}",
        "" if inside is None else f"{inside['median']:,.0f}",
        ratio(ratios, alone),
        ratio(ratios, alone + IN_PROCESSOR),
        ", ".join(others),
        ratio(ratios, ONE_TASK),
    ]


def ratio(ratios: dict[str, dict[str, float]], name: str) -> str:
    """A ratio as people read it; small ones as one part of so many."""
    if name not in ratios:
        return ""
    value = ratios[name]["median"]
    return f"{value:.2f}" if value >= 0.05 else f"1/{1 / value:,.0f}"


def line(one: dict[str, Any]) -> str:
    """A cell in a line."""
    rate, files = one["rows_a_second"]["median"], one["flowfiles_a_second"]["median"]
    ratios = ", ".join(f"{ratio(one['ratios'], name)} of {name}" for name in one["ratios"])
    return f"tasks {one['tasks']}: {rate:,.0f} rows/s, {files:,.1f} FlowFiles/s; {ratios}"


def compare(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How far the ratios of two runs of the same cells are apart; printed, the furthest first."""
    found = []
    for a, b in zip(first, second, strict=True):
        for name, value in a["ratios"].items():
            pair = (value["median"], b["ratios"][name]["median"]) if name in b["ratios"] else None
            if pair and min(pair) > 0:
                cell = f"{a['runtime']} {a['model']} {a['format']} {a['rows']}, tasks {a['tasks']}"
                found.append({"cell": cell, "ratio": name, "runs": pair, "apart": round(max(pair) / min(pair) - 1, 3)})
    found.sort(key=lambda one: -one["apart"])
    within = sum(one["apart"] <= 0.15 for one in found)
    middle = statistics.median(one["apart"] for one in found)
    common.console.print(f"{within} of {len(found)} ratios of the two runs are within 15%; the median is {middle:.1%}.")
    for one in found[:10]:
        common.console.print(
            f"  {one['apart']:.0%}: {one['cell']}, of {one['ratio']}: {one['runs'][0]}, {one['runs'][1]}"
        )
    return found
