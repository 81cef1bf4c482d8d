"""What goes wrong with a JDBC database, in the command's words and without passwords and values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.routes.database.support import PASSWORD, Ask, Command

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def test_a_query_that_changes_data_changes_none(h2: str, ask: Ask, score: Command) -> None:
    for query in ('DELETE FROM "penguins"', 'SELECT * FROM FINAL TABLE (UPDATE "penguins" SET "island" = \'x\')'):
        score("--source", h2, "--query", query, "--target", "scores")
        assert ask('SELECT count(*), sum(CASE "island" WHEN \'x\' THEN 1 ELSE 0 END) FROM "penguins"') == [(348, 0)]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--table", "nope", "--target", "t"], 5, "There is no table nope"),
        (["--query", "SELECT * FROM nope", "--target", "t"], 1, "H2 says: Table"),
        (["--query", 'SELECT "id" FROM "penguins"', "--target", "t"], 9, "7 column(s) of the model are missing"),
        (["--query", 'SELECT *, NULLIF("id", 7) AS "k" FROM "penguins"', "--key", "k", "--target", "t"], 1, "without"),
        (["--query", 'SELECT *, "id" / 2 AS "k" FROM "penguins"', "--key", "k", "--target", "t"], 2, "several rows"),
    ],
)
def test_what_cannot_be_done_is_said(h2: str, score: Command, arguments: list[str], code: int, says: str) -> None:
    done = score("--source", h2, *arguments)
    assert (done.code, says in done.error) == (code, True), done


def test_a_table_without_the_key_is_not_updated(h2: str, ask: Ask, score: Command) -> None:
    ask('CREATE TABLE "scores" AS SELECT "id" AS "other" FROM "penguins"')
    done = score("--source", h2, "--table", "penguins", "--target", "scores", "--mode", "update")
    assert (done.code, "There is no column id in scores" in done.error) == (5, True), done


def test_a_value_that_a_table_refuses_is_not_shown(h2: str, ask: Ask, score: Command) -> None:
    ask('CREATE TABLE "scores" ("id" INT, "male" DOUBLE PRECISION, "female" DOUBLE PRECISION, "predict" VARCHAR(1))')
    words = ("--target", "scores", "--mode", "append", "--output-columns", "ids", "--id-columns", "id")
    done = score("--source", h2, "--table", "penguins", *words)
    assert (done.code, "refuses a value" in done.error, "male'" in done.error) == (1, True, False), done


def test_a_wrong_password_is_said(h2: str, score: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("wrong-one\n")
    monkeypatch.delenv("DAI_SCORE_SOURCE_PASSWORD")
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD_FILE", str(file))
    done = score("--source", h2, "--table", "penguins", "--target", "scores")
    assert (done.code, "Wrong user name or password" in done.error) == (4, True), done
    assert "wrong-one" not in json.dumps(done.document)
    file.write_text(PASSWORD + "\n")
    assert score("--source", h2, "--table", "penguins", "--target", "scores").code == 0


def test_a_driver_that_is_missing_is_said(h2: str, score: Command, tmp_path: Path) -> None:
    words = ("--table", "penguins", "--target", "scores")
    absent = score("--source", h2, *words, "--jdbc-driver", tmp_path / "no.jar")
    assert (absent.code, "no.jar" in absent.error) == (5, True), absent
    other = score("--source", "jdbc:oracle:thin:@//127.0.0.1:1/x", *words)
    assert (other.code, "--jdbc-driver" in other.error, "org.h2.Driver" in other.error) == (2, True, True), other


@pytest.mark.parametrize(
    "url",
    [
        "jdbc:oracle:thin:scott/secret@//host:1521/x",
        "jdbc:mysql://root:secret@host/db",
        "jdbc:sqlserver://host;user=me;password=secret",
        "jdbc:db2://host:50000/db:user=me;PASSWORD=secret;",
        "jdbc:teradata://host/DATABASE=x,PASSWORD=secret",
    ],
)
def test_a_password_on_the_command_line_is_refused(score: Command, url: str) -> None:
    done = score("--source", url, "--table", "t", "--target", "s")
    assert (done.code, "DAI_SCORE_SOURCE_PASSWORD" in done.error, "secret" in done.error) == (2, True, False), done
