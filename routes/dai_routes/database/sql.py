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
    """A query as a subquery, to select from. Oracle allows no AS before the name of a subquery."""
    # On a line of its own: a query may end with a comment.
    return f"({query.strip().rstrip(';')}\n) dai_score_source"


def select(query: str, key: str | None = None, after: str | None = None, columns: str = "*") -> str:
    """A query, ordered by its key if it has one. ``after`` is a key as SQL: only rows with higher keys are read."""
    found = f"SELECT {columns} FROM {as_table(query)}"  # noqa: S608 - the user's own query
    if key is None:
        return found
    # Not the column of the same name that is selected, which may be the text of the key.
    place = f"dai_score_source.{quoted(key)}"
    return f"{found}{'' if after is None else f' WHERE {place} > {after}'} ORDER BY {place}"


class SqlDatabase(ABC):
    """The methods of :class:`~dai_routes.database.contract.Database` that need only these statements."""

    creates_in_transaction = True
    """See the contract."""
    can_write = True
    """See the contract."""

    @abstractmethod
    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows."""

    def look(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query that has the user's query in it, and cannot change data; returns its rows."""
        return self.run(query)

    @abstractmethod
    def sql_type(self, field: pa.Field) -> str:
        """The type of a new column for such values."""

    def quoted(self, name: str | TableName) -> str:
        """A name in the quotes of this database, so that no part of it is read as SQL."""
        return quoted(name)

    def default_schema(self) -> str | None:
        """The schema of tables whose name has none; None if nobody knows."""
        return None

    def full_name(self, table: TableName) -> tuple[str | None, str]:
        """See the contract. Few databases tell names apart that differ only in case, and nobody means two tables so."""
        schema = self.default_schema() if table.schema is None else table.schema
        return (None if schema is None else schema.casefold(), table.name.casefold())

    def change(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run an UPDATE, INSERT or DELETE; returns the number of rows that it changed."""
        return len(self.run(f"{statement} RETURNING 1", parameters))

    def changed(self, table: TableName) -> None:  # noqa: B027 - a database that caches no columns has nothing to do
        """Called when the columns of a table have changed."""

    @abstractmethod
    def model_table(self, table: pa.Table) -> pa.Table:
        """The same rows, with types that every runtime knows."""

    def text_table(self, table: pa.Table) -> pa.Table:
        """See the contract."""
        return self.model_table(table)

    def has_null(self, query: str, column: str) -> bool:
        """Whether a row of the query has a null in the column."""
        return bool(self.look(f"SELECT 1 FROM {as_table(query)} WHERE {quoted(column)} IS NULL LIMIT 1"))  # noqa: S608

    def has_twice(self, query: str, column: str) -> bool:
        """Whether two rows of the query have the same value in the column."""
        name = quoted(column)
        return bool(self.look(f"SELECT 1 FROM {as_table(query)} GROUP BY {name} HAVING count(*) > 1 LIMIT 1"))  # noqa: S608

    def count(self, query: str) -> int:
        """How many rows a query has."""
        return int(self.look(f"SELECT count(*) FROM {as_table(query)}")[0][0])  # noqa: S608

    def create(self, table: TableName, schema: pa.Schema, key: str | None = None) -> None:
        """Make a table; ``key`` is its primary key."""
        columns = [f"{self.quoted(field.name)} {self.column_type(field, field.name == key)}" for field in schema]
        if key is not None:
            columns.append(f"PRIMARY KEY ({self.quoted(key)})")
        self.run(f"CREATE TABLE {self.quoted(table)} ({', '.join(columns)})")
        self.changed(table)

    def column_type(self, field: pa.Field, is_key: bool) -> str:
        """The type of a new column, or of the primary key of a new table."""
        return self.sql_type(field)

    def misfit(self, table: TableName, schema: pa.Schema) -> str | None:
        """See the contract. Many databases can only be asked by writing."""
        return None

    def add_columns(self, table: TableName, fields: Sequence[pa.Field]) -> None:
        """Add columns to a table."""
        for field in fields:
            # Some databases do not know ADD COLUMN; all know ADD.
            self.run(f"ALTER TABLE {self.quoted(table)} ADD {self.quoted(field.name)} {self.sql_type(field)}")
        self.changed(table)

    def drop(self, table: TableName) -> None:
        """Delete a table."""
        self.run(f"DROP TABLE {self.quoted(table)}")
        self.changed(table)

    def clear(self, table: TableName) -> None:
        """Delete all rows of a table."""
        self.run(f"DELETE FROM {self.quoted(table)}")  # noqa: S608
