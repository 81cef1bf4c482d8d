"""Types of PostgreSQL that its driver does not know, or whose values it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routes.database.support import Command, scores_by_id
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

TYPES = {
    "folded": ("other.citext", "'Ab'"),
    "mood": ('other."Mood"', "'happy'"),
    "pair": ("other.pair", "'(1,\"x, y\")'"),
    "net": ("inet", "'10.0.0.1/8'"),
    "price": ("money", "3.5"),
    "span": ("int4range", "'[1,5)'"),
    "clock": ("timetz", "'12:00:00+01'"),
    "bits": ("bit(3)", "B'101'"),
    "few_bits": ("bit varying(5)", "B'1011'"),
    "grid": ("int[]", "'{{1,2},{3,4}}'"),
    "shifted": ("int[]", "'[5:6]={1,2}'"),
    "nets": ("inet[]", "'{10.0.0.1,10.0.0.2}'"),
    "place": ("point", "'(1,2)'"),
    "words": ("tsvector", "'a b'"),
    "letter": ('"char"', "'x'"),
    "number": ("oid", "4000000000"),
    "age": ("interval", "'10000000:00:00'"),
}


@pytest.fixture
def odd(server: Postgres, source: str) -> str:
    """The address of a database whose table penguins has all of these types too, some of another schema."""
    server.ask(
        "CREATE SCHEMA other; CREATE EXTENSION citext SCHEMA other; CREATE TYPE other.pair AS (a int, b text);"
        "CREATE TYPE other.\"Mood\" AS ENUM ('sad', 'happy');"
        f"ALTER TABLE penguins {', '.join(f'ADD {name} {of} DEFAULT {value}' for name, (of, value) in TYPES.items())}"
    )
    return source


@pytest.mark.parametrize("key", ["id", "folded"])
def test_types_and_values_of_postgresql_are_kept(
    server: Postgres, odd: str, score: Command, expected: dict[int, float], key: str
) -> None:
    server.ask("UPDATE penguins SET folded = 'K' || id")
    done = score("--source", odd, "--table", "penguins", "--key", key, "--target", "scores", "--chunk", 100)
    assert (done.code, done.document.get("scored")) == (0, 348), done
    assert scores_by_id(server) == pytest.approx(expected, rel=1e-6)
    texts = ", ".join(f"{name}::text" for name in TYPES)
    same = f"SELECT count(*) AS n FROM (SELECT id, {texts} FROM penguins INTERSECT SELECT id, {texts} FROM scores) x"
    assert server.ask(same) == [{"n": "348"}]
    types = "SELECT attname, atttypid::regtype FROM pg_attribute WHERE attnum > 0 AND attrelid = '{}'::regclass"
    assert server.ask(f"{types.format('penguins')} EXCEPT {types.format('scores')}") == []
    assert score("--source", odd, "--table", "penguins", "--key", key, "--mode", "update").document["scored"] == 348


def test_values_of_postgresql_are_shown_and_written_to_a_file(odd: str, score: Command, tmp_path: Path) -> None:
    shown = score("--source", odd, "--table", "penguins", "--preview", 2).document["scored"][0]
    assert (shown["net"], shown["price"], shown["number"]) == ("10.0.0.1/8", "$3.50", "4000000000")
    file = tmp_path / "scores.csv"
    assert score("--source", odd, "--table", "penguins", "--csv", file).code == 0
    assert '"{{1,2},{3,4}}"' in file.read_text().splitlines()[1]


def test_texts_of_a_type_without_case_are_scored(
    server: Postgres, odd: str, score: Command, expected: dict[int, float]
) -> None:
    server.ask("ALTER TABLE penguins ALTER species TYPE other.citext")
    assert score("--source", odd, "--table", "penguins", "--target", "scores").code == 0
    assert scores_by_id(server) == pytest.approx(expected, rel=1e-6)
