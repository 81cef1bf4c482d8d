"""The SQL statements that all databases share. Names are quoted as in the SQL standard, and values are parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from dai_routes.database.contract import TableName


def quoted(name: str | TableName) -> str:
    """A name in quotes, as in the SQL standard, so that no part of it is read as SQL."""
    if isinstance(name, TableName):
        return ".".join(quoted(part) for part in (name.schema, name.name) if part)
    if "\0" in name:
        raise ValueError("a name with a zero character")
    return '"' + name.replace('"', '""') + '"'


def as_table(query: str) -> str:
    """A query as a subquery, to select from."""
    return f"({query.strip().rstrip(';')}) AS dai_score_source"


def select(query: str, key: str | None = None, after: str | None = None) -> str:
    """A query, ordered by its key if it has one. ``after`` is a key as SQL: only rows with higher keys are read."""
    found = f"SELECT * FROM {as_table(query)}"  # noqa: S608 - the user's own query
    if key is not None and after is not None:
        found += f" WHERE {quoted(key)} > {after}"
    return found + (f" ORDER BY {quoted(key)}" if key is not None else "")


class SqlDatabase(ABC):
    """The methods of :class:`~dai_routes.database.contract.Database` that need only these statements."""

    @abstractmethod
    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows."""

    @abstractmethod
    def sql_type(self, field: pa.Field) -> str:
        """The type of a new column for such values."""

    def changed(self, table: TableName) -> None:  # noqa: B027 - a database that caches no columns has nothing to do
        """Called when the columns of a table have changed."""

    def has_null(self, query: str, column: str) -> bool:
        """Whether a row of the query has a null in the column."""
        return bool(self.run(f"SELECT 1 FROM {as_table(query)} WHERE {quoted(column)} IS NULL LIMIT 1"))  # noqa: S608

    def has_twice(self, query: str, column: str) -> bool:
        """Whether two rows of the query have the same value in the column."""
        name = quoted(column)
        return bool(self.run(f"SELECT 1 FROM {as_table(query)} GROUP BY {name} HAVING count(*) > 1 LIMIT 1"))  # noqa: S608

    def count(self, query: str) -> int:
        """How many rows a query has."""
        return int(self.run(f"SELECT count(*) FROM {as_table(query)}")[0][0])  # noqa: S608

    def create(self, table: TableName, schema: pa.Schema, key: str | None = None) -> None:
        """Make a table; ``key`` is its primary key."""
        columns = [f"{quoted(field.name)} {self.sql_type(field)}" for field in schema]
        if key is not None:
            columns.append(f"PRIMARY KEY ({quoted(key)})")
        self.run(f"CREATE TABLE {quoted(table)} ({', '.join(columns)})")
        self.changed(table)

    def add_columns(self, table: TableName, fields: Sequence[pa.Field]) -> None:
        """Add columns to a table."""
        for field in fields:
            self.run(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(field.name)} {self.sql_type(field)}")
        self.changed(table)

    def drop(self, table: TableName) -> None:
        """Delete a table."""
        self.run(f"DROP TABLE {quoted(table)}")
        self.changed(table)
