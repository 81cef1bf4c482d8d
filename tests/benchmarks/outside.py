"""The same rows without NiFi: the bare runtimes, and a whole file scored into another.

Each is measured in a process of its own, which prints its seconds as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from dai_nifi.jars import resolve_jars
from dai_nifi.nars import dependencies
from dai_nifi.nars.spec import SPECS
from dai_nifi.nifi.jdk import find_java
from dai_scoring import records
from dai_scoring.files import score_file
from dai_scoring.models import open_model
from dai_scoring.pipeline_file import read
from dai_scoring.runtimes import java_frames, jvm
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.worker import environment

TRANSFORM = "MojoPipeline.transform alone"
FILE = "file to file, outside NiFi (dai-nifi score)"
PREDICT = "daimojo predict alone"
SCORE_BATCH = "score_batch alone"

_WARM_UP = 8
_ROOT = Path(__file__).resolve().parents[2]

_PREDICT = """
import sys, time, json
sys.path.append(sys.argv[3])
import daimojo, datatable
model = daimojo.model(sys.argv[1])
frame = datatable.fread(sys.argv[2], na_strings=[""])
times = []
for _ in range(28):
    began = time.perf_counter()
    model.predict(frame)
    times.append(time.perf_counter() - began)
print("\\n@" + json.dumps(times[8:]))
"""
_SCORE_BATCH = """
import sys, time, json, pandas
scorer = __import__(sys.argv[1]).Scorer()
frame = pandas.read_csv(sys.argv[2])[scorer.get_column_names()]
times = []
for _ in range(28):
    began = time.perf_counter()
    scorer.score_batch(frame)
    times.append(time.perf_counter() - began)
print("\\n@" + json.dumps(times[8:]))
"""


def measured(
    model: Path, large: Path, medium: Path, pipeline: Path, penguins: Path, repeats: int
) -> dict[str, tuple[int, list[float]]]:
    """Seconds by name, with the number of rows; 0 stands for those of the large file."""
    java = [sys.executable, "-m", "tests.benchmarks.outside", str(model), str(large), str(repeats)]
    seconds = _run([*java, str(find_java()), str(resolve_jars(mojo2=True))])
    found: dict[str, tuple[int, list[float]]] = {name: (0, seconds[name]) for name in (TRANSFORM, FILE)}
    if SPECS["cpp"].hindrance(accept_h2o_licence=True) is None:
        packages = dependencies.packages(("cpp",), dependencies.running_python(), lambda what, share=None: None)
        command = [sys.executable, "-c", _PREDICT, str(model), str(medium), str(packages)]
        found[PREDICT] = (_rows(medium), _run(command))
    described = read(pipeline)
    python = environment.make(described, PipelineSettings(python_command=sys.executable), lambda line: None)
    command = [str(python.path), "-c", _SCORE_BATCH, described.module, str(penguins)]
    found[SCORE_BATCH] = (_rows(penguins), _run(command))
    return found


def _rows(file: Path) -> int:
    return file.read_bytes().count(b"\n") - 1


def _run(command: list[str]) -> Any:
    done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout.rpartition(b"@")[2])


def main() -> None:
    """Time MojoPipeline.transform on a frame that is filled already, and a whole file scored into another."""
    model, source, repeats, java_home, jars = sys.argv[1:]
    settings = RuntimeSettings(java_home=Path(java_home), jar_folders=(Path(jars),))
    with open_model(Path(model), settings=settings) as scorer, tempfile.TemporaryDirectory() as folder:
        transform = _transform_of(model, scorer.info.inputs, Path(source))
        target = Path(folder) / "target"

        def whole_file() -> None:
            score_file(scorer, Path(source), target, Path(folder) / "rejected")

        times = {TRANSFORM: _times(transform, int(repeats)), FILE: _times(whole_file, int(repeats))}
    print("@" + json.dumps(times))


def _transform_of(model: str, inputs: Any, source: Path) -> Callable[[], Any]:
    text = pa_csv.ConvertOptions(column_types={c.name: pa.string() for c in inputs})
    table = pa_csv.read_csv(source, convert_options=text)
    rows = records.to_model_rows(table, inputs)
    pipeline = jvm.java_class("ai.h2o.mojos.runtime.MojoPipeline").loadFrom(model)
    frame = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoFrameBuilder").getEmpty(pipeline.getInputMeta(), rows.count)
    for index, (column, values) in enumerate(zip(inputs, rows.columns, strict=True)):
        java_frames.fill(frame.getColumnData(index), column.type, values)
    return lambda: pipeline.transform(frame)


def _times(work: Callable[[], Any], repeats: int) -> list[float]:
    for _ in range(_WARM_UP):
        work()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


if __name__ == "__main__":
    main()
