"""Tables of a real PostgreSQL: its types, its locks, and runs that are killed."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from dai_routes.database.adbc.connection import AdbcDatabase
from dai_routes.database.adbc.postgresql import PostgreSQL
from dai_routes.database.contract import TableName
from tests.routes.database.support import Command, kill_in_the_middle
from tests.support.postgres import PASSWORD, Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


@pytest.fixture
def source(server: Postgres, address: str, samples: Path) -> str:
    """The address of a database with the sample's rows in a table penguins, of types that only PostgreSQL has."""
    server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    server.ask(
        "CREATE TABLE penguins (id int GENERATED ALWAYS AS IDENTITY (START 0 MINVALUE 0) PRIMARY KEY, study_name text, "
        "individual_id varchar(20), species text, island text, bill_length_mm numeric(6, 2), bill_depth_mm real, "
        "flipper_length_mm smallint, body_mass_g numeric, date_egg date);"
        "ALTER TABLE penguins ADD u uuid DEFAULT gen_random_uuid(), ADD j jsonb DEFAULT '{\"a\": [1]}', "
        "ADD a int[] DEFAULT '{1,2}', ADD i interval DEFAULT '1 day', ADD t timestamptz DEFAULT '2026-01-01 12:00+01';"
    )
    rows = samples / "penguins-rows.csv"
    columns = rows.read_text().partition("\n")[0]
    server.ask(f"\\copy penguins ({columns}) from '{rows}' csv header")
    return address


def scores(server: Postgres, table: str) -> dict[int, float | None]:
    return {int(one["id"]): float(one["male"]) if one["male"] else None for one in server.ask(f"SELECT * FROM {table}")}


def types(server: Postgres, table: str) -> dict[str, str]:
    found = server.ask(
        f"SELECT attname, atttypid::regtype AS type FROM pg_attribute WHERE attrelid = '{table}'::regclass "
        "AND attnum > 0 AND NOT attisdropped"
    )
    return {one["attname"]: one["type"] for one in found}


def test_a_table_is_scored_into_a_new_one_with_the_same_types(
    server: Postgres, source: str, score: Command, expected: dict[int, float]
) -> None:
    done = score("--source", source, "--table", "penguins", "--target", "scores", "--chunk", 100)
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert scores(server, "scores") == pytest.approx(expected, rel=1e-6)
    of = types(server, "penguins")
    assert types(server, "scores") == {
        **of,
        "predict": "text",
        "female": "double precision",
        "male": "double precision",
    }
    kept = ", ".join(of)
    same = f"SELECT count(*) AS n FROM (SELECT {kept} FROM penguins INTERSECT SELECT {kept} FROM scores) x"
    assert server.ask(same) == [{"n": "348"}]


def test_rejected_rows_keep_their_types_and_say_why(server: Postgres, source: str, score: Command) -> None:
    server.ask("ALTER TABLE penguins ALTER body_mass_g TYPE text; UPDATE penguins SET body_mass_g = 'x' WHERE id < 3;")
    done = score("--source", source, "--query", "TABLE penguins;", "--target", "s.scores", "--rejected", "public.bad")
    assert (done.code, done.document["error"]["code"]) == (1, "database")
    server.ask("CREATE SCHEMA s")
    done = score("--source", source, "--query", "TABLE penguins;", "--target", "s.scores", "--rejected", "public.bad")
    assert (done.document["scored"], done.document["rejected"]) == (345, 3)
    assert server.count("s.scores") == 345
    found = server.ask("SELECT id, u = (SELECT u FROM penguins p WHERE p.id = bad.id) AS same, _reject_code FROM bad")
    assert found == [{"id": str(row), "same": "t", "_reject_code": "not_a_number"} for row in range(3)]


