"""dai-nifi inspect and score as somebody types them, with real models."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dai_scoring.scorer import RuntimeSettings
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from dai_nifi.__main__ import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    lines = [",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values()), "3,male,old,A1,7.25,C1"]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_golden_row(titanic: Path, rows: Path, tmp_path: Path, settings: RuntimeSettings) -> None:
    out = tmp_path / "scores.csv"
    done = run("score", "--model", titanic, rows, out, "--accept-h2o-licence", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["records"], summary["scored"], summary["rejected"]) == (2, 1, 1)
    with out.open() as file:
        (row,) = csv.DictReader(file)
    assert (float(row["survived.0"]), float(row["survived.1"])) == GOLDEN_SCORE
    with Path(summary["rejected_file"]).open() as file:
        (rejected,) = csv.DictReader(file)
    assert rejected["_reject_column"] == "age"


def test_standard_output_and_other_formats(samples: Path, tmp_path: Path) -> None:
    done = run(
        "score", "-m", samples / "penguins.mojo", samples / "penguins-rows.csv", "-", "--output-format", "json-lines"
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 348
    assert lines[0]["bill_length_mm"] == 39.1
    assert lines[0]["predict"] == "male"
    made = tmp_path / "scores.parquet"
    assert run("score", "-m", samples / "penguins.mojo", samples / "penguins-rows.csv", made).returncode == 0
    assert made.read_bytes()[:4] == b"PAR1"


def test_inspect(samples: Path) -> None:
    found = json.loads(run("inspect", samples / "penguins.mojo", "--json").stdout)
    assert found["kind"] == "H2O-3 MOJO"
    assert {"name": "date_egg", "type": "Time64"}.items() <= found["inputs"][-1].items()
    assert [column["name"] for column in found["outputs"]] == ["predict", "female", "male"]


def test_exit_codes_and_messages(samples: Path, titanic: Path, needs_licence: Path, rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    text = tmp_path / "notes.mojo"
    text.write_text("no model")
    model = samples / "penguins.mojo"
    for arguments, code, words in (
        (("--model", text, rows, out), 7, "is not a MOJO"),
        (("--model", tmp_path / "gone.mojo", rows, out), 5, "there is no model file"),
        (("--model", needs_licence, rows, out, "--accept-h2o-licence"), 7, "needs a Driverless AI licence"),
        (("--model", model, rows, out), 9, "column(s) of the model are missing"),
        (("--model", model, tmp_path / "gone.csv", out), 5, "there is no file"),
        (("--model", model, rows, tmp_path / "no" / "out.csv"), 5, "there is no folder"),
        (("--model", titanic, rows, out, "--bad-rows", "fail", "--accept-h2o-licence"), 9, "1 row(s) cannot be scored"),
        (("--model", model, rows, out, "--bad-rows", "maybe"), 2, "is not one of"),
    ):
        done = run("score", *arguments)
        assert (done.returncode, words in " ".join(done.stderr.split())) == (code, True), done.stderr
        assert not out.exists()
    assert json.loads(run("score", "--model", text, rows, out, "--json").stdout)["error"]["code"] == "model_format"


RUN_INTERRUPTED = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
import jpype
start = jpype.startJVM
def interrupted(*arguments, **options):
    threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()
    start(*arguments, **options)
jpype.startJVM = interrupted
from dai_nifi.__main__ import main
main()
"""


def test_ctrl_c_while_java_starts_ends_the_command(samples: Path) -> None:
    command = [sys.executable, "-c", RUN_INTERRUPTED, "inspect", str(samples / "penguins.mojo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, "Traceback" in done.stderr) == (130, False), done.stderr
