"""Tables of SQLite, whose values have types of their own, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routes.database.support import Command, ask_sqlite

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def male(file: Path, table: str) -> dict[int, float]:
    return dict(ask_sqlite(file, f"SELECT id, male FROM {table}"))


def test_a_table_is_scored_into_a_new_one(file: Path, score: Command, expected: dict[int, float]) -> None:
    done = score("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores", "--chunk", 100)
    assert (done.code, done.document["records"], done.document["scored"]) == (0, 348, 348)
    assert male(file, "scores") == pytest.approx(expected)
    assert ask_sqlite(file, "SELECT species, body_mass_g FROM scores WHERE id = 0") == [("Adelie", 3750)]


def test_a_table_that_is_there_is_not_touched_unless_that_is_asked_for(file: Path, score: Command) -> None:
    ask_sqlite(file, "CREATE TABLE scores (id, predict)")
    done = score("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores")
    assert (done.code, done.document["error"]["code"]) == (8, "conflict")
    assert "--mode append, replace or update" in done.error
    assert ask_sqlite(file, "SELECT count(*) FROM scores") == [(0,)]


def test_a_query_without_a_key_is_written_at_once_or_not_at_all(
    file: Path, score: Command, expected: dict[int, float]
) -> None:
    source = ("--source", f"sqlite:///{file}", "--query", "SELECT * FROM penguins ORDER BY id", "--chunk", 50)
    ask_sqlite(file, "UPDATE penguins SET body_mass_g = 'heavy' WHERE id = 340")
    failed = score(*source, "--target", "scores", "--bad-rows", "fail")
    assert (failed.code, failed.document["error"]["column"]) == (9, "body_mass_g")
    assert ask_sqlite(file, "SELECT name FROM sqlite_master WHERE name LIKE 'score%'") == []
    done = score(*source, "--target", "scores")
    assert (done.document["scored"], done.document["rejected"]) == (347, 1)
    assert male(file, "scores") == pytest.approx({row: one for row, one in expected.items() if row != 340})


def test_values_of_other_types_are_judged_one_by_one_and_kept_as_they_are(file: Path, score: Command) -> None:
    ask_sqlite(file, "UPDATE penguins SET body_mass_g = '3750' WHERE id = 0")
    ask_sqlite(file, "UPDATE penguins SET body_mass_g = 'heavy' WHERE id = 1")
    ask_sqlite(file, "UPDATE penguins SET body_mass_g = 3250.5 WHERE id = 2")
    done = score("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores")
    assert done.document["rejected"] == 1
    kept = "SELECT id, body_mass_g, typeof(body_mass_g) FROM"
    assert ask_sqlite(file, f"{kept} scores WHERE id IN (0, 2)") == [(0, "3750", "text"), (2, 3250.5, "real")]
    assert ask_sqlite(file, "SELECT id, body_mass_g, _reject_code, _reject_column FROM scores_rejected") == [
        (1, "heavy", "not_a_number", "body_mass_g")
    ]


def test_bytes_among_other_values_are_kept_and_scored_as_text(file: Path, score: Command) -> None:
    ask_sqlite(file, "ALTER TABLE penguins ADD COLUMN note")
    ask_sqlite(file, "UPDATE penguins SET note = CASE id % 3 WHEN 0 THEN x'ff00' WHEN 1 THEN 'text' ELSE 7 END")
    ask_sqlite(file, "UPDATE penguins SET species = CAST(species AS BLOB) WHERE id = 0")
    source = ("--source", f"sqlite:///{file}", "--table", "penguins", "--key", "id")
    done = score(*source, "--target", "scores", "--chunk", 100)
    assert (done.document["scored"], done.document["rejected"]) == (348, 0)
    kept = "SELECT id, note, typeof(note), species, typeof(species) FROM"
    assert sorted(ask_sqlite(file, f"{kept} scores")) == sorted(ask_sqlite(file, f"{kept} penguins"))
    ask_sqlite(file, "UPDATE penguins SET species = CAST(species AS TEXT)")
    assert score(*source, "--target", "texts").code == 0
    assert male(file, "texts") == male(file, "scores")


def test_keys_of_several_types_are_continued(file: Path, score: Command) -> None:
    ask_sqlite(file, "CREATE TABLE keyed AS SELECT * FROM penguins")
    ask_sqlite(
        file, "UPDATE keyed SET id = CASE id % 3 WHEN 0 THEN CAST('b' || id AS BLOB) WHEN 1 THEN 't' || id ELSE id END"
    )
    ask_sqlite(file, "UPDATE keyed SET study_name = CASE typeof(id) WHEN 'integer' THEN 7 ELSE '007' END")
    done = score("--source", f"sqlite:///{file}", "--table", "keyed", "--key", "id", "--target", "scores", "--chunk", 7)
    assert done.code == 0, done.error
    # The first rows have numbers there; SQLite would make a number of this text.
    kept = "SELECT typeof(id), id, typeof(study_name), study_name FROM"
    assert sorted(ask_sqlite(file, f"{kept} scores"), key=str) == sorted(ask_sqlite(file, f"{kept} keyed"), key=str)


def test_rows_that_have_come_since_are_appended(file: Path, score: Command, expected: dict[int, float]) -> None:
    command = ("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores", "--mode", "append")
    ask_sqlite(file, "CREATE TABLE later AS SELECT * FROM penguins WHERE id >= 300")
    ask_sqlite(file, "DELETE FROM penguins WHERE id >= 300")
    assert score(*command).document["scored"] == 300
    ask_sqlite(file, "INSERT INTO penguins SELECT * FROM later")
    again = score(*command).document
    assert (again["written_earlier"], again["scored"]) == (300, 48)
    assert male(file, "scores") == pytest.approx(expected)


def test_a_dropped_target_is_written_anew(file: Path, score: Command, expected: dict[int, float]) -> None:
    command = ("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores", "--mode", "append")
    score(*command)
    ask_sqlite(file, "DROP TABLE scores")
    assert score(*command).document["scored"] == 348
    assert male(file, "scores") == pytest.approx(expected)


def test_a_table_is_replaced_at_once(file: Path, score: Command, expected: dict[int, float]) -> None:
    ask_sqlite(file, "CREATE TABLE scores AS SELECT 1 AS old")
    done = score("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores", "--mode", "replace")
    assert done.code == 0
    assert male(file, "scores") == pytest.approx(expected)


def test_scores_are_written_into_the_table_that_is_read(file: Path, score: Command, expected: dict[int, float]) -> None:
    ask_sqlite(file, "UPDATE penguins SET body_mass_g = 'heavy' WHERE id = 1")
    command = ("--source", f"sqlite:///{file}", "--table", "penguins", "--mode", "update", "--chunk", 100)
    done = score(*command)
    assert done.document["scored"] == 347, done
    assert male(file, "penguins") == pytest.approx({**expected, 1: None})
    assert ask_sqlite(file, "SELECT id, _reject_code FROM penguins_rejected") == [(1, "not_a_number")]


@pytest.mark.parametrize("place", [49, 50, 51])
def test_a_key_with_one_value_twice_is_refused_before_anything_is_written(
    file: Path, score: Command, place: int
) -> None:
    ask_sqlite(file, "CREATE TABLE other AS SELECT *, id AS k FROM penguins")
    ask_sqlite(file, f"UPDATE other SET k = {place - 1} WHERE id = {place}")
    command = ("--source", f"sqlite:///{file}", "--table", "other", "--key", "k", "--target", "scores", "--chunk", 50)
    done = score(*command)
    assert done.code == 2
    assert "several rows" in done.error
    assert ask_sqlite(file, "SELECT name FROM sqlite_master WHERE name LIKE 'score%'") == []


def test_a_key_without_a_value_is_refused(file: Path, score: Command) -> None:
    ask_sqlite(file, "CREATE TABLE other AS SELECT *, nullif(id, 7) AS k FROM penguins")
    done = score("--source", f"sqlite:///{file}", "--table", "other", "--key", "k", "--target", "scores")
    assert "rows without a value" in done.error


def test_names_are_quoted(file: Path, score: Command, expected: dict[int, float]) -> None:
    ask_sqlite(file, 'CREATE TABLE "a.b ""; DROP TABLE penguins; --" AS SELECT *, id AS "the ""key""" FROM penguins')
    name = '"a.b ""; DROP TABLE penguins; --"'
    key = 'the "key"'
    done = score("--source", f"sqlite:///{file}", "--table", name, "--key", key, "--target", '"1.2"', "--chunk", 99)
    assert done.code == 0, done
    assert male(file, '"1.2"') == pytest.approx(expected)
    assert ask_sqlite(file, "SELECT count(*) FROM penguins") == [(348,)]


