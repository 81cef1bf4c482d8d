"""Targets in PostgreSQL that are there already, of types and kinds that a new table does not have."""

from __future__ import annotations

import pytest

from tests.routes.database.support import Command
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

IDS = ("--mode", "append", "--output-columns", "ids", "--id-columns", "id")


def scores(server: Postgres, table: str) -> dict[int, float]:
    return {int(one["id"]): float(one["male"]) for one in server.ask(f"SELECT id, male FROM {table}")}


def test_a_target_with_texts_of_fixed_length_gets_whole_texts(server: Postgres, source: str, score: Command) -> None:
    server.ask("CREATE TABLE scores (id int, predict char(9), male float8, female numeric)")
    assert score("--source", source, "--table", "penguins", "--target", "scores", *IDS).code == 0
    assert {one["predict"] for one in server.ask("SELECT predict::text FROM scores")} == {"male", "female"}


def test_rows_are_updated_by_a_key_of_fixed_length(
    server: Postgres, source: str, score: Command, expected: dict[int, float]
) -> None:
    server.ask("ALTER TABLE penguins ADD k char(9) UNIQUE; UPDATE penguins SET k = 'k' || id")
    done = score("--source", source, "--table", "penguins", "--mode", "update", "--key", "k", "--chunk", 100)
    assert done.document.get("scored") == 348, done
    assert scores(server, "penguins") == pytest.approx(expected, rel=1e-6)
