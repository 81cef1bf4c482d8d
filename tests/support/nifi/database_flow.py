"""The tables of a batch-database flow."""

from __future__ import annotations

import pyarrow as pa

from dai_scoring.scorer import Scorer
from tests.support.postgres import Database

COLUMNS = ("pclass", "sex", "age", "ticket", "fare", "cabin")


# What PostgreSQL makes of a number: every row differs from its neighbours, and the same number gives the same row.
MANY = """insert into {table} (pclass, sex, age, ticket, fare, cabin)
    select 1 + g % 3, case when g % 2 = 0 then 'male' else 'female' end, (g % 800) / 10.0, 'A' || g % 97,
           (g % 5000) / 10.0, 'C' || g % 41
    from generate_series(1, {rows}) g"""


def tables(database: Database, name: str, further: str = "", kept: str = "") -> dict[str, str]:
    """Make the three tables of a flow; its parameters."""
    database.ask(f"""
        create table {name} (id bigserial primary key, pclass integer, sex text, age text, ticket varchar(30),
                             fare numeric(30,12), cabin text {further});
        create table {name}_scores (id bigint primary key, survived_0 double precision, survived_1 double precision,
                                    written timestamptz default now() {kept});
        create table {name}_rejected (id bigint primary key, sex text, _reject_code text, _reject_column text,
                                      _reject_value text);""")
    return {
        "database.url": database.url,
        "database.user": database.user,
        "source.table": f"public.{name}",
        "key.column": "id",
        "target.table": f"{name}_scores",
        "rejected.table": f"{name}_rejected",
        "poll.interval": "1 sec",
    }


def agree(database: Database, name: str, scorer: Scorer, where: str) -> int:
    """Compare scores in the target table with those of the library; how many."""
    rows = database.ask(
        f"select s.*, t.survived_0, t.survived_1 from {name} s join {name}_scores t using (id) where {where}"
    )
    scored = scorer.score(pa.table({column: [row[column] or None for row in rows] for column in COLUMNS}))
    assert scored.predictions.to_pylist() == [
        {"survived.0": float(row["survived_0"]), "survived.1": float(row["survived_1"])} for row in rows
    ]
    return len(rows)
