"""``make bench``: how fast records are scored, in one run, beside what users would pick instead.

The figures of a shared machine are to be read as ratios. Needs the titanic MOJO (see docs/contributing.md).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from dai_nifi.connect import connect
from dai_nifi.nars.build import build
from dai_nifi.nars.install import install
from dai_nifi.nars.spec import SPECS
from dai_nifi.nifi.instance import LocalNiFi
from tests.benchmarks import in_nifi, outside
from tests.benchmarks.data import write_arrow, write_passengers, write_penguins
from tests.pipeline.build import scorer_zip

_MEDIUM = 10_000
_JAVA, _JAVA_MEDIUM = "ScoreJavaMojo", f"ScoreJavaMojo ({_MEDIUM:,} rows)"
_SERVICES = "ScoreJavaMojo with CSVReader and CSVRecordSetWriter"
_CPP, _PYTHON = f"ScoreCppMojo ({_MEDIUM:,} rows)", f"ScorePythonPipeline ({_MEDIUM:,} rows)"
_CPP_ARROW, _PYTHON_ARROW = (name.replace("rows", "rows of Arrow") for name in (_CPP, _PYTHON))
# What each is compared with.
_BARE = {
    _JAVA: outside.TRANSFORM,
    _JAVA_MEDIUM: outside.TRANSFORM,
    _SERVICES: outside.TRANSFORM,
    _CPP: outside.PREDICT,
    _CPP_ARROW: outside.PREDICT,
    _PYTHON_ARROW: outside.SCORE_BATCH,
    _PYTHON: outside.SCORE_BATCH,
}
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


def _measured(arguments: argparse.Namespace, model: Path, folder: Path) -> dict[str, dict[str, Any]]:
    rows, record_rows, repeats = arguments.rows, arguments.record_rows, arguments.repeats
    large, medium, small = (folder / f"{name}.csv" for name in ("large", "medium", "small"))
    for file, count in ((large, rows), (medium, _MEDIUM), (small, record_rows)):
        write_passengers(file, count)
    penguins = folder / "penguins.csv"
    write_penguins(penguins, ROOT / "models", _MEDIUM)
    pipeline = scorer_zip(ROOT / "models", folder / "scorer.zip", trees=True)
    console.print(f"Rows of {large.stat().st_size / rows:.0f} bytes, one task. Building and starting ...")
    nars = [build(name, folder / "nars", _quiet, accept_h2o_licence=True).path for name in _runtimes()]
    comparison = folder / "comparison.nar"
    in_nifi.derived_nar(nars[0], Path(__file__).parent / "processors" / "ScoreByRecord.py", comparison)
    nifi = LocalNiFi(folder / "nifi")
    running = nifi.start(0)
    figures: dict[str, dict[str, Any]] = {}

    def measured(name: str, flow: in_nifi.Flow, source: Path, count: int, files: int) -> None:
        # Java compiles what runs often while it runs: the first files are slow.
        flow.measure(source, 8 * files)
        times = [flow.measure(source, files) for _ in range(repeats)]
        figures[f"{name}, in the processor"] = _rates(count, [worked for worked, _ in times])
        if count == rows:
            figures[f"{name}, folder to folder"] = _rates(count, [wall for _, wall in times])

    try:
        connect(running.url)
        for path in (*nars, comparison):
            install(path, _quiet)
        ours, theirs = in_nifi.batch_files(model, folder / "ours"), in_nifi.by_record(model, folder / "theirs")
        services = in_nifi.by_services(model, folder / "services")
        console.print("Comparing the scores of the ways that are compared ...")
        for flow in (theirs, ours, services):
            flow.measure(small, 1)
        scores = in_nifi.scores(ours, "survived.1")
        if not all(np.array_equal(scores, in_nifi.scores(flow, "survived.1")) for flow in (theirs, services)):
            sys.exit("They give different scores: nothing is measured.")
        console.print("Measuring in NiFi ...")
        measured(_JAVA, ours, large, rows, 3)
        measured(_SERVICES, services, large, rows, 3)
        times = [theirs.measure(small, 1) for _ in range(repeats)]
        figures[f"RecordTransform ({record_rows:,} rows)"] = _rates(record_rows, [worked for worked, _ in times])
        measured(_JAVA_MEDIUM, ours, medium, _MEDIUM, 20)
        if "cpp" in _runtimes():
            cpp = in_nifi.batch_files(model, folder / "cpp", "cpp")
            measured(_CPP, cpp, medium, _MEDIUM, 20)
            measured(_CPP_ARROW, cpp, write_arrow(medium), _MEDIUM, 20)
        python = in_nifi.batch_files(pipeline, folder / "python", "python", {"python.command": sys.executable})
        measured(_PYTHON, python, penguins, _MEDIUM, 20)
        measured(_PYTHON_ARROW, python, write_arrow(penguins), _MEDIUM, 20)
    finally:
        nifi.stop()
    console.print("Measuring outside NiFi ...")
    for name, (count, times) in outside.measured(model, large, medium, pipeline, penguins, repeats).items():
        figures[name] = _rates(count or rows, times)
    return figures


def _quiet(what: str, share: float | None = None) -> None:
    pass


def _runtimes() -> tuple[str, ...]:
    return tuple(name for name, spec in SPECS.items() if spec.hindrance(accept_h2o_licence=True) is None)


def _rates(rows: int, seconds: list[float]) -> dict[str, float]:
    rates = sorted(rows / one for one in seconds)
    return {"median": round(statistics.median(rates)), "min": round(rates[0]), "max": round(rates[-1])}


def _print(figures: dict[str, dict[str, Any]]) -> None:
    table = Table("Rows a second", "median", "min", "max", "compared")
    for name, figure in figures.items():
        table.add_row(name, *(f"{figure[key]:,}" for key in ("median", "min", "max")), _compared(name, figures))
    console.print(table)


def _compared(name: str, figures: dict[str, dict[str, Any]]) -> str:
    """How a figure stands to that of the bare runtime, or of RecordTransform, in the same run."""
    own, words = name.partition(", in the processor")[0], []
    for other, figure in figures.items():
        bare = _BARE.get(own)
        if name.endswith("in the processor") and (other == bare or other.startswith("RecordTransform (")):
            ratio = figures[name]["median"] / figure["median"]
            words.append(f"{ratio:.2f} of {bare}" if other == bare else f"{ratio:.0f} x RecordTransform")
    return "; ".join(words if own in (_JAVA, _SERVICES) else words[-1:] if own in _BARE else [])


if __name__ == "__main__":
    main()
