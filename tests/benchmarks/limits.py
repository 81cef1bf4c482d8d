"""Memory for a large FlowFile, the cost of growth, and the time from start to the first score, in a real NiFi."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nipyapi
from rich.table import Table

from dai_nifi.flows.common import RUNTIMES
from dai_scoring.formats import Format
from tests.benchmarks import canvas, common, data, server, wide
from tests.benchmarks.lanes import Lane, Step

_BODY_ROWS = 1_000_000
_SMALL, _LARGE = 100_000, 10_000_000
_STARTS = 3
_SAMPLE_SECONDS = 0.2
# The file, NiFi's copy of it and that of the exchange; twice the scores, with which a narrow row is 2.4 times as long,
# a wide one hardly longer.
_COPIES = {"narrow": 8.0, "wide": 5.5}
_WIDE_ROWS = 100_000
_WARM_BYTES = 50 << 20


@dataclass(frozen=True)
class Options:
    """How to measure: which runtime, the gigabytes of CSV in the large FlowFile, rounds for the cost of growth.

    ``model`` is that of the large FlowFile; wide is for Java alone.
    """

    runtime: str = "java"
    model: str = "narrow"
    gigabytes: float = 1.0
    rounds: int = 2


def main() -> None:
    """Measure and print; the figures also go into a file as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.limits", description=__doc__)
    parser.add_argument("--runtime", choices=["java", "cpp"], default=Options.runtime)
    parser.add_argument("--model", choices=[*_COPIES], default=Options.model, help="of the large FlowFile")
    parser.add_argument(
        "--gigabytes", type=float, default=Options.gigabytes, help="of CSV in the large FlowFile, such as 10"
    )
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    common.add_arguments(parser, common.ROOT / "build" / "bench-limits.json")
    arguments = parser.parse_args()
    if (arguments.runtime, arguments.model) == ("cpp", "wide"):
        parser.error("the wide model is one of H2O-3, which C++ does not score")
    common.end_orderly()
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as folder:
        options = Options(arguments.runtime, arguments.model, arguments.gigabytes, arguments.rounds)
        figures = measured(Path(folder), options, common.properties(arguments))
    show(figures)
    common.write(arguments.json, {"machine": common.machine(), "limits": figures})