def test_a_query_without_rows_makes_an_empty_table(file: Path, score: Command) -> None:
    source = f"sqlite:///{file}"
    done = score("--source", source, "--query", "SELECT * FROM penguins WHERE id < 0", "--target", "scores")
    assert (done.code, done.document["records"]) == (0, 0)
    assert ask_sqlite(file, "SELECT count(male) FROM scores") == [(0,)]


def test_a_preview_writes_nothing(file: Path, score: Command, expected: dict[int, float]) -> None:
    for target in (("--target", "scores"), ()):
        words = ("--source", f"sqlite:///{file}", "--table", "penguins", *target)
        done = score(*words, "--preview", 3)
        assert {one["id"]: one["male"] for one in done.document["scored"]} == pytest.approx(
            {i: expected[i] for i in range(3)}
        )
        assert score(*words, "--dry-run").document == {"records": 348}
    assert ask_sqlite(file, "SELECT name FROM sqlite_master") == [("penguins",)]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--table", "nope", "--target", "t"], 5, "There is no table nope"),
        (["--target", "t"], 2, "Give either --query or --table"),
        (["--table", "nope", "--inspect"], 5, "There is no table nope"),
        (["--table", "penguins", "--target", "t", "--target-db", "sqlite:////no/x.db"], 4, "There is no folder /no"),
        (["--table", "penguins"], 2, "Give --target"),
        (["--table", "penguins", "--target", "penguins"], 2, "--mode update"),
        (["--query", "SELECT id FROM penguins", "--target", "t"], 9, "7 column(s) of the model are missing"),
        (["--query", "SELECT * FROM nope", "--target", "t"], 1, "SQLite says: no such table: nope"),
        (["--query", "DELETE FROM penguins", "--target", "t"], 2, "begins with DELETE"),
        (["--query", "WITH x AS (SELECT 1) DELETE FROM penguins", "--target", "t"], 1, "SQLite says"),
        (["--query", "SELECT *, 1 AS male FROM penguins", "--target", "t"], 9, "male"),
        (["--query", "SELECT * FROM penguins", "--target", "t", "--mode", "update"], 2, "--key"),
        (["--table", "penguins", "--key", "x", "--target", "t"], 5, "There is no column x"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    file: Path, score: Command, arguments: list[str], code: int, says: str
) -> None:
    done = score("--source", f"sqlite:///{file}", *arguments)
    assert (done.code, says in done.error) == (code, True), done
    assert ask_sqlite(file, "SELECT name FROM sqlite_master") == [("penguins",)]
    assert ask_sqlite(file, "SELECT count(*) FROM penguins") == [(348,)]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, score: Command) -> None:
    done = score("--source", f"sqlite:///{tmp_path / 'no.db'}", "--table", "t", "--target", "s")
    assert (done.code, done.document["error"]["code"]) == (4, "unreachable")
    assert list(tmp_path.iterdir()) == []


def test_a_password_on_the_command_line_is_refused(score: Command) -> None:
    done = score("--source", "postgresql://me:secret@127.0.0.1:1/x", "--table", "t", "--target", "s")
    assert done.code == 2
    assert "secret" not in done.error
    assert "DAI_SCORE_SOURCE" in done.error


def test_a_text_that_is_not_utf_8_is_not_shown(file: Path, score: Command) -> None:
    ask_sqlite(file, "UPDATE penguins SET study_name = CAST(x'736563726574ff' AS TEXT) WHERE id = 7")
    done = score("--source", f"sqlite:///{file}", "--table", "penguins", "--target", "scores")
    assert (done.code, "to UTF-8 column 'study_name'" in done.error) == (1, True), done
    assert "secret" not in done.error
    names = "id, species, island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, date_egg"
    query = f"SELECT {names}, CAST(study_name AS BLOB) AS study_name FROM penguins"
    assert score("--source", f"sqlite:///{file}", "--query", query, "--target", "scores").document["scored"] == 348
