"""``make bench``: how fast records are scored, in one run, beside what users would pick instead.

The figures of a shared machine are to be read as ratios. Needs the titanic MOJO (see docs/contributing.md).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from dai_nifi.connect import connect
from dai_nifi.jars import resolve_jars
from dai_nifi.nars.build import build
from dai_nifi.nars.install import install
from dai_nifi.nifi.instance import LocalNiFi
from dai_nifi.nifi.jdk import find_java
from tests.benchmarks import in_nifi
from tests.benchmarks.data import write_passengers

ROOT = Path(__file__).resolve().parents[2]
console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


def main() -> None:
    """Measure, print a table, write the figures as JSON."""
    arguments = _arguments()
    folder = Path(os.environ.get("DAI_MODELS", ROOT.parent / "shared" / "models"))
    model = folder / "titanic-pipeline.mojo"
    if not model.is_file():
        sys.exit(
            f"The benchmark scores with titanic-pipeline.mojo, which is not in {folder}; DAI_MODELS names another."
        )
    with tempfile.TemporaryDirectory(prefix="dai-bench-") as temporary:
        figures = _measured(arguments, model, Path(temporary))
    _print(figures)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"The figures are in {arguments.json}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a FlowFile")
    parser.add_argument("--record-rows", type=int, default=5_000, help="rows of a FlowFile for RecordTransform")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args()


def _measured(arguments: argparse.Namespace, model: Path, folder: Path) -> dict[str, Any]:
    rows, record_rows, repeats = arguments.rows, arguments.record_rows, arguments.repeats
    large, small = folder / "large.csv", folder / "small.csv"
    write_passengers(large, rows)
    write_passengers(small, record_rows)
    console.print(f"Rows of {large.stat().st_size / rows:.0f} bytes, {rows:,} a FlowFile, one task.")
    nar = build("java", folder / "nars", _quiet, accept_h2o_licence=True).path
    comparison = folder / "comparison.nar"
    in_nifi.derived_nar(nar, Path(__file__).parent / "processors" / "ScoreByRecord.py", comparison)
    nifi = LocalNiFi(folder / "nifi")
    running = nifi.start(0)
    try:
        connect(running.url)
        for path in (nar, comparison):
            install(path, _quiet)
        ours = in_nifi.batch_files(model, folder / "ours")
        theirs = in_nifi.by_record(model, folder / "theirs")
        console.print("Warming up, and comparing the scores of both ways ...")
        theirs.measure(small, 1)
        ours.measure(small, 1)
        if not np.array_equal(in_nifi.scores(ours, "survived.1"), in_nifi.scores(theirs, "survived.1")):
            sys.exit("The two ways give different scores: nothing is measured.")
        ours.measure(large, 8)
        console.print("Measuring in NiFi ...")
        in_ours = [ours.measure(large, 3) for _ in range(repeats)]
        in_theirs = [theirs.measure(small, 1) for _ in range(repeats)]
    finally:
        nifi.stop()
    console.print("Measuring outside NiFi ...")
    outside = _outside(model, large, repeats)
    return {
        "rows": rows,
        "ScoreJavaMojo, in the processor": _rates(rows, [worked for worked, _ in in_ours]),
        "ScoreJavaMojo, folder to folder": _rates(rows, [wall for _, wall in in_ours]),
        f"RecordTransform, in the processor ({record_rows:,} rows)": _rates(record_rows, [w for w, _ in in_theirs]),
        "MojoPipeline.transform alone, outside NiFi": _rates(rows, outside["transform"]),
        "file to file, outside NiFi (dai-nifi score)": _rates(rows, outside["file"]),
    }


def _quiet(what: str, share: float | None = None) -> None:
    pass


def _outside(model: Path, source: Path, repeats: int) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "tests.benchmarks.outside", str(model), str(source), str(repeats)]
    command += [str(find_java()), str(resolve_jars(mojo2=True))]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _rates(rows: int, seconds: list[float]) -> dict[str, float]:
    rates = sorted(rows / one for one in seconds)
    return {"median": round(statistics.median(rates)), "min": round(rates[0]), "max": round(rates[-1])}


def _print(figures: dict[str, Any]) -> None:
    names = [name for name in figures if name != "rows"]
    ours = figures[names[0]]["median"]
    table = Table("Rows a second", "median", "min", "max", "ScoreJavaMojo is")
    for name in names:
        figure = figures[name]
        ratio = ours / figure["median"]
        table.add_row(
            name,
            *(f"{figure[key]:,}" for key in ("median", "min", "max")),
            f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x",
        )
    console.print(table)


if __name__ == "__main__":
    main()
