"""Keys of types whose text is not plain: a run goes on after the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routes.database.support import Command, ask_duckdb, ask_sqlite
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def test_keys_of_bytes_go_on_where_they_ended(server: Postgres, source: str, score: Command) -> None:
    server.ask(
        "ALTER TABLE penguins ADD k bytea; UPDATE penguins SET k = decode(md5(id::text), 'hex');"
        "CREATE TABLE later AS SELECT * FROM penguins WHERE k >= '\\x80'; DELETE FROM penguins WHERE k >= '\\x80'"
    )
    words = ("--source", source, "--table", "penguins", "--key", "k", "--target", "scores", "--mode", "append")
    first = score(*words, "--chunk", 30).document["scored"]
    server.ask("INSERT INTO penguins OVERRIDING SYSTEM VALUE SELECT * FROM later")
    done = score(*words, "--chunk", 30)
    assert done.document.get("scored") == 348 - first, done
    assert server.ask("SELECT count(DISTINCT k) AS n FROM scores") == [{"n": "348"}]


@pytest.mark.parametrize(
    "key",
    [
        "from_hex(md5(id::VARCHAR))",
        "('z' || lpad(id::VARCHAR, 3, '0'))::BLOB",
        "make_timestamp_ns(1577836800000000001 + id)",
    ],
)
def test_keys_of_duckdb_go_on_where_they_ended(
    duck: Path, score: Command, expected: dict[int, float], key: str
) -> None:
    ask_duckdb(duck, f"CREATE TABLE keyed AS SELECT {key} AS k, * FROM penguins", "SELECT 1")
    ask_duckdb(duck, "CREATE TABLE later AS SELECT * FROM keyed ORDER BY k DESC LIMIT 100", "SELECT 1")
    ask_duckdb(duck, "DELETE FROM keyed WHERE k IN (SELECT k FROM later)", "SELECT 1")
    words = ("--source", f"duckdb:///{duck}", "--table", "keyed", "--key", "k", "--target", "scores", "--chunk", 30)
    assert score(*words, "--mode", "append").document.get("scored") == 248
    ask_duckdb(duck, "INSERT INTO keyed SELECT * FROM later", "SELECT 1")
    done = score(*words, "--mode", "append")
    assert done.document.get("scored") == 100, done
    assert dict(ask_duckdb(duck, "SELECT id, male FROM scores")) == pytest.approx(expected)


def test_a_primary_key_of_sqlite_may_be_null_and_is_refused(file: Path, score: Command) -> None:
    names = "species, island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, date_egg"
    ask_sqlite(file, f"CREATE TABLE keyed (k TEXT PRIMARY KEY, {names})")
    ask_sqlite(file, f"INSERT INTO keyed SELECT iif(id < 60, NULL, 'k' || id), {names} FROM penguins")
    done = score("--source", f"sqlite:///{file}", "--table", "keyed", "--target", "scores", "--chunk", 50)
    assert (done.code, "rows without a value" in done.error) == (1, True), done
