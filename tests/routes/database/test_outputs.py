"""What is written, and where: chosen columns, labels, files of CSV, and what commands suggest."""

from __future__ import annotations

import csv
import gzip
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.routes.database.support import Command

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def ask(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as database, database:
        return database.execute(statement).fetchall()


def names(file: Path, table: str) -> list[str]:
    return [row[1] for row in ask(file, f"PRAGMA table_info({table})")]


@pytest.fixture
def source(file: Path) -> tuple[str, ...]:
    return ("--source", f"sqlite:///{file}", "--table", "penguins")


def test_a_label_is_the_class_from_the_threshold_on(
    file: Path, source: tuple[str, ...], score: Command, expected: dict[int, float]
) -> None:
    words = ("--target", "scores", "--threshold", "male=0.4", "--label", "decision", "--predictions", "male=chance")
    assert score(*source, *words).code == 0
    assert names(file, "scores")[-2:] == ["chance", "decision"]
    found = {row: (chance, label) for row, chance, label in ask(file, "SELECT id, chance, decision FROM scores")}
    wanted = {row: (pytest.approx(one), "male" if one >= 0.4 else "female") for row, one in expected.items()}
    assert found == wanted


def test_labels_may_be_other_texts_and_have_the_prefix(file: Path, source: tuple[str, ...], score: Command) -> None:
    words = ("--mode", "update", "--threshold", "female=0.5", "--labels", "yes,no", "--prefix", "s_")
    assert score(*source, *words).code == 0
    assert names(file, "penguins")[-4:] == ["s_predict", "s_female", "s_male", "s_label"]
    assert ask(file, "SELECT s_label, min(s_female) >= 0.5 FROM penguins GROUP BY 1 ORDER BY 1") == [
        ("no", 0),
        ("yes", 1),
    ]


def test_a_model_of_driverless_ai_names_its_classes_after_a_dot(tmp_path: Path, titanic: Path, score: Command) -> None:
    file = tmp_path / "ship.db"
    ask(file, "CREATE TABLE people (id INTEGER PRIMARY KEY, pclass, sex, age, ticket, fare, cabin)")
    ask(file, "INSERT INTO people VALUES (1, 1, 'female', 30, 'x', 100, 'C1'), (2, 3, 'male', 30, 'x', 7, NULL)")
    words = ("-m", titanic, "--accept-h2o-licence", "--source", f"sqlite:///{file}", "--table", "people")
    done = score(*words, "--target", "scores", "--threshold", "survived.1=0.5")
    assert done.code == 0, done
    assert ask(file, 'SELECT id, label, "survived.1" >= 0.5 FROM scores') == [(1, "1", 1), (2, "0", 0)]


def test_rows_without_a_score_have_no_label(file: Path, source: tuple[str, ...], score: Command) -> None:
    ask(file, "UPDATE penguins SET body_mass_g = 'heavy' WHERE id = 1")
    done = score(*source, "--target", "scores", "--threshold", "male=0.5", "--bad-rows", "keep")
    assert done.code == 0, done
    assert ask(file, "SELECT label, _reject_code FROM scores WHERE id = 1") == [(None, "not_a_number")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--threshold", "male"], "--threshold is COLUMN=NUMBER"),
        (["--threshold", "male=nan"], "--threshold is COLUMN=NUMBER"),
        (["--threshold", "predict=0.5"], "needs --labels"),
        (["--threshold", "predict=0.5", "--labels", "a,b"], "needs a column of numbers"),
        (["--threshold", "male=0.5", "--labels", "a"], "--labels are two"),
        (["--label", "x"], "belong to --threshold"),
        (["--threshold", "none=1", "--labels", "a,b"], "The model gives no column none. It gives: predict"),
        (["--predictions", "none"], "The model gives no column none. It gives: predict"),
        (["--predictions", "male=species"], "species already exist"),
        (["--predictions", "male,female=male"], "male"),
        (["--csv", "x.csv"], "leave out --target"),
        (["--query", "SELECT 1"], "Give --query, or --table"),
    ],
)
def test_what_cannot_be_done_is_said(
    file: Path, source: tuple[str, ...], score: Command, words: list[str], says: str
) -> None:
    done = score(*source, "--target", "scores", *words)
    assert (done.code > 0, says in done.error) == (True, True), done
    assert ask(file, "SELECT name FROM sqlite_master") == [("penguins",)]


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz"])
def test_scores_go_into_a_file(
    file: Path, tmp_path: Path, source: tuple[str, ...], score: Command, expected: dict[int, float], name: str
) -> None:
    ask(file, "UPDATE penguins SET body_mass_g = 'heavy, \"very\"' WHERE id = 1")
    done = score(*source, "--csv", tmp_path / name, "--chunk", 100, "--threads", 2)
    refused = tmp_path / name.replace(".csv", ".rejected.csv")
    assert (done.document["scored"], done.document["rejected_table"]) == (347, str(refused)), done

    def rows(path: Path) -> list[dict[str, str]]:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text:
            return list(csv.DictReader(text))

    assert {int(one["id"]): float(one["male"]) for one in rows(tmp_path / name)} == pytest.approx(
        {row: one for row, one in expected.items() if row != 1}
    )
    assert [(one["id"], one["body_mass_g"], one["_reject_code"]) for one in rows(refused)] == [
        ("1", 'heavy, "very"', "not_a_number")
    ]
    ask(file, "UPDATE penguins SET body_mass_g = 1 WHERE id = 1")
    assert score(*source, "--csv", tmp_path / name).document["scored"] == 348
    assert not refused.exists()