def measured(folder: Path, options: Options, properties: Mapping[str, str]) -> dict[str, Any]:
    """The figures by what they are of."""
    _require_room(folder, options)
    body = data.write(data.passengers, _BODY_ROWS, Format.CSV, folder)
    small = data.write(data.passengers, _SMALL, Format.CSV, folder)
    with server.nifi(folder, [options.runtime], [], properties, common.say) as nifi:
        pid = nifi.status().pid or 0
        common.say("From the start to the first score ...")
        starts = [_start(options.runtime, folder / f"start-{number}") for number in range(_STARTS)]
        lane = _lane("limits", _step(options.runtime, common.titanic()), small, folder)
        common.say(f"{_LARGE:,} rows in a FlowFile beside {_SMALL:,} ...")
        large = _repeated(body, _LARGE // _BODY_ROWS, folder)
        pairs = [
            (_SMALL / lane.burst(small, _LARGE // _SMALL // 4, 1).wall, _LARGE / lane.burst(large, 1, 1).wall)
            for _ in range(options.rounds)
        ]
        large.unlink()
        if options.model == "wide":
            body = data.write(data.wide, _WIDE_ROWS, Format.CSV, folder)
            lane = _lane("wide", _step(options.runtime, wide.model(common.say)), body, folder)
        common.say(f"A FlowFile of {options.gigabytes:g} GB ...")
        times = max(1, round(options.gigabytes * 1e9 / body.stat().st_size))
        rows = times * (_WIDE_ROWS if options.model == "wide" else _BODY_ROWS)
        huge = _repeated(body, times, folder)
        size = huge.stat().st_size
        with _memory(pid) as samples:
            taken = lane.burst(huge, 1, 1).wall
        # The process that scores is the one that grew; those of removed processors are still there.
        scoring = max(samples.values(), key=max)
    return {
        "runtime": options.runtime,
        "start": {
            "placed_to_first_score": common.spread([one for one, _ in starts], 2),
            "started_to_first_score": common.spread([one for _, one in starts], 2),
        },
        "growth": {
            "rows": [_SMALL, _LARGE],
            "rows_a_second": [common.spread([pair[index] for pair in pairs]) for index in range(2)],
            "ratio": common.spread([b / a for a, b in pairs], 3),
        },
        "memory": {
            "model": options.model,
            "gigabytes": round(size / 1e9, 2),
            "rows_a_second": round(rows / taken),
            "mb_before": round(scoring[0] / 2**20),
            "mb_peak": round(max(scoring) / 2**20),
            "mb_median_by_fifth": [round(statistics.median(part) / 2**20) for part in _fifths(scoring)],
        },
    }


def _require_room(folder: Path, options: Options) -> None:
    free, needed = shutil.disk_usage(folder).free / 1e9, _COPIES[options.model] * options.gigabytes
    if free < needed:
        raise SystemExit(
            f"A FlowFile of {options.gigabytes:g} GB takes {needed:.0f} GB of disk with its copies and its scores, and "
            f"{folder} has {free:.0f} GB. Make room, or measure with fewer --gigabytes."
        )


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    start, growth, memory = figures["start"], figures["growth"], figures["memory"]
    table = Table(f"limits ({figures['runtime']})", "median", "min-max")
    for name, words in (
        ("placed_to_first_score", "s from placing the processor to its first scored FlowFile"),
        ("started_to_first_score", "s from starting a valid processor to its first scored FlowFile"),
    ):
        table.add_row(words, f"{start[name]['median']:.2f}", f"{start[name]['min']:.2f}-{start[name]['max']:.2f}")
    for rows, rate in zip(growth["rows"], growth["rows_a_second"], strict=True):
        table.add_row(f"rows/s, FlowFiles of {rows:,} rows", f"{rate['median']:,}", f"{rate['min']:,}-{rate['max']:,}")
    ratio = growth["ratio"]
    table.add_row("  the second of the first", f"{ratio['median']:.2f}", f"{ratio['min']:.2f}-{ratio['max']:.2f}")
    parts = ", ".join(map(str, memory["mb_median_by_fifth"]))
    table.add_row(
        f"MB of memory at most, {memory['model']} FlowFile of {memory['gigabytes']} GB", f"{memory['mb_peak']:,}", parts
    )
    table.add_row("  before it", f"{memory['mb_before']:,}", "")
    common.console.print(table)


def _step(runtime: str, model: Path) -> Step:
    about = RUNTIMES[runtime]
    return Step(about.processor, {about.model_property: str(model)})


def _lane(name: str, step: Step, file: Path, folder: Path) -> Lane:
    """A lane that has gone through the file several times."""
    lane = Lane(name, step, folder / name)
    for _ in range(3):
        lane.burst(file, max(1, _WARM_BYTES // file.stat().st_size), 1)
    return lane


def _start(runtime: str, folder: Path) -> tuple[float, float]:
    """Seconds to the first score of a new processor: since it was placed, and since it was started."""
    row = folder.parent / "row.csv"
    row.write_text("pclass,sex,age,ticket,fare,cabin\n3,male,22,A1,7.25,C1\n")
    placed = time.perf_counter()
    lane = Lane(folder.name, _step(runtime, common.titanic()), folder)
    lane.fill(row, 1)
    started = time.perf_counter()
    lane.start()
    canvas.until(lambda: lane.queued("done") == 1, pause=0.005)
    now = time.perf_counter()
    lane.stop()
    nipyapi.canvas.purge_process_group(nipyapi.canvas.get_process_group(lane.group, "id"), stop=True)
    nipyapi.canvas.delete_process_group(nipyapi.canvas.get_process_group(lane.group, "id"), force=True)
    return now - placed, now - started


def _repeated(body: Path, times: int, folder: Path) -> Path:
    """A CSV file with the rows of another so many times."""
    path = folder / f"{times}-times.csv"
    with path.open("wb") as out:
        for number in range(times):
            with body.open("rb") as rows:
                header = rows.readline()
                if number == 0:
                    out.write(header)
                shutil.copyfileobj(rows, out, 1 << 20)
    return path


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@contextmanager
def _memory(nifi: int) -> Iterator[dict[int, list[int]]]:
    """Yield lists that grow: the resident bytes of each of a NiFi's Python processes, with what they have started."""
    samples: dict[int, list[int]] = {}
    ended = threading.Event()

    def sample() -> None:
        while not ended.is_set():
            for one in _children(nifi):
                samples.setdefault(one, []).append(_resident(one))
            ended.wait(_SAMPLE_SECONDS)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _resident(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0  # it has ended meanwhile
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(one) for one in _children(process))


def _fifths(samples: list[int]) -> list[list[int]]:
    part = max(1, len(samples) // 5)
    return [samples[at : at + part] for at in range(0, part * 5, part) if samples[at : at + part]]


if __name__ == "__main__":
    main()
