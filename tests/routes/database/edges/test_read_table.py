"""The table that is read is not replaced, in whatever way its name is written as the target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.routes.database.support import Ask, Command, ask_duckdb, ask_sqlite
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


@pytest.fixture(params=["sqlite", "duckdb", "postgresql", "h2"])
def read(request: pytest.FixtureRequest) -> tuple[str, str, Callable[[], Any]]:
    """An address, the schema of its table penguins, and what counts the rows of that table."""
    get = request.getfixturevalue
    if request.param == "sqlite":
        file: Path = get("file")
        return f"sqlite:///{file}", "main", lambda: ask_sqlite(file, "SELECT count(*) FROM penguins")[0][0]
    if request.param == "duckdb":
        duck: Path = get("duck")
        return f"duckdb:///{duck}", "main", lambda: ask_duckdb(duck, "SELECT count(*) FROM penguins")[0][0]
    if request.param == "postgresql":
        server: Postgres = get("server")
        address: str = get("source")
        return address, "public", lambda: int(server.ask("SELECT count(*) AS n FROM penguins")[0]["n"])
    ask: Ask = get("ask")
    return get("h2"), "PUBLIC", lambda: ask('SELECT count(*) FROM "penguins"')[0][0]


@pytest.mark.parametrize("option", ["--target", "--rejected"])
@pytest.mark.parametrize("with_schema", ["read", "written"])
def test_the_table_that_is_read_is_not_replaced(
    read: tuple[str, str, Callable[[], Any]], score: Command, option: str, with_schema: str
) -> None:
    address, schema, count = read
    names = ["penguins", f"{schema}.penguins"]
    source, written = names if with_schema == "written" else reversed(names)
    target = ("--target", "scores") if option == "--rejected" else ()
    done = score("--source", address, "--table", source, *target, option, written, "--mode", "replace")
    assert f"{option} is the table that is read" in done.error
    assert count() == 348


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_names_that_differ_in_case_are_one_table(request: pytest.FixtureRequest, score: Command, kind: str) -> None:
    file = request.getfixturevalue({"sqlite": "file", "duckdb": "duck"}[kind])
    address = (f"{kind}:///{file}", "--table", "penguins", "--mode", "replace")
    assert "--target is the table that is read" in score("--source", *address, "--target", "PENGUINS").error
    same = score("--source", *address, "--target", "scores", "--rejected", "Scores")
    assert "name the same table" in same.error
    assert score("--source", *address, "--target", "scores").document["scored"] == 348


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_the_table_that_is_read_is_not_replaced_by_way_of_another_address(
    request: pytest.FixtureRequest, score: Command, kind: str
) -> None:
    file: Path = request.getfixturevalue({"sqlite": "file", "duckdb": "duck"}[kind])
    ask = {"sqlite": ask_sqlite, "duckdb": ask_duckdb}[kind]
    other = f"{kind}:///{file.parent / '.' / '..' / file.parent.name / file.name}"
    words = ("--source", f"{kind}:///{file}", "--table", "penguins", "--target-db", other, "--target", "penguins")
    done = score(*words, "--mode", "replace", "--predictions", "predict")
    assert "--target is the table that is read" in done.error
    assert ask(file, "SELECT count(body_mass_g) FROM penguins")[0][0] > 340


def test_tables_of_one_name_in_two_schemas_are_two(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE SCHEMA other; ALTER TABLE penguins SET SCHEMA other")
    done = score("--source", source, "--table", "other.penguins", "--target", "penguins", "--mode", "replace")
    assert done.document.get("scored") == 348, done
