"""What is made of measurements: rates, and ratios of what was measured side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.common import spread
from tests.benchmarks.lanes import Burst
from tests.benchmarks.reports.cells import Cell

ONE_TASK = "one task"
IN_PROCESSOR = ", in the processor"
STAGES = (
    "bridge: take",
    "read, parse",
    "coerce",
    "score",
    "parse, coerce, score",
    "join",
    "write",
    "coerce, join, write",
    "bridge: send",
    "NiFi around it",
)
"""Of scoring a FlowFile, in their order."""


@dataclass(frozen=True)
class Turn:
    """A cell measured once and, right before and after it, what it is compared with.

    ``alone`` is the bare runtime's seconds a row, ``others`` have a burst and the rows of its FlowFiles by name.
    """

    tasks: int
    own: Burst
    alone: float
    others: Mapping[str, tuple[Burst, int]]


def of_cell(cell: Cell, turns: Sequence[Turn], alone: str, megabytes: float) -> list[dict[str, Any]]:
    """The figures of a cell, one entry for each number of tasks; ``alone`` is the bare runtime's name."""
    found = []
    for tasks in dict.fromkeys(turn.tasks for turn in turns):
        here = [turn for turn in turns if turn.tasks == tasks]
        walls = [turn.own.wall for turn in here]
        one: dict[str, Any] = {
            "runtime": cell.runtime,
            "model": cell.model,
            "format": cell.format,
            "rows": cell.rows,
            "tasks": tasks,
            "megabytes": round(megabytes, 3),
            "rows_a_second": spread([cell.rows / wall for wall in walls], 1),
            "flowfiles_a_second": spread([1 / wall for wall in walls], 2),
            "compared": {alone: spread([1 / turn.alone for turn in here], 1)},
        }
        ratios = {alone: [turn.alone * cell.rows / turn.own.wall for turn in here]}
        for name in here[0].others:
            theirs = [(burst.wall / rows, rows) for burst, rows in (turn.others[name] for turn in here)]
            one["compared"][name] = spread([1 / each for each, _ in theirs], 1)
            ratios[name] = [each * cell.rows / wall for (each, _), wall in zip(theirs, walls, strict=True)]
        if tasks > 1 and turns[0].tasks == 1:
            single = [turn.own.wall for turn in turns if turn.tasks == 1]
            ratios[ONE_TASK] = [a / b for a, b in zip(single, walls, strict=True)]
        worked = [turn.own.worked for turn in here if turn.own.worked is not None]
        if tasks == 1 and len(worked) == len(here):
            one["rows_a_second_in_processor"] = spread([cell.rows / seconds for seconds in worked], 1)
            inside = [turn.alone * cell.rows / seconds for turn, seconds in zip(here, worked, strict=True)]
            ratios[alone + IN_PROCESSOR] = inside
        one["ratios"] = {name: spread(values, 5) for name, values in ratios.items()}
        found.append(one)
    return found
