"""What ``dai-score table`` tells a person to do next: it is true, and it works."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.routes.database.support import Ask, Command

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def test_suggested_commands_name_the_driver(h2: str, ask: Ask, score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    found = score("--source", h2, "--table", "penguins", "--inspect").document
    with monkeypatch.context() as patch:
        patch.delenv("DAI_SCORE_JDBC_DRIVER")
        for command in found["commands"][:3]:
            words = shlex.split(command)
            assert score(*words[words.index("--source") :]).code == 0, command
    assert ask('SELECT count(*) FROM "penguins_scores"') == [(348,)]


def test_how_to_score_again_what_was_scored(file: Path, samples: Path) -> None:
    def updated() -> str:
        words = ["-m", samples / "penguins.mojo", "--source", f"sqlite:///{file}", "--table", "penguins"]
        command = [sys.executable, "-m", "dai_scoring.cli", "table", *map(str, words), "--mode", "update"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "348 of 348 rows scored" in updated()
    assert "to score these again, delete the row of penguins in the table dai_score_progress" in updated()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM dai_score_progress WHERE target = 'penguins'")
    assert "348 of 348 rows scored" in updated()


def test_a_password_that_is_missing(address: str, score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD")
    done = score("--source", address, "--table", "penguins", "--target", "scores")
    assert (done.code, "the password in PGPASSWORD" in done.error) == (4, True), done
