"""Runs with a real PostgreSQL that end in the middle, as their connection breaks, and go on after that."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.routes.database.support import Command, cutting, end_in_the_middle
from tests.support.jdbc import driver
from tests.support.postgres import PASSWORD, Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

ROWS = 20_000
IDS = list(range(ROWS))


@pytest.fixture(params=["adbc", "jdbc"])
def source(
    server: Postgres, address: str, samples: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The address of a database with many rows, and functions that end their connection while a table broken exists."""
    server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    rows = samples / "penguins-rows.csv"
    names = rows.read_text().partition("\n")[0]
    columns = ", ".join(f"{name} text" for name in names.split(","))
    server.ask(f"CREATE TABLE penguins (n int GENERATED ALWAYS AS IDENTITY (START 0 MINVALUE 0), {columns})")
    server.ask(f"\\copy penguins ({names}) from '{rows}' csv header")
    server.ask(
        f"CREATE TABLE many AS SELECT g AS id, {names} FROM generate_series(0, {ROWS - 1}) g "
        "JOIN penguins p ON p.n = g % 348; ALTER TABLE many ADD PRIMARY KEY (id);"
        "CREATE FUNCTION ends(id int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
        "IF id = 10000 AND to_regclass('broken') IS NOT NULL THEN PERFORM pg_terminate_backend(pg_backend_pid()); "
        "END IF; RETURN id; END $$;"
        "CREATE FUNCTION ends_row() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM ends(NEW.id); RETURN NEW; END $$;"
    )
    if request.param == "adbc":
        return address
    monkeypatch.setenv("DAI_SCORE_JDBC_DRIVER", str(driver("postgresql")))
    monkeypatch.setenv("DAI_SCORE_SOURCE_USER", server.user)
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD", PASSWORD)
    return f"jdbc:postgresql://127.0.0.1:{server.port}/{server.name}"


def written(server: Postgres) -> list[int]:
    return sorted(int(one["id"]) for one in server.ask("SELECT id FROM scores"))


def test_the_connection_that_writes_breaks(server: Postgres, source: str, score: Command) -> None:
    server.ask(
        "CREATE TABLE scores (id int, male float8); CREATE TABLE broken ();"
        "CREATE TRIGGER t BEFORE INSERT ON scores FOR EACH ROW EXECUTE FUNCTION ends_row()"
    )
    words = ("--source", source, "--table", "many", "--target", "scores", "--mode", "append", "--chunk", 500)
    command = (*words, "--output-columns", "ids", "--id-columns", "id", "--predictions", "male")
    done = score(*command)
    assert (done.code, done.document["error"]["code"]) == (4, "connection_lost"), done
    assert "administrator command" in done.error
    assert "10,000 rows are written. Run the same command again" in done.error
    assert written(server) == list(range(10_000))
    server.ask("DROP TABLE broken")
    again = score(*command).document
    assert (again["written_earlier"], again["scored"]) == (10_000, 10_000)
    assert written(server) == IDS


@pytest.mark.parametrize("threads", [1, 3])
def test_the_connection_that_reads_breaks(server: Postgres, source: str, score: Command, threads: int) -> None:
    server.ask("CREATE TABLE broken ()")
    query = "SELECT *, ends(id) AS e FROM many WHERE id >= 0"
    words = ("--source", source, "--query", query, "--target", "scores", "--chunk", 500, "--threads", threads)
    command = (*words, "--key", "id", "--mode", "append")
    done = score(*command)
    assert (done.code, done.document["error"]["code"]) == (4, "connection_lost"), done
    server.ask("DROP TABLE broken")
    assert score(*command).code == 0
    assert written(server) == IDS


def test_without_a_key_nothing_is_written(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE TABLE broken ()")
    done = score("--source", source, "--query", "SELECT *, ends(id) AS e FROM many", "--target", "scores")
    assert (done.code, done.document["error"]["code"]) == (4, "connection_lost"), done
    assert "No row is written. Run the same command again" in done.error
    assert server.ask("SELECT to_regclass('scores') IS NULL AS none") == [{"none": "t"}]


@pytest.mark.parametrize(("sent", "received"), [(200_000, None), (None, 400_000)])
def test_the_network_breaks(
    server: Postgres, source: str, score: Command, sent: int | None, received: int | None
) -> None:
    command = ("--table", "many", "--target", "scores", "--mode", "append", "--chunk", 500)
    with cutting(server.port, sent, received) as port:
        done = score("--source", source.replace(str(server.port), str(port)), *command)
    assert (done.code, done.document["error"]["code"]) == (4, "connection_lost"), done
    assert "rows are written. Run the same command again" in done.error
    again = score("--source", source, *command)
    assert again.code == 0, again
    assert written(server) == IDS


@pytest.mark.parametrize("chunks", [1, 9, 20])
def test_ctrl_c_is_an_interruption_whatever_is_going_on(
    server: Postgres, source: str, samples: Path, chunks: int
) -> None:
    words = ["table", "-m", str(samples / "penguins.mojo"), "--source", source, "--table", "many", "--target", "scores"]
    command = [sys.executable, "-m", "dai_scoring.cli", *words, "--mode", "append", "--chunk", "500"]
    code, said = end_in_the_middle(command, chunks, signal.SIGINT)
    assert code == 130, said
    assert "Run the same command again to go on" in said
    assert "canceling" not in said
    subprocess.run(command, capture_output=True, check=True)
    assert written(server) == IDS
