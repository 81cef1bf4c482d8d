"""Tables behind Arrow Flight SQL, of the server of SQLite that Arrow has as an example."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from tests.routes.database.support import Command, cutting
from tests.support.packages.go import go_program
from tests.support.ports import free_port
from tests.support.waiting import until

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

dbapi = pytest.importorskip("adbc_driver_flightsql.dbapi", reason="the extra flightsql is not installed")

MODULE = "github.com/apache/arrow-go/v18/arrow/flight/flightsql/example/cmd/sqlite_flightsql_server"
VERSION = "v18.8.0"
MANY = 20_000


class Server(NamedTuple):
    """A server of Flight SQL with the sample's rows in a table penguins."""

    url: str
    process: subprocess.Popen[bytes]

    def ask(self, statement: str, rows: pa.Table | None = None) -> list[tuple[Any, ...]]:
        with dbapi.connect(self.url, autocommit=True) as connection, connection.cursor() as cursor:
            if rows is not None:
                cursor.executemany(statement, rows)
                return []
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def answers(self) -> bool:
        try:
            return self.ask("SELECT 1") == [(1,)]
        except dbapi.Error:
            return False


@pytest.fixture
def server(rows: pa.Table) -> Iterator[Server]:
    with running(free_port(), rows) as found:
        yield found


@contextmanager
def running(port: int, rows: pa.Table) -> Iterator[Server]:
    program = go_program(MODULE, VERSION, "Arrow's server of Flight SQL")
    command = [program, "-host", "127.0.0.1", "-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            found = Server(f"grpc://127.0.0.1:{port}", process)
            until(found.answers)
            index = rows.schema.get_field_index("date_egg")
            texts = rows.set_column(index, "date_egg", rows["date_egg"].cast(pa.string()))
            types = {pa.int64(): "INTEGER", pa.float64(): "REAL"}
            columns = ", ".join(f'"{field.name}" {types.get(field.type, "TEXT")}' for field in texts.schema)
            found.ask(f"CREATE TABLE penguins ({columns}, PRIMARY KEY (id))")
            found.ask(f"INSERT INTO penguins VALUES ({', '.join('?' * len(texts.schema))})", texts)
            yield found
        finally:
            process.kill()


def test_rows_go_into_a_file(server: Server, tmp_path: Path, score: Command, expected: dict[int, float]) -> None:
    done = score("--source", server.url, "--table", "penguins", "--csv", tmp_path / "scores.csv")
    assert (done.code, done.document["scored"]) == (0, 348), done
    with (tmp_path / "scores.csv").open() as text:
        assert {int(one["id"]): float(one["male"]) for one in csv.DictReader(text)} == pytest.approx(expected)


def test_rows_go_into_another_database_by_their_key(
    server: Server, tmp_path: Path, score: Command, expected: dict[int, float]
) -> None:
    file = tmp_path / "scores.db"
    words = ("--target-db", f"sqlite:///{file}", "--target", "scores", "--mode", "append", "--key", "id", "--chunk", 90)
    command = ("--source", server.url, "--table", "penguins", *words)
    server.ask("CREATE TABLE later AS SELECT * FROM penguins WHERE id >= 300")
    server.ask("DELETE FROM penguins WHERE id >= 300")
    assert score(*command).document.get("scored") == 300
    server.ask("INSERT INTO penguins SELECT * FROM later")
    again = score(*command).document
    assert (again["written_earlier"], again["scored"]) == (300, 48)
    with closing(sqlite3.connect(file)) as database:
        assert dict(database.execute("SELECT id, male FROM scores")) == pytest.approx(expected)


def test_keys_of_bytes_go_on_where_they_ended(server: Server, tmp_path: Path, score: Command) -> None:
    file = tmp_path / "scores.db"
    server.ask("CREATE TABLE keyed AS SELECT * FROM penguins WHERE id < 0")
    server.ask("ALTER TABLE keyed ADD k BLOB")
    fill = "INSERT INTO keyed SELECT *, CAST('k' || (100 + id) AS BLOB) FROM penguins WHERE id"
    server.ask(f"{fill} < 300")
    words = ("--target-db", f"sqlite:///{file}", "--target", "scores", "--mode", "append", "--key", "k", "--chunk", 90)
    command = ("--source", server.url, "--query", "SELECT * FROM keyed", *words)
    first = score(*command)
    assert first.document.get("scored") == 300, first
    server.ask(f"{fill} >= 300")
    again = score(*command)
    assert (again.document.get("written_earlier"), again.document.get("scored")) == (300, 48), again


def test_it_is_only_read(server: Server, score: Command, file: Path) -> None:
    same = score("--source", server.url, "--table", "penguins", "--target", "scores")
    other = score("--source", f"sqlite:///{file}", "--table", "penguins", "--target-db", server.url, "--target", "s")
    for done in (same, other):
        assert (done.code, "is only read" in done.error) == (2, True), done


def test_what_is_not_there_is_said(server: Server, score: Command, tmp_path: Path) -> None:
    words = ("--csv", tmp_path / "scores.csv")
    done = score("--source", server.url, "--table", "penguin_", *words)
    assert (done.code, "There is no table penguin_" in done.error) == (5, True), done
    done = score("--source", server.url, "--query", "SELECT * FROM nope", *words)
    assert (done.code, "no such table: nope" in done.error) == (1, True), done
    server.process.kill()
    server.process.wait()
    done = score("--source", server.url, "--table", "penguins", *words)
    assert (done.code, "does not answer" in done.error) == (4, True), done


def test_a_column_without_a_type_is_said(server: Server, score: Command, tmp_path: Path) -> None:
    done = score(
        "--source", server.url, "--query", "SELECT *, id + 1 AS next FROM penguins", "--csv", tmp_path / "s.csv"
    )
    assert (done.code, "The column next of the query has no type" in done.error) == (1, True), done


def test_a_server_that_dies_in_the_middle(rows: pa.Table, score: Command, tmp_path: Path) -> None:
    file = tmp_path / "scores.db"
    words = ("--table", "many", "--key", "id", "--chunk", 500, "--output-columns", "ids", "--id-columns", "id")
    command = (*words, "--target-db", f"sqlite:///{file}", "--target", "scores", "--mode", "append")
    port = free_port()
    with running(port, rows) as server, cutting(port, None, 1_000_000, server.process.kill) as before:
        make_many(server, rows)
        done = score("--source", f"grpc://127.0.0.1:{before}", *command)
    assert (done.code, done.document["error"]["code"]) == (4, "connection_lost"), done
    assert "rows are written. Run the same command again: it continues after them." in done.error
    # At the same address: another one is another source.
    with running(before, rows) as server:
        make_many(server, rows)
        again = score("--source", server.url, *command)
    assert again.code == 0, again
    with closing(sqlite3.connect(file)) as database:
        assert [one for (one,) in database.execute("SELECT id FROM scores ORDER BY id")] == list(range(MANY))


def make_many(server: Server, rows: pa.Table) -> None:
    """Make a table of many rows, with the types of the first one."""
    names = ", ".join(f'"{name}"' for name in rows.column_names if name != "id")
    server.ask("CREATE TABLE many AS SELECT * FROM penguins WHERE id < 0")
    server.ask(
        f"INSERT INTO many (id, {names}) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {MANY - 1}) SELECT i, {names} FROM n JOIN penguins p ON p.id = n.i % 348"
    )