def test_scores_go_into_a_table_of_other_types(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE TABLE scores (extra text DEFAULT 'x', male numeric, id bigint, female real, predict varchar(9))")
    words = ("--table", "penguins", "--target", "scores", "--output-columns", "ids", "--id-columns", "id")
    assert score("--source", source, *words, "--mode", "append").code == 0
    assert len(scores(server, "scores")) == 348
    assert server.ask("SELECT DISTINCT extra FROM scores") == [{"extra": "x"}]
    lacking = score("--source", source, "--table", "penguins", "--target", "scores", "--mode", "append")
    assert (lacking.code, "dai_score_progress" in lacking.error) == (8, False), lacking
    assert "has no column study_name" in lacking.error


@pytest.mark.parametrize("key", ["id", "u"])
def test_scores_are_written_into_the_table_that_is_read(
    server: Postgres, source: str, score: Command, expected: dict[int, float], key: str
) -> None:
    command = ("--source", source, "--table", "penguins", "--key", key, "--mode", "update", "--chunk", 100)
    assert score(*command).document["scored"] == 348
    assert scores(server, "penguins") == pytest.approx(expected, rel=1e-6)
    assert score(*command).document["records"] == 0


def test_an_update_finds_keys_of_text_in_any_order(
    server: Postgres, source: str, score: Command, expected: dict[int, float]
) -> None:
    server.ask(
        "CREATE COLLATION other (provider = icu, locale = 'de-u-co-phonebk');"
        "ALTER TABLE penguins ADD k text COLLATE other; UPDATE penguins SET k = chr(65 + id % 60) || id;"
        "ALTER TABLE penguins ADD UNIQUE (k);"
    )
    done = score("--source", source, "--table", "penguins", "--key", "k", "--mode", "update", "--chunk", 50)
    assert done.document.get("scored") == 348, done
    assert scores(server, "penguins") == pytest.approx(expected, rel=1e-6)


def test_a_query_that_changes_data_changes_none(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM penguins WHERE id > 5 RETURNING 1';")
    query = "SELECT *, wipe() AS w FROM penguins"
    done = score("--source", source, "--query", query, "--target", "scores")
    assert (done.code, "read-only transaction" in done.error) == (1, True), done
    assert server.count("penguins") == 348


def test_what_keeps_it_from_connecting_is_said_with_what_to_do(
    server: Postgres, source: str, score: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("--query", "SELECT 1 AS other", "--target", "scores")
    nowhere = score("--source", source.replace(f":{server.port}/", ":1/"), *query)
    assert (nowhere.code, "Check the host and the port" in nowhere.error) == (4, True), nowhere
    lacking = score("--source", f"{source}x", *query)
    assert (lacking.code, "Check the name of the database" in lacking.error) == (4, True), lacking
    other = score("--source", f"mysql://{server.user}@127.0.0.1/x", *query)
    assert (other.code, "--jdbc-driver" in other.error) == (2, True), other
    absent = score("--source", source, *query).error
    assert ("The records have: other." in absent, "CSV" in absent) == (True, False), absent
    monkeypatch.setenv("PGPASSWORD", "wrong")
    refused = score("--source", source, *query)
    assert (refused.code, "the password in PGPASSWORD" in refused.error) == (4, True), refused


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--preview", 3), ("--inspect",)])
def test_a_query_that_changes_data_is_refused_in_every_look_at_it(
    server: Postgres, source: str, score: Command, words: tuple[object, ...]
) -> None:
    server.ask("CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM penguins WHERE id > 5 RETURNING 1';")
    query = "SELECT * FROM penguins WHERE wipe() = 1 -- and more"
    score("--source", source, "--query", query, "--key", "id", "--target", "scores", *words)
    assert server.count("penguins") == 348
    done = score("--source", source, "--query", "DELETE FROM penguins RETURNING *", "--target", "scores", *words)
    assert words == ("--inspect",) or (done.code, "begins with DELETE" in done.error) == (2, True), done
    assert server.count("penguins") == 348


def test_a_column_of_the_target_that_takes_no_such_values_is_named(
    server: Postgres, source: str, score: Command
) -> None:
    server.ask("CREATE TABLE scores (id int, predict text, female date, male float8)")
    words = ("--table", "penguins", "--target", "scores", "--mode", "append", "--output-columns", "ids")
    for more in ((), ("--dry-run",)):
        done = score("--source", source, *words, "--id-columns", "id", *more)
        assert (done.code, "female, which is date there" in done.error) == (8, True), done


def test_the_text_of_a_value_is_not_shown(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE TABLE scores (id int, predict int)")
    words = ("--table", "penguins", "--target", "scores", "--mode", "append", "--predictions", "predict")
    done = score("--source", source, *words, "--output-columns", "ids", "--id-columns", "id")
    assert (done.code, "invalid input syntax for type integer" in done.error) == (1, True), done
    assert "male" not in done.error


def test_user_and_password_come_from_variables(
    server: Postgres, source: str, score: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("DAI_SCORE_SOURCE_USER", server.user)
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD_FILE", str(secret))
    done = score("--source", source.replace(f"{server.user}@", ""), "--table", "penguins", "--target", "scores")
    assert (done.code, server.count("scores")) == (0, 348), done


def test_columns_that_differ_by_case_only_are_different(
    server: Postgres, source: str, score: Command, expected: dict[int, float]
) -> None:
    server.ask('ALTER TABLE penguins ADD "Species" text DEFAULT \'x\', ADD "ID" int DEFAULT 1')
    assert score("--source", source, "--table", "penguins", "--target", "scores").code == 0
    assert scores(server, "scores") == pytest.approx(expected, rel=1e-6)
    assert server.ask('SELECT DISTINCT "Species", "ID" FROM scores') == [{"Species": "x", "ID": "1"}]
    wrong = score("--source", source, "--table", "penguins", "--target", "more", "--key", "Id")
    assert (wrong.code, "There is no column Id" in wrong.error) == (5, True), wrong


def test_statements_before_and_after_are_of_the_transaction(server: Postgres, source: str, score: Command) -> None:
    command = ("--source", source, "--query", "TABLE penguins", "--target", "scores", "--mode", "append")
    server.ask("CREATE TABLE log (n int)")
    failed = score(*command, "--before", "INSERT INTO log VALUES (1)", "--after", "INSERT INTO nope VALUES (1)")
    assert failed.code == 1
    assert server.count("log") == 0
    done = score(*command, "--after", "INSERT INTO log SELECT count(*) FROM scores")
    assert (done.code, server.ask("SELECT n FROM log")) == (0, [{"n": "348"}])


def test_decimals_are_written_by_copy_as_they_are_by_a_cast(
    server: Postgres, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    server.ask(
        "CREATE TABLE source (a numeric(9,2), b numeric(38,3), c numeric(8,4), d numeric(1), e float8, f text);"
        "INSERT INTO source VALUES (7.50, -12345678901234567890.123, 0.001, 1, 0.5, 'x'), (0, 0, -0, NULL, NULL, 'y'),"
        "(NULL, 99.999, 100, -9, 1, NULL), (-0.01, 1, 1e3, 0, 2, '')"
    )
    odd = ("a = 'NaN'", "a = 1, b = 10::numeric ^ 34")
    staged = []
    plain = AdbcDatabase.append

    def append(self: AdbcDatabase, table: TableName, rows: pa.Table) -> None:
        staged.append(str(table))
        plain(self, table, rows)

    monkeypatch.setattr(AdbcDatabase, "append", append)
    with closing(PostgreSQL(address)) as database:
        server.ask("CREATE TABLE wide (a numeric, b numeric, c numeric, d numeric, e float8, f text)")
        server.ask(
            "CREATE TABLE rounded (a numeric(9,1), b numeric(38,1), c numeric(8,1), d numeric(8,4), e float8, f text)"
        )
        copy_rows(database, "source", "made")
        copy_rows(database, "source", "wide")
        copy_rows(database, "source", "rounded")
        assert staged == ["wide", "rounded"]
        for number, change in enumerate(odd):
            server.ask(f"UPDATE source SET {change} WHERE d = 1")
            copy_rows(database, "source", f"odd{number}")
        assert staged[2:] == ["odd0"]
    types = server.ask(
        "SELECT format_type(atttypid, atttypmod) t FROM pg_attribute WHERE attrelid = 'made'::regclass AND attnum > 0"
    )
    assert [one["t"] for one in types][:4] == ["numeric(9,2)", "numeric(38,3)", "numeric(8,4)", "numeric(1,0)"]
    assert server.ask("TABLE wide") == server.ask("TABLE made")
    assert server.ask("TABLE odd1") == server.ask("TABLE source")
    assert server.ask("TABLE rounded") == server.ask(
        "SELECT a::numeric(9,1), b::numeric(38,1), c::numeric(8,1), d::numeric(8,4), e, f FROM made"
    )


def copy_rows(database: PostgreSQL, source: str, target: str) -> None:
    with database.read(f"TABLE {source}", None, None, 100) as tables:
        rows = next(tables)
    if database.columns(TableName(target)) is None:
        database.create(TableName(target), rows.schema)
    database.append(TableName(target), rows)
    database.commit()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the timers of sockets are read from Linux")
def test_a_silent_connection_is_asked_for_a_sign_of_life(server: Postgres, address: str) -> None:
    for url, seconds in ((address, 60), (f"{address}?keepalives_idle=300", 300)):
        with closing(PostgreSQL(url)):
            timers = [timer for timer in keepalive_timers(server.port) if timer > 0]
            assert timers, "no connection has a timer"
            assert seconds / 2 < max(timers) <= seconds


def keepalive_timers(port: int) -> list[float]:
    """The seconds until the next question, of each open connection to a port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # remote address, state 01 (open), and the timer: 02 is that of keepalives, in hundredths of a second.
    timers = [line[5] for line in lines if int(line[2].rpartition(":")[2], 16) == port and line[3] == "01"]
    return [int(timer[3:], 16) / 100 for timer in timers if timer.startswith("02:")]


def test_a_wrong_password_is_said(source: str, score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    done = score("--source", source, "--table", "penguins", "--target", "scores")
    assert (done.code, "password authentication failed" in done.error) == (4, True), done
    assert "wrong-one" not in done.error


def test_a_run_that_is_killed_goes_on_and_writes_every_row_once(
    server: Postgres, source: str, samples: Path, expected: dict[int, float]
) -> None:
    server.ask(
        "CREATE TABLE many AS SELECT g AS id, p.id AS penguin, study_name, individual_id, species, island, "
        "bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, date_egg "
        "FROM generate_series(0, 19999) g JOIN penguins p ON p.id = g % 348; ALTER TABLE many ADD PRIMARY KEY (id);"
        "ALTER TABLE many ALTER body_mass_g TYPE text; UPDATE many SET body_mass_g = 'x' WHERE id % 1000 = 7;"
    )
    words = ["table", "-m", str(samples / "penguins.mojo"), "--source", source, "--table", "many", "--target", "scores"]
    command = [sys.executable, "-m", "dai_scoring.cli", *words, "--mode", "append", "--chunk", "500"]
    chance = random.Random(1)
    for _ in range(3):
        kill_in_the_middle(command, chance.randrange(1, 10))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "that earlier runs have written" in done.stdout
    kept, rejected = server.ask("SELECT id FROM scores"), server.ask("SELECT id FROM scores_rejected")
    assert sorted(int(one["id"]) for one in [*kept, *rejected]) == list(range(20_000))
    assert {int(one["id"]) for one in rejected} == set(range(7, 20_000, 1000))
    found = {int(one["penguin"]): float(one["male"]) for one in server.ask("SELECT DISTINCT penguin, male FROM scores")}
    assert found == pytest.approx(expected, rel=1e-6)
