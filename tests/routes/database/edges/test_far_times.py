"""Dates and times that Arrow or Python do not have: infinite ones, and those of far years."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routes.database.support import Command, scores_by_id
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

NAMES = ("day", "later", "since")


@pytest.fixture
def endless(server: Postgres, source: str) -> str:
    """The address of a database whose table penguins has such columns too, in each third row infinite."""
    for name, kind in zip(NAMES, ("date", "timestamp", "timestamptz"), strict=True):
        values = "(ARRAY['infinity', '-infinity', '2020-02-01 12:00:00.25+00', '11999-01-01'])[id % 4 + 1]"
        server.ask(f"ALTER TABLE penguins ADD {name} {kind}; UPDATE penguins SET {name} = {values}::{kind}")
    return source


def test_infinite_times_are_kept(server: Postgres, endless: str, score: Command) -> None:
    done = score("--source", endless, "--table", "penguins", "--target", "scores", "--chunk", 90)
    assert (done.code, done.document.get("scored")) == (0, 348), done
    texts = ", ".join(f"{name}::text" for name in NAMES)
    assert server.ask(f"SELECT id, {texts} FROM penguins EXCEPT SELECT id, {texts} FROM scores") == []


@pytest.mark.parametrize("kind", NAMES)
def test_a_run_goes_on_after_keys_of_infinite_and_far_times(
    server: Postgres, endless: str, score: Command, kind: str
) -> None:
    server.ask("CREATE TABLE later AS SELECT * FROM penguins WHERE id < 4; CREATE TABLE few (LIKE penguins)")
    words = ("--table", "few", "--target", "scores", "--key", kind, "--mode", "append", "--chunk", 1)
    # From -infinity to infinity.
    for row in (1, 2, 3, 0):
        server.ask(f"INSERT INTO few SELECT * FROM later WHERE id = {row}")
        done = score("--source", endless, *words)
        assert done.document.get("scored") == 1, done
    assert server.count("scores") == 4


def test_infinite_and_far_times_are_shown_and_written_to_a_file(endless: str, score: Command, tmp_path: Path) -> None:
    for kind in NAMES:
        query = f"SELECT * FROM (SELECT *, row_number() OVER (ORDER BY id) FROM penguins) p WHERE {kind} IS NOT NULL"
        shown = score("--source", endless, "--query", query, "--preview", 4)
        assert (shown.code, [one[kind] for one in shown.document["scored"]][:2]) == (0, ["infinity", "-infinity"])
    assert score("--source", endless, "--table", "penguins", "--csv", tmp_path / "scores.csv").code == 0
    assert ",infinity,infinity,infinity," in (tmp_path / "scores.csv").read_text()
    far = score("--source", endless, "--query", "SELECT * FROM penguins WHERE id % 4 = 3", "--preview", 1)
    assert far.document["scored"][0]["day"] == "11999-01-01"


def test_an_infinite_date_for_the_model_rejects_its_row(
    server: Postgres, endless: str, score: Command, expected: dict[int, float]
) -> None:
    server.ask("ALTER TABLE penguins ALTER date_egg TYPE date USING nullif(date_egg, '')::date")
    server.ask("UPDATE penguins SET date_egg = 'infinity' WHERE id = 5")
    done = score("--source", endless, "--table", "penguins", "--target", "scores")
    assert done.document.get("rejected") == 1, done
    assert server.ask("SELECT id, _reject_code, _reject_column FROM scores_rejected") == [
        {"id": "5", "_reject_code": "not_a_date", "_reject_column": "date_egg"}
    ]
    assert scores_by_id(server) == pytest.approx({row: one for row, one in expected.items() if row != 5}, rel=1e-6)


def test_nanoseconds_are_shown(duck: Path, score: Command) -> None:
    query = "SELECT *, make_timestamp_ns(1577836800000000001) AS n FROM penguins"
    shown = score("--source", f"duckdb:///{duck}", "--query", query, "--preview", 1)
    assert (shown.code, str(shown.document["scored"][0]["n"])) == (0, "2020-01-01 00:00:00.000000001"), shown
