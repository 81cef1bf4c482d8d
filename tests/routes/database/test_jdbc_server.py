"""A real PostgreSQL through its JDBC driver: a database behind a connection, which undoes a CREATE TABLE."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.routes.database.support import PASSWORD as H2_PASSWORD
from tests.routes.database.support import Ask, Command, scores_by_id
from tests.support.jdbc import driver
from tests.support.postgres import PASSWORD, Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

KEPT = "id, n, nn, zoned, local_time, day, bytes"


@pytest.fixture
def source(server: Postgres, samples: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database with the sample's rows in a table penguins, and other types beside them."""
    monkeypatch.setenv("DAI_SCORE_JDBC_DRIVER", str(driver("postgresql")))
    monkeypatch.setenv("DAI_SCORE_SOURCE_USER", server.user)
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD", PASSWORD)
    server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    server.ask(
        "CREATE TABLE penguins (id int GENERATED ALWAYS AS IDENTITY (START 0 MINVALUE 0) PRIMARY KEY, study_name text, "
        "individual_id varchar(20), species text, island text, bill_length_mm numeric(6, 2), bill_depth_mm real, "
        "flipper_length_mm smallint, body_mass_g numeric, date_egg date);"
        "ALTER TABLE penguins ADD n numeric(10, 3) DEFAULT 1.5, "
        "ADD nn numeric DEFAULT 1.23456789012345678901234567890, ADD zoned timestamptz DEFAULT now(), "
        "ADD local_time timestamp DEFAULT now(), ADD day date DEFAULT '0800-01-01', ADD bytes bytea DEFAULT '\\x00ff';"
    )
    rows = samples / "penguins-rows.csv"
    columns = rows.read_text().partition("\n")[0]
    server.ask(f"\\copy penguins ({columns}) from '{rows}' csv header")
    return f"jdbc:postgresql://127.0.0.1:{server.port}/{server.name}"


@pytest.mark.parametrize("mode", ["fail", "append", "replace"])
def test_values_and_scores_go_into_a_new_table(
    server: Postgres, source: str, score: Command, expected: dict[int, float], mode: str
) -> None:
    words = ("--table", "penguins", "--target", "scores", "--mode", mode, "--chunk", 100)
    done = score("--source", source, *words)
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert scores_by_id(server) == pytest.approx(expected, rel=1e-6)
    same = f"SELECT count(*) AS n FROM (SELECT {KEPT} FROM penguins INTERSECT SELECT {KEPT} FROM scores) x"
    assert server.ask(same) == [{"n": "348"}]


def test_scores_are_written_into_the_table_that_is_read(
    server: Postgres, source: str, score: Command, expected: dict[int, float]
) -> None:
    command = ("--source", source, "--table", "penguins", "--mode", "update", "--chunk", 100)
    assert score(*command).document.get("scored") == 348
    assert scores_by_id(server, "penguins") == pytest.approx(expected, rel=1e-6)
    assert score(*command).document["records"] == 0


@pytest.mark.usefixtures("source")
def test_types_of_postgresql_go_into_a_jdbc_database_as_text(
    server: Postgres, address: str, h2: str, ask: Ask, score: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ask(
        "ALTER TABLE penguins ADD u uuid DEFAULT '0aaebb79-3cb5-4a3d-8f35-a6a2b3b0f2c1', ADD a int[] DEFAULT '{1,2}', "
        "ADD j jsonb DEFAULT '{\"a\": 1}', ADD i interval DEFAULT '1 day'"
    )
    monkeypatch.setenv("DAI_SCORE_TARGET_USER", "me")
    monkeypatch.setenv("DAI_SCORE_TARGET_PASSWORD", H2_PASSWORD)
    monkeypatch.setenv("DAI_SCORE_SOURCE", address.replace("@", f":{PASSWORD}@"))
    done = score("--table", "penguins", "--target-db", h2, "--target", "scores")
    assert (done.code, done.document["scored"]) == (0, 348), done
    names = ("nn", "day", "bytes", "u", "a", "j")
    listed = ", ".join(f'"{name}"' for name in names)
    [found] = ask(f'SELECT DISTINCT {listed} FROM "scores"')
    assert found == (
        "1.23456789012345678901234567890",
        date(800, 1, 1),
        b"\x00\xff",
        "0aaebb79-3cb5-4a3d-8f35-a6a2b3b0f2c1",
        "{1,2}",
        '{"a": 1}',
    )


def test_a_query_that_changes_data_changes_none(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM penguins WHERE id > 5 RETURNING 1';")
    done = score("--source", source, "--query", "SELECT *, wipe() AS w FROM penguins", "--target", "scores")
    assert (done.code, "read-only transaction" in done.error) == (1, True), done
    assert server.count("penguins") == 348


def test_a_table_is_kept_if_its_replacement_fails(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE TABLE scores AS SELECT 1 AS old")
    words = ("--source", source, "--table", "penguins", "--target", "scores", "--mode", "replace")
    assert score(*words, "--after", "INSERT INTO nope VALUES (1)").code == 1
    assert server.ask("SELECT * FROM scores") == [{"old": "1"}]


def test_a_wrong_password_is_said(source: str, score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD", "wrong-one")
    done = score("--source", source, "--table", "penguins", "--target", "scores")
    assert (done.code, "password authentication failed" in done.error) == (4, True), done
    assert "wrong-one" not in str(done.document)
    nobody = score("--source", "jdbc:postgresql://127.0.0.1:1/x", "--table", "penguins", "--target", "scores")
    assert (nobody.code, "127.0.0.1:1" in nobody.error) == (4, True), nobody
