"""The same rows without NiFi, in a process of their own; prints its figures as JSON.

Arguments: model, CSV file, repeats, Java home, folder with the jars.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from dai_scoring import records
from dai_scoring.files import score_file
from dai_scoring.models import open_model
from dai_scoring.runtimes import java_frames, jvm
from dai_scoring.scorer import RuntimeSettings

WARM_UP = 8


def main() -> None:
    """Time MojoPipeline.transform on a frame that is filled already, and a whole file scored into another."""
    model, source, repeats, java_home, jars = sys.argv[1:]
    settings = RuntimeSettings(java_home=Path(java_home), jar_folders=(Path(jars),))
    with open_model(Path(model), settings=settings) as scorer, tempfile.TemporaryDirectory() as folder:
        transform = _transform_of(model, scorer.info.inputs, Path(source))
        target = Path(folder) / "target"

        def whole_file() -> None:
            score_file(scorer, Path(source), target, Path(folder) / "rejected")

        print(json.dumps({"transform": _times(transform, int(repeats)), "file": _times(whole_file, int(repeats))}))


def _transform_of(model: str, inputs: Any, source: Path) -> Any:
    text = pa_csv.ConvertOptions(column_types={c.name: pa.string() for c in inputs})
    table = pa_csv.read_csv(source, convert_options=text)
    rows = records.to_model_rows(table, inputs)
    pipeline = jvm.java_class("ai.h2o.mojos.runtime.MojoPipeline").loadFrom(model)
    frame = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoFrameBuilder").getEmpty(pipeline.getInputMeta(), rows.count)
    for index, (column, values) in enumerate(zip(inputs, rows.columns, strict=True)):
        java_frames.fill(frame.getColumnData(index), column.type, values)
    return lambda: pipeline.transform(frame)


def _times(work: Any, repeats: int) -> list[float]:
    for _ in range(WARM_UP):
        work()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


if __name__ == "__main__":
    main()
