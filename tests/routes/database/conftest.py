"""What these tests share: a PostgreSQL, the command, and the sample's rows in a table."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pytest

from dai_routes.database.addresses import open_database
from dai_routes.database.contract import TableName
from dai_routes.database.jdbc.settings import JdbcSettings
from dai_scoring.cli import app
from dai_scoring.scorer import RuntimeSettings
from tests.routes.database.support import PASSWORD as H2_PASSWORD
from tests.routes.database.support import Ask, Command, Done, ask_duckdb
from tests.support.jdbc import driver
from tests.support.postgres import PASSWORD, Postgres, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL of these tests."""
    with postgres() as server:
        yield server


@pytest.fixture
def address(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return f"postgresql://{server.user}@127.0.0.1:{server.port}/{server.name}"


@pytest.fixture
def score(samples: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call ``dai-score table`` in this process."""

    def call(*arguments: object) -> Done:
        words = ["table", "-m", str(samples / "penguins.mojo"), *map(str, arguments), "--json"]
        monkeypatch.setattr(sys, "argv", ["dai-score", *words])
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        code = 0
        try:
            app.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Done(code, json.loads(out.getvalue()))

    return call


@pytest.fixture(scope="session")
def rows(samples: Path) -> pa.Table:
    """The sample's rows, each with an id."""
    table = pc.read_csv(samples / "penguins-rows.csv")
    return table.append_column("id", pa.array(range(table.num_rows)))


@pytest.fixture(scope="session")
def expected(samples: Path) -> dict[int, float]:
    """The sample's scores for ``male`` by id."""
    return dict(enumerate(pc.read_csv(samples / "penguins-expected.csv").column("male").to_pylist()))


@pytest.fixture
def file(tmp_path: Path, rows: pa.Table) -> Path:
    """A file of SQLite with the rows in a table penguins, id its primary key."""
    path = tmp_path / "penguins.db"
    with sqlite3.connect(path) as database:
        names = [name for name in rows.schema.names if name != "id"]
        database.execute(f"CREATE TABLE penguins (id INTEGER PRIMARY KEY, {', '.join(names)})")
        texts = rows.set_column(rows.schema.get_field_index("date_egg"), "date_egg", rows["date_egg"].cast(pa.string()))
        values = [texts[name].to_pylist() for name in names]
        marks = ", ".join("?" for _ in rows.schema.names)
        database.executemany(
            f"INSERT INTO penguins VALUES ({marks})", zip(rows["id"].to_pylist(), *values, strict=True)
        )
    database.close()
    return path


@pytest.fixture
def duck(tmp_path: Path, samples: Path) -> Path:
    """A file with the sample's rows in a table penguins, and types that only DuckDB has beside them."""
    file = tmp_path / "zoo.duckdb"
    ask_duckdb(
        file,
        "CREATE TABLE penguins AS SELECT (row_number() OVER ())::INTEGER - 1 AS id, *, uuid() AS u, 1::HUGEINT AS h, "
        "'{\"a\": 1}'::JSON AS j, 'a'::ENUM('a', 'b') AS e, [1, 2] AS l, {'a': 1} AS s, 1.25::DECIMAL(9, 3) AS d, "
        f"TIMESTAMPTZ '2026-01-01 12:00+01' AS t, INTERVAL 1 DAY AS i FROM read_csv('{samples / 'penguins-rows.csv'}')",
        "ALTER TABLE penguins ADD PRIMARY KEY (id)",
    )
    return file


@pytest.fixture
def h2(tmp_path: Path, rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database with the sample's rows in a table penguins."""
    monkeypatch.setenv("DAI_SCORE_JDBC_DRIVER", str(driver("h2")))
    monkeypatch.setenv("DAI_SCORE_SOURCE_USER", "me")
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD", H2_PASSWORD)
    url = f"jdbc:h2:{tmp_path / 'zoo'}"
    with closing(_opened(url)) as database:
        names = [f'"{field.name}" {database.sql_type(field)}' for field in rows.schema if field.name != "id"]
        database.run(f'CREATE TABLE "penguins" ("id" INT PRIMARY KEY, {", ".join(names)})')
        database.append(TableName("penguins"), rows)
        database.commit()
    return url


def _opened(url: str) -> Any:
    settings = JdbcSettings((Path(os.environ["DAI_SCORE_JDBC_DRIVER"]),), RuntimeSettings())
    return open_database(url, settings, "DAI_SCORE_SOURCE", writes=False)


@pytest.fixture
def ask(h2: str) -> Ask:
    """Run statements in the database; no connection stays open, so that another process can open it."""

    def run(*statements: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        with closing(_opened(h2)) as database:
            for statement in statements:
                found = database.run(statement)
            database.commit()
        return found

    return run
