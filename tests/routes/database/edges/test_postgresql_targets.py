"""Targets in PostgreSQL that are there already, of types and kinds that a new table does not have."""

from __future__ import annotations

import pytest

from tests.routes.database.support import Command, scores_by_id
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

IDS = ("--mode", "append", "--output-columns", "ids", "--id-columns", "id")


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
    assert scores_by_id(server, "penguins") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("CREATE TABLE scores (id int GENERATED ALWAYS AS IDENTITY, {})", id="numbers of its own"),
        pytest.param("CREATE TABLE base (id int, {}); CREATE VIEW scores AS TABLE base", id="view"),
        pytest.param(
            "CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO guest; CREATE TABLE scores (id int, {})",
            id="later schema of the search path",
        ),
        pytest.param(
            "CREATE TABLE scores (id int, {}); ALTER TABLE scores ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY everybody ON scores USING (true)",
            id="row security",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["float8", "numeric"])
def test_a_target_is_filled_whatever_it_is(
    server: Postgres, source: str, score: Command, expected: dict[int, float], target: str, kind: str
) -> None:
    server.ask("DO $$ BEGIN CREATE ROLE guest; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    server.ask(target.format(f"predict text, female {kind}, male {kind}"))
    server.ask("GRANT ALL ON SCHEMA public TO guest; GRANT ALL ON ALL TABLES IN SCHEMA public TO guest")
    # A superuser is above row security. The schema other is there in one case only.
    address = f"{source}?options=-csearch_path%3Dother,public%20-crole%3Dguest"
    done = score("--source", address, "--table", "penguins", "--target", "scores", *IDS)
    assert done.code == 0, done
    assert scores_by_id(server) == pytest.approx(expected, rel=1e-6)
