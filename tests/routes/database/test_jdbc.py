"""Tables of a real H2, and of Derby, through their JDBC drivers: types, transactions, and runs that are killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from dai_scoring.runtimes.java import jvm
from tests.routes.database.support import PASSWORD, Ask, Command, kill_in_the_middle
from tests.support.jdbc import driver

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

TYPES = {
    "n": ("DECIMAL(20, 4)", "1234567890123456.7891"),
    "big": ("BIGINT", "-9223372036854775808"),
    "small": ("SMALLINT", "7"),
    "d": ("DOUBLE PRECISION", "0.1"),
    "f": ("REAL", "0.1"),
    "truth": ("BOOLEAN", "TRUE"),
    "day": ("DATE", "DATE '1500-02-03'"),
    "last_time": ("TIMESTAMP(6)", "TIMESTAMP '9999-12-31 23:59:59.123456'"),
    "nanos": ("TIMESTAMP(9)", "TIMESTAMP '2026-03-29 02:30:00.123456789'"),
    "zoned": ("TIMESTAMP(9) WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE '2026-01-01 00:00:00.123456789+05:30'"),
    "clock": ("TIME(3)", "TIME '12:00:00.123'"),
    "long_text": ("CHARACTER LARGE OBJECT", "'Grüße \N{GRINNING FACE}'"),
    "text": ("CHARACTER VARYING(20)", "''"),
    "fixed": ("CHARACTER(3)", "'ab '"),
    "u": ("UUID", "'0aaebb79-3cb5-4a3d-8f35-a6a2b3b0f2c1'"),
    "short_bytes": ("BINARY VARYING(5)", "X'0102'"),
    "bytes": ("BINARY LARGE OBJECT", "X'00ff'"),
    "decimal_float": ("DECFLOAT(20)", "1.23E10"),
    "document": ("JSON", "JSON '{\"a\":[1]}'"),
    "span": ("INTERVAL DAY", "INTERVAL '3' DAY"),
}


def male(ask: Ask, table: str) -> dict[int, float]:
    return dict(ask(f'SELECT "id", "male" FROM "{table}"'))


def test_a_table_is_scored_into_a_new_one(h2: str, ask: Ask, score: Command, expected: dict[int, float]) -> None:
    done = score("--source", h2, "--table", "penguins", "--target", "scores", "--chunk", 100)
    assert (done.code, done.document["records"], done.document["scored"]) == (0, 348, 348), done
    assert male(ask, "scores") == pytest.approx(expected)


def test_types_and_values_are_kept(h2: str, ask: Ask, score: Command) -> None:
    columns = ", ".join(f'"{name}" {of}' for name, (of, _) in TYPES.items())
    values = ", ".join(value for _, value in TYPES.values())
    ask(
        f'CREATE TABLE "odd" ("id" INT PRIMARY KEY, {columns})',
        f'INSERT INTO "odd" VALUES (0, {values})',
        'INSERT INTO "odd" ("id") VALUES (1)',
        'CREATE VIEW "both" AS SELECT p.*, o.* EXCEPT (o."id") FROM "penguins" p JOIN "odd" o ON p."id" = o."id"',
    )
    done = score("--source", h2, "--table", "both", "--key", "id", "--target", "scores")
    assert (done.code, done.document["scored"]) == (0, 2), done
    names = ", ".join(f'"{name}"' for name in TYPES)
    assert ask(f'SELECT count(*) FROM (SELECT {names} FROM "odd" EXCEPT SELECT {names} FROM "scores") x') == [(0,)]
    about = (
        "SELECT column_name, data_type_sql(table_schema, table_name, 'TABLE', dtd_identifier) "
        "FROM information_schema.columns WHERE table_name = 'scores'"
    )
    types = dict(ask(about))
    assert {name: types[name] for name in TYPES} == {name: of for name, (of, _) in TYPES.items()}


def test_rejected_rows_say_why(h2: str, ask: Ask, score: Command) -> None:
    ask(
        'ALTER TABLE "penguins" ALTER COLUMN "body_mass_g" VARCHAR(20)',
        'UPDATE "penguins" SET "body_mass_g" = \'x\' WHERE "id" < 3',
    )
    done = score("--source", h2, "--query", 'SELECT * FROM "penguins"', "--target", "s", "--rejected", "bad")
    assert (done.document["scored"], done.document["rejected"]) == (345, 3), done
    found = ask('SELECT "id", "_reject_code", "_reject_column" FROM "bad" ORDER BY "id"')
    assert found == [(row, "not_a_number", "body_mass_g") for row in range(3)]


@pytest.mark.parametrize("mode", ["fail", "append", "replace"])
def test_without_a_key_all_is_written_or_nothing(h2: str, ask: Ask, score: Command, mode: str) -> None:
    query = ("--source", h2, "--query", 'SELECT * FROM "penguins" ORDER BY "id"', "--chunk", 50, "--mode", mode)
    ask(
        'ALTER TABLE "penguins" ALTER COLUMN "body_mass_g" VARCHAR(20)',
        'UPDATE "penguins" SET "body_mass_g" = \'x\' WHERE "id" = 60',
    )
    if mode != "fail":
        score("--source", h2, "--query", 'SELECT * FROM "penguins" WHERE "id" < 5', "--target", "scores")
    failed = score(*query, "--target", "scores", "--after", "INSERT INTO nope VALUES (1)")
    assert (failed.code, failed.document["error"]["code"]) == (1, "database"), failed
    before = [] if mode == "fail" else list(range(5))
    assert [one for (one,) in ask('SELECT "id" FROM "scores" ORDER BY "id"')] == before
    if mode == "fail":
        ask('DROP TABLE "scores"')
    done = score(*query, "--target", "scores")
    assert (done.code, done.document["scored"], done.document["rejected"]) == (0, 347, 1), done
    assert ask('SELECT count(*) FROM "scores"') == [(352 if mode == "append" else 347,)]
    assert ask('SELECT "id" FROM "scores_rejected"') == [(60,)]


def test_scores_are_written_into_the_table_that_is_read(
    h2: str, ask: Ask, score: Command, expected: dict[int, float]
) -> None:
    command = ("--source", h2, "--table", "penguins", "--mode", "update", "--chunk", 100)
    done = score(*command)
    assert done.document.get("scored") == 348, done
    assert male(ask, "penguins") == pytest.approx(expected)
    assert score(*command).document["records"] == 0


@pytest.mark.parametrize(
    "sql",
    [
        '"id" - 100000000000',
        'CAST("id" AS DECIMAL(30, 3)) / 8',
        'CAST("id" AS DOUBLE PRECISION) / 3',
        "LPAD(\"id\", 5, '0') || 'é'",
        "DATE '1400-01-01' + \"id\"",
        "DATEADD(MICROSECOND, \"id\", TIMESTAMP '1960-01-01 00:00:00')",
        "CAST(DATEADD(NANOSECOND, \"id\", TIMESTAMP '2026-03-29 02:30:00') AS TIMESTAMP(9))",
        "CAST(DATEADD(NANOSECOND, \"id\", TIMESTAMP WITH TIME ZONE '2026-01-01 00:00:00+05:30') "
        "AS TIMESTAMP(9) WITH TIME ZONE)",
        "CAST('0aaebb79-3cb5-4a3d-8f35-' || LPAD(\"id\", 12, '0') AS UUID)",
        'CAST("id" AS VARBINARY(9))',
    ],
)
def test_keys_of_all_types_go_on_where_they_ended(h2: str, ask: Ask, score: Command, sql: str) -> None:
    ask(f'CREATE VIEW "keyed" AS SELECT {sql} AS "k", p.* FROM "penguins" p')
    ask('CREATE TABLE "part" AS SELECT * FROM "keyed" ORDER BY "k" FETCH FIRST 200 ROWS ONLY')
    words = ("--table", "part", "--key", "k", "--target", "scores", "--mode", "append", "--chunk", 100)
    done = score("--source", h2, *words)
    assert done.document.get("scored") == 200, done
    ask('INSERT INTO "part" SELECT * FROM "keyed" WHERE "id" NOT IN (SELECT "id" FROM "part")')
    again = score("--source", h2, *words)
    assert (again.document.get("written_earlier"), again.document.get("scored")) == (200, 148), again
    assert ask('SELECT count(*), count(DISTINCT "id") FROM "scores"') == [(348, 348)]


def test_rows_that_have_come_since_are_appended(h2: str, ask: Ask, score: Command, expected: dict[int, float]) -> None:
    command = ("--source", h2, "--table", "penguins", "--target", "scores", "--mode", "append")
    ask(
        'CREATE TABLE "later" AS SELECT * FROM "penguins" WHERE "id" >= 300', 'DELETE FROM "penguins" WHERE "id" >= 300'
    )
    assert score(*command).document["scored"] == 300
    ask('INSERT INTO "penguins" SELECT * FROM "later"')
    again = score(*command).document
    assert (again["written_earlier"], again["scored"]) == (300, 48)
    assert male(ask, "scores") == pytest.approx(expected)


def test_names_are_quoted(h2: str, ask: Ask, score: Command, expected: dict[int, float]) -> None:
    ask('CREATE TABLE "a.b ""; DROP TABLE penguins; --" AS SELECT p.*, p."id" AS "the ""key""" FROM "penguins" p')
    name = '"a.b ""; DROP TABLE penguins; --"'
    done = score("--source", h2, "--table", name, "--key", 'the "key"', "--target", '"1.2_%"', "--chunk", 99)
    assert done.code == 0, done
    assert male(ask, "1.2_%") == pytest.approx(expected)


