"""Tables of DuckDB, through its ADBC driver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.routes.database.support import Command, kill_in_the_middle

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

dbapi = pytest.importorskip("adbc_driver_duckdb.dbapi", reason="the extra duckdb is not installed")


def ask(file: Path, *statements: str) -> list[tuple[Any, ...]]:
    with dbapi.connect(str(file)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        found = list(cursor.fetchall())
        connection.commit()
        return found


@pytest.fixture
def duck(tmp_path: Path, samples: Path) -> Path:
    """A file with the sample's rows in a table penguins, and types that only DuckDB has beside them."""
    file = tmp_path / "zoo.duckdb"
    ask(
        file,
        "CREATE TABLE penguins AS SELECT (row_number() OVER ())::INTEGER - 1 AS id, *, uuid() AS u, 1::HUGEINT AS h, "
        "'{\"a\": 1}'::JSON AS j, 'a'::ENUM('a', 'b') AS e, [1, 2] AS l, {'a': 1} AS s, 1.25::DECIMAL(9, 3) AS d, "
        f"TIMESTAMPTZ '2026-01-01 12:00+01' AS t, INTERVAL 1 DAY AS i FROM read_csv('{samples / 'penguins-rows.csv'}')",
        "ALTER TABLE penguins ADD PRIMARY KEY (id)",
    )
    return file


def types(file: Path, table: str) -> dict[str, str]:
    return {name: of for name, of, *_ in ask(file, f"DESCRIBE {table}")}


def male(file: Path, table: str) -> dict[int, float]:
    return dict(ask(file, f"SELECT id, male FROM {table}"))


def test_a_table_is_scored_into_a_new_one_with_the_same_types(
    duck: Path, score: Command, expected: dict[int, float]
) -> None:
    done = score("--source", f"duckdb:///{duck}", "--table", "penguins", "--target", "scores", "--chunk", 100)
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert male(duck, "scores") == pytest.approx(expected)
    of = types(duck, "penguins")
    assert types(duck, "scores") == {**of, "predict": "VARCHAR", "female": "DOUBLE", "male": "DOUBLE"}
    kept = ", ".join(of)
    assert ask(duck, f"SELECT count(*) FROM (SELECT {kept} FROM penguins INTERSECT SELECT {kept} FROM scores)") == [
        (348,)
    ]


@pytest.mark.parametrize("key", ["id", "u"])
def test_scores_are_written_into_the_table_that_is_read(
    duck: Path, score: Command, expected: dict[int, float], key: str
) -> None:
    command = ("--source", f"duckdb:///{duck}", "--table", "penguins", "--mode", "update", "--key", key, "--chunk", 90)
    assert score(*command).document.get("scored") == 348
    assert male(duck, "penguins") == pytest.approx(expected)
    assert score(*command).document["records"] == 0


def test_rejected_rows_keep_their_types_and_say_why(duck: Path, score: Command) -> None:
    ask(duck, "ALTER TABLE penguins ALTER body_mass_g TYPE VARCHAR", "SELECT 1")
    ask(duck, "UPDATE penguins SET body_mass_g = 'x' WHERE id < 3")
    done = score("--source", f"duckdb:///{duck}", "--table", "penguins", "--target", "scores", "--mode", "replace")
    assert (done.document["scored"], done.document["rejected"]) == (345, 3), done
    assert ask(duck, "SELECT DISTINCT _reject_code, h, d::VARCHAR FROM scores_rejected") == [
        ("not_a_number", 1, "1.250")
    ]


def test_columns_of_a_table_that_is_there_are_found_by_name(
    duck: Path, score: Command, expected: dict[int, float]
) -> None:
    ask(
        duck, "CREATE TABLE scores (male DECIMAL(9, 6), extra VARCHAR DEFAULT 'x', id BIGINT, female FLOAT)", "SELECT 1"
    )
    words = ("--table", "penguins", "--target", "scores", "--mode", "append", "--predictions", "female,male")
    done = score("--source", f"duckdb:///{duck}", *words, "--output-columns", "ids", "--id-columns", "id")
    assert done.code == 0, done
    found = {row: float(one) for row, one in male(duck, "scores").items()}
    assert found == pytest.approx(expected, abs=1e-5)
    assert ask(duck, "SELECT DISTINCT extra FROM scores") == [("x",)]


def test_a_run_that_is_killed_continues(duck: Path, samples: Path, expected: dict[int, float]) -> None:
    ask(
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
    assert sorted(ask(duck, "SELECT id FROM scores")) == [(row,) for row in range(20_000)]
    assert dict(ask(duck, "SELECT DISTINCT penguin, male FROM scores")) == pytest.approx(expected)


def test_a_query_that_changes_data_changes_none(duck: Path, score: Command) -> None:
    query = "SELECT 1) x; DROP TABLE penguins; SELECT * FROM (SELECT 1"
    done = score("--source", f"duckdb:///{duck}", "--query", query, "--target", "scores")
    assert (done.code, "read-only" in done.error) == (1, True), done
    assert ask(duck, "SELECT count(*) FROM penguins") == [(348,)]


def test_the_text_of_a_value_is_not_shown(duck: Path, score: Command) -> None:
    ask(duck, "CREATE TABLE scores (id INTEGER, predict INTEGER)", "SELECT 1")
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
