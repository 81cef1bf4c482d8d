"""DataFrames of Spark Connect: the session is in one process, and Spark in another."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.packages.spark import SPARK_4, connect_server
from tests.support.project import ROOT

pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def seen(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one session saw. pip's Spark 4 has the server; Spark 3.5 needs a jar for it."""
    folder = tmp_path_factory.mktemp("connect")
    variables = SPARK_4.connect_environment()
    words = [str(samples / "penguins.mojo"), str(samples / "penguins-rows.csv"), str(folder / "seen.json")]
    with connect_server(variables, SPARK_4, folder) as address:
        command = [sys.executable, "-m", "tests.routes.spark.connect_session", address, *words]
        done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    assert found["kind"].startswith("pyspark.sql.connect")
    return found


def test_the_scores_are_those_of_the_library(seen: dict[str, Any], samples: Path) -> None:
    with (samples / "penguins-expected.csv").open() as file:
        expected = {str(row): float(one["male"]) for row, one in enumerate(csv.DictReader(file))}
    assert seen["scores"] == pytest.approx(expected)


def test_rows_that_cannot_be_scored_are_rejected(seen: dict[str, Any]) -> None:
    assert seen["scored"] == 347
    assert seen["rejected"] == [[7, "not_a_number", "heavy"]]


def test_what_needs_a_session_beside_spark_is_said_in_a_sentence(seen: dict[str, Any]) -> None:
    assert seen["missing"].startswith("1 column(s) of the model are missing from the records: species.")
    assert seen["in_jvm"] == "Spark's virtual machine cannot score this: the session is one of Spark Connect."
    assert seen["register"].endswith("penguins.mojo: the session is one of Spark Connect.")
    assert seen["delta"] == (
        "Over Spark Connect a stream into Delta Lake cannot be told from another one, so rows could be there twice. "
        "Use a session without Spark Connect, or write parquet."
    )
