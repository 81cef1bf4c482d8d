"""Measuring cells in a real NiFi, each in turns with what it is compared with."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dai_nifi.flows.common import RUNTIMES
from dai_scoring.formats import Format
from tests.benchmarks import bare, common, data, wide
from tests.benchmarks.lanes import Burst, Lane, Step, csv_services
from tests.benchmarks.reports import figures
from tests.benchmarks.reports.cells import FORMATS, INSTEAD, RECORD_TRANSFORM, SERVICES, TASKS, Cell
from tests.benchmarks.reports.figures import Turn
from tests.support.pipeline.build import scorer_zip

EMPTY, COPY, NIFI_COPY, CONVERT = "Empty", "Copy", "ModifyBytes", "ConvertRecord"
PROCESSORS = (EMPTY, COPY, "ScoreByRecord")
"""Those of the folder ``processors`` that must be installed."""

_SECONDS, _COMPARED_SECONDS = 1.5, 0.6
_FIRST_SECONDS = 4.0
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
        self._seconds_a_byte: dict[tuple[str, str, str], float] = {}
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
        lane = self._scoring(cell)
        key = (cell.runtime, cell.model, cell.format)
        if key not in self._seconds_a_byte:
            self._seconds_a_byte[key] = _Warm(lane, sample, 1, _FIRST_SECONDS).taken / sample.stat().st_size
        if (taken := size * self._seconds_a_byte[key]) > _MOST_SECONDS:
            return Left(cell, f"a FlowFile takes some {taken:.0f} s")
        source = data.write(rows, cell.rows, FORMATS[cell.format], self._data)
        own = {tasks: _Warm(lane, source, tasks, _SECONDS) for tasks in self._tasks}
        compared = [
            (name, other.rows, {tasks: _Warm(one, file, tasks, _COMPARED_SECONDS) for tasks in self._tasks})
            for name, one, other, file in self._compared(cell, source)
        ]
        name, alone = self._alone(cell)
        turns = [
            _turn(tasks, own[tasks], alone, {name: (warm[tasks], n) for name, n, warm in compared})
            for _ in range(self._rounds)
            for tasks in self._tasks
        ]
        # For few rows it is mostly NiFi's own cost, which does not grow with them.
        self._seconds_a_byte[key] = min(self._seconds_a_byte[key], turns[0].own.wall / size)
        return figures.of_cell(cell, turns, name, size / 2**20)

    def _compared(self, cell: Cell, source: Path) -> Iterator[tuple[str, Lane, Cell, Path]]:
        """What a cell is compared with beside the bare runtime: names, lanes, and what these get."""
        if cell.runtime == RECORD_TRANSFORM:
            file = data.write(data.passengers, INSTEAD.rows, FORMATS[INSTEAD.format], self._data)
            yield INSTEAD.name, self._scoring(INSTEAD), INSTEAD, file
        elif cell.format == SERVICES:
            yield CONVERT, self._lane(CONVERT), cell, source
        elif cell.format == "csv":
            for name in (EMPTY,) if cell.rows <= _SMALL_ROWS else (COPY, NIFI_COPY):
                yield name, self._lane(name), cell, source

    def _rows(self, cell: Cell) -> Callable[[int, int], pa.Table]:
        if cell.model == "wide":
            return data.wide
        return data.penguins if cell.runtime == "python" else data.passengers

    def _alone(self, cell: Cell) -> tuple[str, Callable[[], float]]:
        """The bare runtime for a cell: its name, and what gives its seconds a row."""
        runtime = "java" if cell.runtime == RECORD_TRANSFORM else cell.runtime
        kind = "h2o3" if cell.model == "wide" else runtime
        if kind not in self._bare:
            common.say(f"Starting {bare.NAMES[kind]} ...")
            self._bare[kind] = self._stack.enter_context(bare.runtime(runtime, self._model(cell)))
        count = min(cell.rows, _BARE_ROWS)
        rows = data.write(self._rows(cell), count, Format.CSV, self._data)
        return bare.NAMES[kind], lambda: self._bare[kind].seconds(rows, _COMPARED_SECONDS) / count

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
                step = Step("ScoreByRecord", {"Model File": model, **properties}, auto_terminated=("original",))
            else:
                runtime = RUNTIMES[cell.runtime]
                properties[runtime.model_property] = model
                if cell.runtime == "python":
                    properties["Python Command"] = sys.executable
                step = Step(runtime.processor, properties)
            self._lanes[key] = self._placed(" ".join(key), step)
            self._check(cell, self._lanes[key])
        return self._lanes[key]

    def _lane(self, name: str) -> Lane:
        if (name,) not in self._lanes:
            step = Step(name, auto_terminated=("original",))
            if name == NIFI_COPY:
                step = Step.standard(NIFI_COPY, {"Start Offset": "0 B", "End Offset": "0 B"}, auto_terminated=())
            if name == CONVERT:
                step = Step.standard(CONVERT, csv_services(), auto_terminated=())
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


def _turn(tasks: int, own: _Warm, alone: Callable[[], float], others: dict[str, tuple[_Warm, int]]) -> Turn:
    # The bare runtime on both sides: what else the machine does may begin or end at any moment.
    before = alone()
    burst = own.burst()
    around = (before + alone()) / 2
    return Turn(tasks, burst, around, {name: (warm.burst(), rows) for name, (warm, rows) in others.items()})


class _Warm:
    """A lane with a file, warmed up: its bursts last about so many seconds."""

    def __init__(self, lane: Lane, source: Path, tasks: int, seconds: float) -> None:
        self._lane, self._source, self._tasks = lane, source, tasks
        # Of two FlowFiles the pace would be that of the second alone.
        copies = 4 * tasks
        # The first ones wait for all that is made when it is first needed.
        lane.burst(source, copies, tasks)
        burst = lane.burst(source, copies, tasks)
        # What is taken all at once shows no pace, only how long the start took.
        while not burst.steady and copies < _MOST_COPIES and burst.wall * copies < seconds:
            copies = min(8 * copies, _MOST_COPIES)
            burst = lane.burst(source, copies, tasks)

        def fitting(taken: float) -> int:
            return max(copies, min(_MOST_COPIES, round(seconds / taken)))

        # Java compiles what runs often while it runs: the first FlowFiles are slow.
        copies = fitting(burst.wall)
        # What comes out in few batches shows no pace, and a runtime of several processes takes seconds to start.
        while not (burst := lane.burst(source, copies, tasks)).steady and copies < _MOST_COPIES:
            copies = min(2 * copies, _MOST_COPIES)
        self._copies = fitting(burst.wall)
        self.taken = burst.wall
        """Seconds a FlowFile, roughly."""

    def burst(self) -> Burst:
        return self._lane.burst(self._source, self._copies, self._tasks)
