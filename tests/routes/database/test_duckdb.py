"""Tables of DuckDB, through its ADBC driver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.routes.database.support import Command, ask_duckdb, kill_in_the_middle

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def types(file: Path, table: str) -> dict[str, str]:
    return {name: of for name, of, *_ in ask_duckdb(file, f"DESCRIBE {table}")}


def male(file: Path, table: str) -> dict[int, float]:
    return dict(ask_duckdb(file, f"SELECT id, male FROM {table}"))


def test_a_table_is_scored_into_a_new_one_with_the_same_types(
    duck: Path, score: Command, expected: dict[int, float]
) -> None:
    done = score("--source", f"duckdb:///{duck}", "--table", "penguins", "--target", "scores", "--chunk", 100)
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert male(duck, "scores") == pytest.approx(expected)
    of = types(duck, "penguins")
    assert types(duck, "scores") == {**of, "predict": "VARCHAR", "female": "DOUBLE", "male": "DOUBLE"}
    kept = ", ".join(of)
    assert ask_duckdb(
        duck, f"SELECT count(*) FROM (SELECT {kept} FROM penguins INTERSECT SELECT {kept} FROM scores)"
    ) == [(348,)]


@pytest.mark.parametrize("key", ["id", "u"])
def test_scores_are_written_into_the_table_that_is_read(
    duck: Path, score: Command, expected: dict[int, float], key: str
) -> None:
    command = ("--source", f"duckdb:///{duck}", "--table", "penguins", "--mode", "update", "--key", key, "--chunk", 90)
    assert score(*command).document.get("scored") == 348
    assert male(duck, "penguins") == pytest.approx(expected)
    assert score(*command).document["records"] == 0


def test_rejected_rows_keep_their_types_and_say_why(duck: Path, score: Command) -> None:
    ask_duckdb(duck, "ALTER TABLE penguins ALTER body_mass_g TYPE VARCHAR", "SELECT 1")
    ask_duckdb(duck, "UPDATE penguins SET body_mass_g = 'x' WHERE id < 3")
    done = score("--source", f"duckdb:///{duck}", "--table", "penguins", "--target", "scores", "--mode", "replace")
    assert (done.document["scored"], done.document["rejected"]) == (345, 3), done
    assert ask_duckdb(duck, "SELECT DISTINCT _reject_code, h, d::VARCHAR FROM scores_rejected") == [
        ("not_a_number", 1, "1.250")
    ]


def test_columns_of_a_table_that_is_there_are_found_by_name(
    duck: Path, score: Command, expected: dict[int, float]
) -> None:
    ask_duckdb(
        duck, "CREATE TABLE scores (male DECIMAL(9, 6), extra VARCHAR DEFAULT 'x', id BIGINT, female FLOAT)", "SELECT 1"
    )
    words = ("--table", "penguins", "--target", "scores", "--mode", "append", "--predictions", "female,male")
    done = score("--source", f"duckdb:///{duck}", *words, "--output-columns", "ids", "--id-columns", "id")
    assert done.code == 0, done
    found = {row: float(one) for row, one in male(duck, "scores").items()}
    assert found == pytest.approx(expected, abs=1e-5)
    assert ask_duckdb(duck, "SELECT DISTINCT extra FROM scores") == [("x",)]


def test_a_run_that_is_killed_continues(duck: Path, samples: Path, expected: dict[int, float]) -> None:
    ask_duckdb(
        duck,
        "CREATE TABLE many AS SELECT r.range AS id, p.id AS penguin, p.* EXCLUDE (id) FROM range(20000) r "
        "JOIN penguins p ON p.id = r.range % 348",
        "SELECT 1",
    )
    words = ["table", "-m", str(samples / "penguins.mojo"), "--source", f"duckdb:///{duck}", "--table", "many"]
    command = [sys.executable, "-m", "dai_scoring.cli", *words, "--key", "id", "--target", "scores", "--chunk", "500"]
    for chunks in (2, 6):
        kill_in_the_middle(command, chunks)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "that earlier runs have written" in done.stdout
    assert sorted(ask_duckdb(duck, "SELECT id FROM scores")) == [(row,) for row in range(20_000)]
    assert dict(ask_duckdb(duck, "SELECT DISTINCT penguin, male FROM scores")) == pytest.approx(expected)


def test_a_query_that_changes_data_changes_none(duck: Path, score: Command) -> None:
    query = "SELECT 1) x; DROP TABLE penguins; SELECT * FROM (SELECT 1"
    done = score("--source", f"duckdb:///{duck}", "--query", query, "--target", "scores")
    assert (done.code, "read-only" in done.error) == (1, True), done
    assert ask_duckdb(duck, "SELECT count(*) FROM penguins") == [(348,)]


def test_the_text_of_a_value_is_not_shown(duck: Path, score: Command) -> None:
    ask_duckdb(duck, "CREATE TABLE scores (id INTEGER, predict INTEGER)", "SELECT 1")
    words = ("--table", "penguins", "--target", "scores", "--mode", "append", "--predictions", "predict")
    done = score("--source", f"duckdb:///{duck}", *words, "--output-columns", "ids", "--id-columns", "id")
    assert (done.code, "Conversion Error" in done.error) == (1, True), done
    assert "male" not in done.error


def test_a_file_that_is_not_there_or_is_another_is_not_touched(tmp_path: Path, score: Command) -> None:
    words = ("--table", "t", "--target", "s")
    done = score("--source", f"duckdb:///{tmp_path / 'no.duckdb'}", *words)
    assert (done.code, done.document["error"]["code"]) == (4, "unreachable")
    assert list(tmp_path.iterdir()) == []
    other = tmp_path / "other"
    other.write_text("not a database\n" * 500)
    done = score("--source", f"duckdb:///{other}", *words)
    assert (done.code, "not a valid DuckDB" in done.error) == (4, True), done
