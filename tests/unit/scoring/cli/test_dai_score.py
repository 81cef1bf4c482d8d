"""The command dai-score: its verbs, exit codes and what it prints for scripts."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dai_scoring
from dai_scoring.cli import errors
from dai_scoring.cli.app import app

Captured = pytest.CaptureFixture[str]


def call(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    return done.exit_code, done.stdout, done.stderr


def run(monkeypatch: pytest.MonkeyPatch, capsys: Captured, *arguments: object) -> tuple[int, str, str]:
    """As the command is run; what is raised becomes an exit code and a message."""
    from dai_scoring.cli.app import main

    monkeypatch.setattr(sys, "argv", ["dai-score", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_a_file_is_scored(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    model, rows, out = samples / "penguins.mojo", samples / "penguins-rows.csv", tmp_path / "scores.csv"
    code, printed, _ = run(monkeypatch, capsys, "file", "--model", model, rows, out, "--json")
    with (samples / "penguins-expected.csv").open() as file:
        expected = [float(row["female"]) for row in csv.DictReader(file)]
    with out.open() as file:
        scores = [float(row["female"]) for row in csv.DictReader(file)]
    assert (code, json.loads(printed)["scored"]) == (0, len(expected))
    assert scores == pytest.approx(expected, abs=1e-6)


def test_a_model_is_inspected(samples: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    code, printed, _ = run(monkeypatch, capsys, "inspect", samples / "penguins.mojo", "--json")
    assert (code, json.loads(printed)["kind"]) == (0, "H2O-3 MOJO")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["inspect", "none.mojo"], errors.NotFoundError.exit_code, "not_found"),
        (["inspect", __file__], errors.ModelRefusedError.exit_code, "model_format"),
        (["inspect"], errors.UsageError.exit_code, "usage"),
        (["file", "--model", "none.mojo", "none.csv", "out.csv"], errors.NotFoundError.exit_code, "not_found"),
        (["pipeline", "prepare", "none.zip"], errors.NotFoundError.exit_code, "not_found"),
    ],
)
def test_exit_codes(
    arguments: list[str], code: int, word: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    found, printed, _ = run(monkeypatch, capsys, *arguments, "--json")
    assert (found, json.loads(printed)["error"]["code"]) == (code, word)


def test_runtimes_that_are_there_are_named(
    jar_folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    code, printed, _ = run(monkeypatch, capsys, "runtimes", "fetch", "--json")
    found = json.loads(printed)
    assert code == 0
    assert (found["h2o3"], found["mojo2"]) == (str(jar_folders[0] / "open"), str(jar_folders[1] / "mojo2"))
    assert (Path(found["java"]) / "bin" / "java").exists()


def test_version_help_and_completion() -> None:
    assert call("--version") == (0, f"dai-score {dai_scoring.__version__}\n", "")
    for arguments in (["-h"], ["file", "-h"], ["runtimes", "fetch", "--help"]):
        code, printed, _ = call(*arguments)
        assert (code, "Usage: " in printed) == (0, True)
    assert "--install-completion" in call("--help")[1]


def test_names_with_colons_are_printed_as_they_are(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    code, _, said = run(monkeypatch, capsys, "inspect", "jdbc:snowflake:smile:.mojo")
    assert (code, "jdbc:snowflake:smile:.mojo" in said) == (5, True), said
