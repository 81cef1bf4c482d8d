"""A real MariaDB through its JDBC driver."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from tests.routes.database.support import Command
from tests.support.jdbc import driver
from tests.support.jdbc.mariadb import PASSWORD, USER, MariaDb, mariadb

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with mariadb() as found:
        yield found


@pytest.fixture
def source(server: MariaDb, rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database with the sample's rows in a table penguins."""
    monkeypatch.setenv("DAI_SCORE_JDBC_DRIVER", str(driver("mariadb")))
    monkeypatch.setenv("DAI_SCORE_SOURCE_USER", USER)
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD", PASSWORD)
    types = {pa.string(): "VARCHAR(50)", pa.date32(): "DATE"}
    columns = [f"{field.name} {types.get(field.type, 'DOUBLE')}" for field in rows.schema if field.name != "id"]
    texts = [", ".join("NULL" if value is None else f"'{value}'" for value in row.values()) for row in rows.to_pylist()]
    server.ask(
        "DROP DATABASE zoo",
        "CREATE DATABASE zoo",
        f"CREATE TABLE zoo.penguins ({', '.join(columns)}, id INT PRIMARY KEY, price DECIMAL(30, 10) DEFAULT 1.5, "
        "seen DATETIME(6) DEFAULT '2007-11-15 12:00:00.123456', noted TEXT DEFAULT 'ä', flag TINYINT(1) DEFAULT 2)",
        *(f"INSERT INTO zoo.penguins ({', '.join(rows.schema.names)}) VALUES ({text})" for text in texts),
    )
    return server.url


def scores(server: MariaDb, table: str) -> dict[int, float]:
    return {int(key): float(male) for key, male in server.ask(f"SELECT id, male FROM zoo.{table}")}


@pytest.mark.parametrize("mode", ["fail", "append", "replace"])
def test_values_and_scores_go_into_a_new_table(
    server: MariaDb, source: str, score: Command, expected: dict[int, float], mode: str
) -> None:
    words = ("--table", "penguins", "--target", "scores", "--mode", mode, "--chunk", 100)
    done = score("--source", source, *words)
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert scores(server, "scores") == pytest.approx(expected, rel=1e-6)
    kept = "SELECT id, body_mass_g, date_egg, price, seen, noted, flag FROM zoo"
    assert server.ask(f"SELECT count(*) FROM ({kept}.penguins INTERSECT {kept}.scores) x") == [["348"]]


def test_scores_are_written_into_the_table_that_is_read(
    server: MariaDb, source: str, score: Command, expected: dict[int, float]
) -> None:
    command = ("--source", source, "--table", "penguins", "--mode", "update", "--chunk", 100)
    assert score(*command).document.get("scored") == 348
    assert scores(server, "penguins") == pytest.approx(expected, rel=1e-6)
    assert score(*command).document["records"] == 0


def test_a_row_that_cannot_be_scored_is_in_the_table_of_rejected_rows(
    server: MariaDb, source: str, score: Command
) -> None:
    server.ask("ALTER TABLE zoo.penguins MODIFY body_mass_g TEXT", "UPDATE zoo.penguins SET body_mass_g='x' WHERE id=7")
    assert score("--source", source, "--table", "penguins", "--target", "scores").document["rejected"] == 1
    found = server.ask("SELECT id, _reject_code, _reject_column, _reject_value FROM zoo.scores_rejected")
    assert found == [["7", "not_a_number", "body_mass_g", "x"]]


def test_a_value_that_a_table_refuses_is_not_shown(
    server: MariaDb, source: str, score: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    server.ask("CREATE TABLE zoo.scores (id INT, predict INT, female DOUBLE, male DOUBLE)")
    words = ("--target", "scores", "--mode", "append", "--output-columns", "ids", "--id-columns", "id")
    done = score("--source", source, "--table", "penguins", *words)
    assert (done.code, "refuses a value" in done.error) == (1, True), done
    # The driver writes the server's message to standard error, if it is let.
    assert "male'" not in done.error + capfd.readouterr().err
