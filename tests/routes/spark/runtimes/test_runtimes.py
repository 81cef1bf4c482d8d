"""The C++ runtime and Python scoring pipelines in the workers of a real Spark give the library's own scores."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from dai_scoring.scorer import Scorer
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.project import ROOT

pytestmark = pytest.mark.runtime


def in_spark(spark: Mapping[str, str], model: Path, runtime: str, rows: Path, column: str) -> list[float]:
    result = rows.with_suffix(".json")
    words = [str(model), runtime, str(rows), column, str(result)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.routes.spark.runtimes.session", *words],
        env=dict(spark),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[float] = json.loads(result.read_text())
    return found


def test_the_cpp_runtime_gives_the_same_scores(
    spark: dict[str, str], titanic: Path, titanic_cpp_scorer: Scorer, tmp_path: Path
) -> None:
    rows = [{**GOLDEN_ROW, "age": str(age), "sex": sex} for age in range(1, 80) for sex in ("male", "female")]
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, GOLDEN_ROW)
        writer.writeheader()
        writer.writerows(rows)
    daimojo = importlib.util.find_spec("daimojo")
    assert daimojo is not None
    assert daimojo.origin is not None
    variables = {**spark, "PYTHONPATH": os.pathsep.join([spark["PYTHONPATH"], str(Path(daimojo.origin).parents[1])])}
    found = in_spark(variables, titanic, "cpp", file, "survived.1")
    expected = titanic_cpp_scorer.score(pa.Table.from_pylist(rows)).predictions.column("survived.1").to_pylist()
    assert len(set(expected)) > 40
    assert found == expected


def test_a_pipeline_gives_the_same_scores(
    spark: dict[str, str], pipeline: Path, pipeline_scorer: Scorer, samples: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes((samples / "penguins-rows.csv").read_bytes())
    column = pipeline_scorer.info.outputs[-1].name
    found = in_spark(spark, pipeline, "python", file, column)
    given = pyarrow.csv.read_csv(file)
    expected = pipeline_scorer.score(given).predictions.column(column).to_pylist()
    assert len(set(expected)) > 40
    assert found == expected
