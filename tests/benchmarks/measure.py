"""Measuring cells in a real NiFi, each in turns with what it is compared with."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dai_nifi.flows.common import RUNTIMES
from dai_scoring.formats import Format
from tests.benchmarks import bare, common, data, wide
from tests.benchmarks.cells import FORMATS, RECORD_TRANSFORM, SERVICES, TASKS, Cell
from tests.benchmarks.lanes import Burst, Lane, Step, csv_services
from tests.pipeline.build import scorer_zip

EMPTY, COPY, NIFI_COPY = "Empty", "Copy", "ModifyBytes"
PROCESSORS = (EMPTY, COPY, "ScoreByRecord")
"""Those of the folder ``processors`` that must be installed."""

_SECONDS, _COMPARED_SECONDS = 2.0, 1.0
_FIRST_SECONDS = 6.0
_MOST_COPIES = 10_000
_SMALL_ROWS = 100
_BARE_ROWS = 100_000
_MOST_BYTES = 300 << 20
_MOST_SECONDS = 8.0


@dataclass(frozen=True)
class Left:
    """A cell that is left out, and why."""

    cell: Cell
    reason: str


class Bench:
    """Everything that is measured with, made when it is first needed. A context: what was started ends with it."""

    def __init__(self, folder: Path, rounds: int, tasks: Sequence[int] = TASKS) -> None:
        self._folder, self._rounds, self._tasks = folder, rounds, tasks
        self._data = folder / "data"
        self._data.mkdir()
        self._stack = ExitStack()
        self._lanes: dict[tuple[str, ...], Lane] = {}
        self._bare: dict[str, bare.Bare] = {}
        self._models: dict[str, Path] = {}
        self._rates: dict[tuple[str, str, str], float] = {}
        self._scores: dict[str, list[float]] = {}

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def measured(self, cell: Cell) -> list[dict[str, Any]] | Left:
        """The figures of a cell, one entry for each number of tasks."""
        rows = self._rows(cell)
        sample = data.write(rows, 1_000, FORMATS[cell.format], self._data)
        size = sample.stat().st_size * cell.rows / 1_000
        if size > _MOST_BYTES:
            return Left(cell, f"a FlowFile of {size / 2**20:,.0f} MB")
        known = self._rates.get((cell.runtime, cell.model, cell.format))
        if known is not None and cell.rows / known > _MOST_SECONDS:
            return Left(cell, f"a FlowFile takes {cell.rows / known:.0f} s")
        lane = self._scoring(cell)
        source = data.write(rows, cell.rows, FORMATS[cell.format], self._data)
        compared = {name: self._lane(name) for name in self._ceilings(cell)}
        bare_name, alone, bare_rows = self._alone(cell)
        own: dict[int, list[Burst]] = {tasks: [] for tasks in self._tasks}
        others: dict[tuple[str, int], list[Burst]] = {(name, tasks): [] for name in compared for tasks in self._tasks}
        outside: list[float] = []
        measure = {tasks: _Warm(lane, source, tasks, _SECONDS) for tasks in self._tasks}
        compare = {
            (name, tasks): _Warm(one, source, tasks, _COMPARED_SECONDS)
            for name, one in compared.items()
            for tasks in self._tasks
        }
        for _ in range(self._rounds):
            for tasks in self._tasks:
                own[tasks].append(measure[tasks].burst())
                for name in compared:
                    others[name, tasks].append(compare[name, tasks].burst())
                outside.append(alone() / bare_rows)
        self._rates[cell.runtime, cell.model, cell.format] = cell.rows / own[self._tasks[0]][0].wall
        return [
            self._figures(cell, tasks, own, {name: others[name, tasks] for name in compared}, bare_name, outside, size)
            for tasks in self._tasks
        ]

    def _figures(
        self,
        cell: Cell,
        tasks: int,
        own: dict[int, list[Burst]],
        others: dict[str, list[Burst]],
        bare_name: str,
        outside: list[float],
        size: float,
    ) -> dict[str, Any]:
        walls = [one.wall for one in own[tasks]]
        # One a burst, in the order of the bursts.
        near = outside[self._tasks.index(tasks) :: len(self._tasks)]
        ratios = {bare_name: [b * cell.rows / w for b, w in zip(near, walls, strict=True)]}
        for name, bursts in others.items():
            ratios[name] = [b.wall / w for b, w in zip(bursts, walls, strict=True)]
        if tasks != self._tasks[0]:
            one = [burst.wall for burst in own[self._tasks[0]]]
            ratios[f"{self._tasks[0]} task"] = [b / w for b, w in zip(one, walls, strict=True)]
        found: dict[str, Any] = {
            "runtime": cell.runtime,
            "model": cell.model,
            "format": cell.format,
            "rows": cell.rows,
            "tasks": tasks,
            "megabytes": round(size / 2**20, 3),
            "rows_a_second": common.spread([cell.rows / wall for wall in walls], 1),
            "flowfiles_a_second": common.spread([1 / wall for wall in walls], 2),
            "ratios": {name: common.spread(values, 3) for name, values in ratios.items()},
            "compared": {
                bare_name: {"rows_a_second": common.spread([1 / one for one in near], 1)},
                **{
                    name: {"flowfiles_a_second": common.spread([1 / one.wall for one in bursts], 2)}
                    for name, bursts in others.items()
                },
            },
        }
        worked = [one.worked for one in own[tasks] if one.worked is not None]
        if tasks == 1 and len(worked) == len(walls):
            found["rows_a_second_in_processor"] = common.spread([cell.rows / one for one in worked], 1)
            found["flowfiles_a_second_in_processor"] = common.spread([1 / one for one in worked], 2)
            found["ratios"][f"{bare_name}, in processor"] = common.spread(
                [b * cell.rows / w for b, w in zip(near, worked, strict=True)], 3
            )
        return found

    def _rows(self, cell: Cell) -> Callable[[int, int], pa.Table]:
        if cell.model == "wide":
            return data.wide
        return data.penguins if cell.runtime == "python" else data.passengers

    def _ceilings(self, cell: Cell) -> tuple[str, ...]:
        if cell.format == SERVICES:
            return ()
        return (EMPTY,) if cell.rows <= _SMALL_ROWS else (COPY, NIFI_COPY)

    def _alone(self, cell: Cell) -> tuple[str, Callable[[], float], int]:
        """The bare runtime for a cell: its name, what times it, and for how many rows that is."""
        runtime = "java" if cell.runtime == RECORD_TRANSFORM else cell.runtime
        kind = "h2o3" if cell.model == "wide" else runtime
        if kind not in self._bare:
            common.say(f"Starting {bare.NAMES[kind]} ...")
            self._bare[kind] = self._stack.enter_context(bare.runtime(runtime, self._model(cell)))
        count = min(cell.rows, _BARE_ROWS)
        rows = data.write(self._rows(cell), count, Format.CSV, self._data)
        return bare.NAMES[kind], lambda: self._bare[kind].seconds(rows, _COMPARED_SECONDS), count

    def _model(self, cell: Cell) -> Path:
        kind = cell.model if cell.runtime != "python" else "pipeline"
        if kind not in self._models:
            if kind == "wide":
                self._models[kind] = wide.model(common.say)
            elif kind == "pipeline":
                self._models[kind] = scorer_zip(common.ROOT / "models", self._folder / "scorer.zip", trees=True)
            else:
                self._models[kind] = common.titanic()
        return self._models[kind]

    def _scoring(self, cell: Cell) -> Lane:
        services = cell.format == SERVICES
        key = (cell.runtime, cell.model, *(["services"] if services else []))
        if key not in self._lanes:
            model = str(self._model(cell))
            properties: dict[str, Any] = csv_services() if services else {}
            if cell.runtime == RECORD_TRANSFORM:
                step = Step("ScoreByRecord", {"Model File": model, **properties}, ends=("original",))
            else:
                runtime = RUNTIMES[cell.runtime]
                properties[runtime.model_property] = model
                if cell.runtime == "python":
                    properties["Python Command"] = sys.executable
                step = Step(runtime.processor, properties)
            self._lanes[key] = self._placed(" ".join(key), step)
            self._check(cell, self._lanes[key])
            _Warm(
                self._lanes[key],
                data.write(self._rows(cell), 1_000, FORMATS[cell.format], self._data),
                1,
                _FIRST_SECONDS,
            )
        return self._lanes[key]

    def _lane(self, name: str) -> Lane:
        if (name,) not in self._lanes:
            step = Step(name, ends=("original",))
            if name == NIFI_COPY:
                step = Step.standard(NIFI_COPY, {"Start Offset": "0 B", "End Offset": "0 B"}, ends=())
            self._lanes[name,] = self._placed(name, step)
        return self._lanes[name,]

    def _placed(self, name: str, step: Step) -> Lane:
        common.say(f"Placing {name} ...")
        return Lane(name, step, self._folder / name.replace(" ", "-"))

    def _check(self, cell: Cell, lane: Lane) -> None:
        """Make sure that the ways of scoring the same rows that are compared give the same."""
        rows = self._rows(cell)
        found = lane.output_of(data.write(rows, 1_000, Format.CSV, self._data)).decode()
        table = list(csv.DictReader(io.StringIO(found)))
        scores = [float(one[list(table[0])[-1]]) for one in table]
        expected = self._scores.setdefault(rows.__name__, scores)
        if len(scores) != 1_000 or not np.allclose(scores, expected, rtol=1e-6):
            sys.exit(f"{cell.name} gives other scores than what it is compared with: nothing is measured.")


class _Warm:
    """A lane with a file, warmed up: its bursts last about so many seconds."""

    def __init__(self, lane: Lane, source: Path, tasks: int, seconds: float) -> None:
        self._lane, self._source, self._tasks = lane, source, tasks
        taken = lane.burst(source, 2 * tasks, tasks).wall
        # Java compiles what runs often while it runs: the first FlowFiles are slow.
        for _ in range(2):
            taken = lane.burst(source, self._fitting(seconds, taken), tasks).wall
        self._copies = self._fitting(seconds, taken)

    def _fitting(self, seconds: float, taken: float) -> int:
        return max(2 * self._tasks, min(_MOST_COPIES, round(seconds / taken)))

    def burst(self) -> Burst:
        return self._lane.burst(self._source, self._copies, self._tasks)