def test_a_preview_writes_nothing(h2: str, ask: Ask, score: Command, expected: dict[int, float]) -> None:
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'PUBLIC'"
    done = score("--source", h2, "--table", "penguins", "--target", "scores", "--preview", 3)
    assert {one["id"]: one["male"] for one in done.document["scored"]} == pytest.approx(
        {i: expected[i] for i in range(3)}
    )
    dry = score("--source", h2, "--table", "penguins", "--target", "scores", "--dry-run")
    assert dry.document == {"records": 348}
    assert ask(tables) == [("penguins",)]


def test_scores_go_into_another_database(
    h2: str, score: Command, expected: dict[int, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAI_SCORE_JDBC_DRIVER", os.pathsep.join(map(str, (driver("h2"), driver("derby")))))
    # Otherwise Derby writes a log into the working folder.
    jvm.java_class("java.lang.System").setProperty("derby.stream.error.file", os.devnull)
    other = f"jdbc:derby:{tmp_path / 'derby'};create=true"
    command = ("--source", h2, "--table", "penguins", "--target-db", other, "--target", "APP.scores")
    done = score(*command, "--chunk", 100, "--mode", "append")
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert score(*command, "--chunk", 100, "--mode", "append").document["records"] == 0
    again = ("--source", other, "--table", "APP.scores", "--mode", "update", "--key", "id", "--prefix", "again_")
    done = score(*again)
    assert (done.code, done.document["scored"]) == (0, 348), done
    done = score("--source", other, "--table", "APP.scores", "--preview", 400, "--target", "x", "--prefix", "third_")
    for name in ("male", "again_male", "third_male"):
        assert {one["id"]: one[name] for one in done.document["scored"]} == pytest.approx(expected)
    # Derby undoes a DROP TABLE.
    replace = ("--source", h2, "--table", "penguins", "--target-db", other, "--target", "APP.scores")
    failed = score(*replace, "--mode", "replace", "--after", "INSERT INTO nope VALUES (1)")
    assert failed.code == 1
    count = ("--source", other, "--table", "APP.scores", "--target", "x", "--prefix", "third_", "--dry-run")
    assert score(*count).document == {"records": 348}
    assert score(*replace, "--mode", "replace").document["scored"] == 348


def test_rows_of_sqlite_go_into_a_jdbc_database(
    h2: str, ask: Ask, file: Path, score: Command, expected: dict[int, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAI_SCORE_TARGET_USER", "me")
    monkeypatch.setenv("DAI_SCORE_TARGET_PASSWORD", PASSWORD)
    words = ("--table", "penguins", "--target-db", h2, "--target", "scores", "--chunk", 100)
    done = score("--source", f"sqlite:///{file}", *words)
    assert (done.code, done.document["scored"]) == (0, 348), done
    assert male(ask, "scores") == pytest.approx(expected)


def test_a_run_that_is_killed_goes_on_and_writes_every_row_once(
    h2: str, ask: Ask, samples: Path, expected: dict[int, float]
) -> None:
    ask(
        'CREATE TABLE "many" AS SELECT g.x AS "id", p."id" AS "penguin", p.* EXCEPT (p."id") '
        'FROM SYSTEM_RANGE(0, 19999) g JOIN "penguins" p ON p."id" = MOD(g.x, 348)',
        'ALTER TABLE "many" ALTER COLUMN "body_mass_g" VARCHAR(20)',
        'UPDATE "many" SET "body_mass_g" = \'x\' WHERE MOD("id", 1000) = 7',
    )
    words = [
        "table",
        "-m",
        str(samples / "penguins.mojo"),
        "--source",
        h2,
        "--table",
        "many",
        "--target",
        "scores",
    ]
    command = [sys.executable, "-m", "dai_scoring.cli", *words, "--mode", "append", "--key", "id", "--chunk", "500"]
    chance = random.Random(1)
    for _ in range(3):
        kill_in_the_middle(command, chance.randrange(1, 10))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    kept, rejected = ask('SELECT "id" FROM "scores"'), ask('SELECT "id" FROM "scores_rejected"')
    assert sorted(one for (one,) in [*kept, *rejected]) == list(range(20_000))
    assert {one for (one,) in rejected} == set(range(7, 20_000, 1000))
    assert dict(ask('SELECT DISTINCT "penguin", "male" FROM "scores"')) == pytest.approx(expected)
