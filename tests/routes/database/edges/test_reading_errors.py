"""Errors of a query that come while rows of PostgreSQL are read: the connection is not lost then."""

from __future__ import annotations

import pytest

from dai_routes.database.adbc import postgresql
from tests.routes.database.support import Command
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

NAMES = "species, island, bill_length_mm, bill_depth_mm, flipper_length_mm, date_egg"


@pytest.fixture
def many(server: Postgres, source: str) -> str:
    """The address of a database with a table many, a row of which has another text for a number."""
    server.ask(
        "CREATE TABLE many AS SELECT g AS n, p.* FROM generate_series(1, 100000) g JOIN penguins p ON p.id = g % 348;"
        "UPDATE many SET body_mass_g = 'very heavy' WHERE n = 99000"
    )
    return source


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"SELECT {NAMES}, body_mass_g::int FROM many", "invalid input syntax for type integer: ..."),
        (f"SELECT {NAMES}, body_mass_g FROM many WHERE 1 / (n - 99500) < 2", "division by zero"),
    ],
)
def test_an_error_of_the_query_is_said_without_the_value(many: str, score: Command, query: str, said: str) -> None:
    done = score("--source", many, "--query", query, "--target", "scores")
    assert (done.code, done.error) == (1, f"PostgreSQL says: {said}."), done


def test_a_lock_of_a_statement_before_is_said(source: str, score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_LOCK_MILLISECONDS", 200)
    words = ("--query", "SELECT * FROM penguins", "--target", "scores", "--before", "LOCK penguins")
    done = score("--source", source, *words)
    assert (done.code, "that of --before may" in done.error) == (1, True), done
