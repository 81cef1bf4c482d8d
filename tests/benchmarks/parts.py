"""Where the time goes: the stages of scoring a file, one after the other in one thread, per row.

In NiFi the stages overlap, so a FlowFile takes less than their sum. The bridge is measured in a real NiFi, by a
processor that does nothing but exchange the contents of such a file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from rich.table import Table

from dai_nifi.archives import dependencies
from dai_nifi.errors import ToolError
from dai_nifi.local.java import find_java
from dai_scoring import formats
from dai_scoring.batch.file_job import THREADS
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer
from dai_scoring.batch.plan import Way, plan_for
from dai_scoring.formats import Declined, Format, ParsedPiece, Piece, RecordsPiece
from dai_scoring.formats.rows import read_rows
from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import PipelineSettings, RuntimeSettings, Scorer
from dai_scoring.values import model_rows
from tests.benchmarks import canvas, common, data, server, wide
from tests.benchmarks.lanes import Lane, Step
from tests.benchmarks.reports import cells
from tests.benchmarks.reports.figures import STAGES
from tests.support.pipeline.build import scorer_zip

T = TypeVar("T")

_SMALL_FORMATS = (Format.CSV, Format.JSON_ARRAY, Format.JSON_LINES)
_WARM_SECONDS = 2.0
_LEAST_SECONDS = 2.0
_COPIES = 60
_QUOTED = {"csv-quoted": False, "csv-backslash": True}
"""CSV with quotes, and whether a backslash stands before those within."""
SMALL = 16 << 10
"""Contents of up to so many bytes are scored without a file, as in flowfiles.access, which needs NiFi."""


def main() -> None:
    """Measure and print; the figures also go into a file as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.parts", description=__doc__)
    parser.add_argument("--runtime", choices=[*server.runtimes()], default="java")
    parser.add_argument("--model", choices=["narrow", "wide"], default="narrow", help="of the runtime java")
    kinds = [one for one in cells.FORMATS if one != cells.SERVICES]
    parser.add_argument("--format", nargs="+", choices=[*kinds, *_QUOTED], default=["csv"])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--passes", type=int, default=9, help="at least so many")
    parser.add_argument("--no-bridge", action="store_true", help="without a NiFi, and so without the bridge")
    common.add_arguments(parser, common.ROOT / "build" / "bench-parts.json")
    arguments = parser.parse_args()
    common.end_orderly()
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as folder:
        figures = measured(arguments, Path(folder))
    show(figures)
    common.write(arguments.json, {"machine": common.machine(), "parts": figures})


