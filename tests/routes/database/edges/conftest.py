"""The sample's rows in a PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres import Postgres


@pytest.fixture
def source(server: Postgres, address: str, samples: Path) -> str:
    """The address of a database with the sample's rows in a table penguins, id its primary key."""
    server.ask("DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    rows = samples / "penguins-rows.csv"
    names = rows.read_text().partition("\n")[0]
    columns = ", ".join(f"{name} text" for name in names.split(","))
    number = "id int GENERATED ALWAYS AS IDENTITY (START 0 MINVALUE 0) PRIMARY KEY"
    server.ask(f"CREATE TABLE penguins ({number}, {columns})")
    server.ask(f"\\copy penguins ({names}) from '{rows}' csv header")
    return address
