"""A wrong number of an option: the message says the value, the option or variable that has it, and what is right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dai_scoring.cli.app import app

_MANY = "9" * 400


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--port", "80x", "is not a whole number"),
        ("--port", "8080.5", "is not a whole number"),
        ("--port", "", "is not a whole number"),
        ("--port", "-1", "is not 0 or more"),
        ("--port", "65536", "is not 65535 or less"),
        ("--workers", "two", "is not a whole number"),
        ("--workers", "0", "is not 1 or more"),
        ("--max-body", "1e3", "is not a whole number"),
        ("--max-body", "0", "is not 1 or more"),
        ("--queue", "-5", "is not 1 or more"),
        ("--timeout", "1m", "is not a number"),
        ("--timeout", "0", "is not 0.01 or more"),
        ("--timeout", "inf", "is not 86400 or less"),
        ("--timeout", _MANY, "is not 86400 or less"),
        ("--drain", "inf", "is not 86400 or less"),
        ("--drain", "nan", "is not 86400 or less"),
    ],
)
def test_a_wrong_number_is_named(samples: Path, option: str, value: str, says: str) -> None:
    ended = CliRunner().invoke(app, ["serve", str(samples / "penguins.mojo"), f"{option}={value}"])
    assert ended.exit_code == 2
    assert ended.stderr.splitlines()[-1] == f"Error: Invalid value for '{option}': '{value}' {says}."


@pytest.mark.parametrize("name", ["PORT", "AIP_HTTP_PORT", "WEB_SERVER_WORKERS"])
def test_a_wrong_environment_variable_is_named(samples: Path, name: str) -> None:
    ended = CliRunner(env={name: "80x"}).invoke(app, ["serve", str(samples / "penguins.mojo")])
    assert ended.exit_code == 2
    assert ended.stderr.splitlines()[-1] == f"Error: Invalid value for '{name}': '80x' is not a whole number."


def test_it_is_the_same_for_other_commands_and_as_json(
    samples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dai_scoring.cli.app import main

    words = ["file", "-m", str(samples / "penguins.mojo"), "in.csv", "out.csv", "--batch-rows", "0", "--json"]
    monkeypatch.setattr("sys.argv", ["dai-score", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    printed = json.loads(capsys.readouterr().out)
    assert re.search(r"Invalid value for '--batch-rows': '0' is not 1 or more\.", json.dumps(printed))


def test_the_help_of_a_server_says_what_becomes_of_bad_rows_there() -> None:
    text = " ".join(CliRunner().invoke(app, ["serve", "-h"]).stdout.split())
    assert "among the rejected" not in text
    assert "at /score answer that row in its place, with the reason, or status 400" in text