def measured(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Microseconds a row by stage, one entry for each format and size."""
    rows: Callable[[int, int], pa.Table] = data.passengers
    if arguments.runtime == "python":
        rows = data.penguins
    elif arguments.model == "wide":
        rows = data.wide
    found = []
    sources = []
    with _opened(arguments.runtime, arguments.model, folder) as scorer:
        for kind in arguments.format:
            for count in arguments.rows:
                if kind in _QUOTED:
                    source = data.quoted(rows, count, folder, escaped=_QUOTED[kind])
                else:
                    source = data.write(rows, count, cells.FORMATS[kind], folder)
                common.say(f"{arguments.runtime} {arguments.model} {kind} {count}")
                stages = _stages(scorer, source, folder / "target", arguments.passes)
                about = {"runtime": arguments.runtime, "model": arguments.model, "format": kind, "rows": count}
                found.append({**about, "bytes": source.stat().st_size, "seconds": stages})
                sources.append(source)
    if not arguments.no_bridge:
        for one, bridge in zip(found, _bridge(sources, folder, common.properties(arguments)), strict=True):
            one["seconds"] |= bridge
    return found


def show(figures: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("microseconds a row", *(f"{one['format']}\n{one['rows']:,} rows" for one in figures))
    for column in table.columns[1:]:
        column.justify = "right"
    for stage in STAGES:
        if any(stage in one["seconds"] for one in figures):
            table.add_row(stage, *(_cell(one, one["seconds"].get(stage)) for one in figures))
    table.add_section()
    table.add_row("sum", *(_cell(one, sum(one["seconds"].values())) for one in figures))
    common.console.print(table)


def _cell(one: dict[str, Any], seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds / one['rows'] * 1e6:,.3f} ({seconds / sum(one['seconds'].values()):.0%})"


def _opened(runtime: str, model: str, folder: Path) -> Scorer:
    if runtime == "python":
        pipeline = scorer_zip(common.ROOT / "models", folder / "scorer.zip", trees=True)
        return open_model(pipeline, settings=RuntimeSettings(pipeline=PipelineSettings(python_command=sys.executable)))
    if runtime == "cpp":
        packages = dependencies.packages(("cpp",), dependencies.running_python(), server.quiet)
        # At the end: what is installed here comes first.
        sys.path.append(str(packages))
        return open_model(common.titanic(), Runtime.CPP)
    file = wide.model(common.say) if model == "wide" else common.titanic()
    settings = RuntimeSettings(java_home=find_java(), accept_h2o_licence=True)
    return open_model(file, settings=settings)


def _stages(scorer: Scorer, source: Path, target: Path, passes: int) -> dict[str, float]:
    """The median seconds of each stage, in passes through all of them."""
    with source.open("rb") as file:
        given = formats.detect(file.read(1 << 16), None, source.name)
    turn = partial(_pass, scorer, source, given, target)
    if source.stat().st_size <= SMALL and given in _SMALL_FORMATS:
        turn = partial(_small_pass, scorer, Contents(source.read_bytes(), given.mime_type))
    began = time.perf_counter()
    while time.perf_counter() - began < _WARM_SECONDS:
        turn()
    taken: list[dict[str, float]] = []
    began = time.perf_counter()
    while len(taken) < passes or time.perf_counter() - began < _LEAST_SECONDS:
        taken.append(turn())
    return {stage: statistics.median(one[stage] for one in taken) for stage in taken[0]}


def _pass(scorer: Scorer, source: Path, given: Format, target: Path) -> dict[str, float]:
    clock = _Clock()
    reader = formats.open_reader(source, given, chunk_rows=FileOptions.batch_rows)
    plan = plan_for(reader, FileOptions(), scorer, given)
    pieces = PieceScorer(scorer, FileOptions(), reader, plan)
    by_engine = Way.ENGINE_RECORDS in plan.ways
    waiting = [_read(piece) for piece in formats.pieces(reader, plan.wanted, THREADS, as_records=by_engine)]
    clock.next("read, parse")
    spent = _from_records(scorer, waiting, clock) or _by_stages(scorer, waiting, clock)
    done = [_read(pieces.score(piece)) for piece in waiting]
    clock.next("join", less=spent)
    with formats.open_writer(target, given, done[0].schema, dialect=reader.dialect) as writer:
        for one in done:
            writer.put(writer.encode(one.rows, one.lines))
    clock.next("write")
    reader.close()
    return clock.taken


def _read(found: T | Declined) -> T:
    if isinstance(found, Declined):
        raise ToolError(f"a file of the benchmark is not read in the quick way: {found.reason}")
    return found


def _from_records(scorer: Scorer, waiting: Sequence[Piece], clock: _Clock) -> float | None:
    """The seconds of what the runtime reads itself; None where it does not."""
    records = [piece.records() for piece in waiting if isinstance(piece, RecordsPiece)]
    if not records or any(isinstance(scorer.predict_records(one), Declined) for one in records):
        clock.skip()
        return None
    return clock.next("parse, coerce, score")


def _by_stages(scorer: Scorer, waiting: Sequence[Piece], clock: _Clock) -> float:
    """The seconds of what is done again when the pieces are scored."""
    chunks = [_read(piece.parse()) for piece in waiting]
    parsed = clock.next("read, parse")
    for chunk in chunks:
        model_rows.to_model_rows(chunk.table, scorer.info.inputs)
    coerced = clock.next("coerce")
    for chunk in chunks:
        scorer.score(chunk.table)
    # It coerces once more: what it takes beyond that is the runtime's.
    scored = clock.next("score", less=coerced)
    return (0.0 if all(isinstance(piece, ParsedPiece) for piece in waiting) else parsed) + scored


def _small_pass(scorer: Scorer, content: Contents) -> dict[str, float]:
    clock = _Clock()
    rows = _read(read_rows(content.contents, None, content.mime_type, None, None))
    read = clock.next("read, parse")
    table = pa.table({name: rows.array(index) for index, name in enumerate(rows.names)})
    columns = model_rows.to_model_rows(table, scorer.info.inputs).columns
    clock.skip()
    scorer.predict(columns, rows.count)
    scored = clock.next("score")
    InMemoryScorer(scorer, FileOptions()).score([content])
    clock.next("coerce, join, write", less=read + scored)
    return clock.taken


class _Clock:
    """Adds up seconds by stage."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}
        self._last = time.perf_counter()

    def next(self, stage: str, less: float = 0.0) -> float:
        """The seconds since the last call; without ``less`` of them they are the stage's."""
        spent = time.perf_counter() - self._last
        self.taken[stage] = max(0.0, self.taken.get(stage, 0.0) + spent - less)
        self.skip()
        return spent

    def skip(self) -> None:
        """The seconds since the last call are of no stage."""
        self._last = time.perf_counter()


def _bridge(sources: list[Path], folder: Path, properties: dict[str, str]) -> list[dict[str, float]]:
    """What a processor that writes the same contents again takes, seconds a FlowFile."""
    times = folder / "times"
    with server.nifi(folder, ["java"], ["Copy"], properties, common.say):
        lane = Lane(
            "Copy",
            Step("Copy", {"Times File": str(times)}, canvas.PYTHON, auto_terminated=("original",)),
            folder / "copy",
        )
        found = []
        for source in sources:
            copies = _COPIES if source.stat().st_size > 1 << 20 else 20 * _COPIES
            for _ in range(3):
                lane.burst(source, copies, 1)
            times.unlink()
            wall = lane.burst(source, copies, 1).wall
            taken = [json.loads(line) for line in times.read_text().splitlines()]
            # A call may take several FlowFiles. The first one is slow, as it looks for its way into NiFi.
            calls = len(taken) / copies
            take, between, send = (statistics.median(one[index] for one in taken) * calls for index in range(3))
            around = max(0.0, wall - take - between - send)
            found.append({"bridge: take": take, "bridge: send": send, "NiFi around it": around})
    return found


if __name__ == "__main__":
    main()