def test_a_file_is_whole_or_not_there(tmp_path: Path, file: Path, source: tuple[str, ...], score: Command) -> None:
    ask(file, "UPDATE penguins SET body_mass_g = 'heavy' WHERE id = 300")
    before = sorted(tmp_path.iterdir())
    done = score(*source, "--csv", tmp_path / "scores.csv", "--chunk", 100, "--bad-rows", "fail")
    assert done.code == 9
    assert sorted(tmp_path.iterdir()) == before
    assert score(*source, "--csv", tmp_path / "no" / "scores.csv").code == 5


def test_threads_change_nothing_but_the_time(
    file: Path, source: tuple[str, ...], score: Command, expected: dict[int, float]
) -> None:
    done = score(*source, "--target", "scores", "--chunk", 7, "--threads", 4)
    assert done.document["scored"] == 348
    assert dict(ask(file, "SELECT id, male FROM scores")) == pytest.approx(expected)
    assert {"reading", "scoring", "writing"} == set(done.document["seconds_of"])


def test_rejected_rows_fail_the_command_if_that_is_wanted(file: Path, source: tuple[str, ...], score: Command) -> None:
    ask(file, "UPDATE penguins SET body_mass_g = 'heavy' WHERE id = 1")
    done = score(*source, "--target", "scores", "--fail-on-rejects")
    assert (done.code, done.document["scored"], done.document["rejected"]) == (14, 347, 1), done
    assert ask(file, "SELECT count(*) FROM scores") == [(347,)]


def test_statements_that_are_suggested_can_be_run(file: Path, score: Command) -> None:
    ask(file, "ALTER TABLE penguins RENAME species TO SPECIES")
    found = score("--source", f"sqlite:///{file}", "--table", "penguins", "--inspect").document
    assert found["lacking"] == []
    assert '"SPECIES" AS "species"' in found["query"]
    for command in found["commands"][:3]:
        words = shlex.split(command)
        assert score(*words[words.index("--source") :]).code == 0, command
    assert ask(file, "SELECT count(*), count(male) FROM penguins_scores") == [(348, 348)]
    assert ask(file, "SELECT count(*), count(male) FROM penguins") == [(348, 348)]


def test_suggestions_without_a_database(score: Command) -> None:
    found = score("--inspect").document
    assert found["query"].startswith('SELECT KEY, "species", "island"')
    done = score("--table", "penguins", "--target", "scores")
    assert (done.code, "Give --source" in done.error) == (2, True)


def test_several_statements_before_and_after(file: Path, source: tuple[str, ...], score: Command) -> None:
    ask(file, "CREATE TABLE log (n)")
    befores = ("--before", "INSERT INTO log VALUES (1)", "--before", "INSERT INTO log VALUES (2)")
    done = score(*source, "--target", "scores", *befores, "--after", "INSERT INTO log SELECT count(*) FROM scores")
    assert done.code == 0, done
    assert ask(file, "SELECT n FROM log") == [(1,), (2,), (348,)]


def test_a_dry_run_finds_what_a_run_would(file: Path, source: tuple[str, ...], score: Command) -> None:
    ask(file, "CREATE TABLE scores (id, male)")
    there = score(*source, "--target", "scores", "--dry-run")
    assert (there.code, "There is a table scores already" in there.error) == (8, True), there
    lacking = score(*source, "--target", "scores", "--mode", "append", "--dry-run")
    assert (lacking.code, "has no column study_name" in lacking.error) == (8, True), lacking


def test_a_table_of_the_same_name_in_another_database(
    file: Path, tmp_path: Path, source: tuple[str, ...], score: Command
) -> None:
    other = tmp_path / "other.db"
    done = score(*source, "--target-db", f"sqlite:///{other}", "--target", "penguins")
    assert (done.code, ask(other, "SELECT count(male) FROM penguins")) == (0, [(348,)])
