"""The methods that a job needs of a database: reading a query as Arrow, writing tables, and transactions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

_PART = r'("(?:[^"]|"")+"|[^".]+)'
_NAME = re.compile(rf"(?:{_PART}\.)?{_PART}")


@dataclass(frozen=True)
class TableName:
    """The name of a table; without a schema it is in the connection's default schema."""

    name: str
    schema: str | None = None

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read ``table`` or ``schema.table``. A part in double quotes may have dots, and a quote is written twice.

        Raises ValueError for anything else.
        """
        found = _NAME.fullmatch(text.strip())
        if found is None:
            raise ValueError(text)
        parts = [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in found.groups() if part]
        return cls(parts[-1], parts[0] if len(parts) == 2 else None)

    def sibling(self, name: str) -> TableName:
        """A table with another name in the same schema."""
        return TableName(name, self.schema)

    def __str__(self) -> str:
        parts = [part for part in (self.schema, self.name) if part is not None]
        return ".".join(f'"{part}"' if "." in part else part for part in parts)


class Database(Protocol):
    """A connection. Changes are permanent, and visible to others, after :meth:`commit`."""

    creates_in_transaction: bool
    """Whether CREATE TABLE and DROP TABLE can be undone. In some databases they commit all changes before them."""

    can_write: bool
    """Whether tables can be written: false for databases that are only read."""

    def quoted(self, name: str | TableName) -> str:
        """A name in the quotes of this database, so that no part of it is read as SQL."""
        ...

    def full_name(self, table: TableName) -> tuple[str | None, str]:
        """The schema and the name of a table, which are the same for all spellings of its name."""
        ...

    def columns(self, table: TableName) -> dict[str, str] | None:
        """The columns of a table with their SQL types; None if there is no such table."""
        ...

    def key_of(self, table: TableName) -> tuple[str, ...]:
        """The columns of the table's primary key; () if it has no primary key."""
        ...

    def schema_of(self, query: str) -> pa.Schema:
        """The columns of a query's rows."""
        ...

    def has_null(self, query: str, column: str) -> bool:
        """Whether a row of the query has a null in the column."""
        ...

    def has_twice(self, query: str, column: str) -> bool:
        """Whether two rows of the query have the same value in the column."""
        ...

    def count(self, query: str) -> int:
        """How many rows a query has."""
        ...

    def read(
        self, query: str, key: str | None, after: str | None, rows: int
    ) -> AbstractContextManager[Iterator[pa.Table]]:
        """The rows of a query, ``rows`` at a time, ordered by ``key``, and only those whose key is above ``after``.

        ``after`` is a text of :meth:`key_text`. The query cannot change data. PostgreSQL and DuckDB read the rows of
        one moment, SQLite with a key reads each chunk when it is needed, and the others do what their cursors do. Types
        that only the database knows are kept.
        """
        ...

    def model_table(self, table: pa.Table) -> pa.Table:
        """The same rows, with types that every runtime knows."""
        ...

    def text_table(self, table: pa.Table) -> pa.Table:
        """The same rows, with types whose text is that of the values, for files."""
        ...

    def key_text(self, value: pa.Scalar) -> str:
        """A key as the text that :meth:`read` takes."""
        ...

    def sql_type(self, field: pa.Field) -> str:
        """The type of a new column for such values."""
        ...

    def create(self, table: TableName, schema: pa.Schema, key: str | None = None) -> None:
        """Make a table; ``key`` is its primary key."""
        ...

    def misfit(self, table: TableName, schema: pa.Schema) -> str | None:
        """Which column of a table cannot take such values, as the end of a sentence; None if none is known."""
        ...

    def add_columns(self, table: TableName, fields: Sequence[pa.Field]) -> None:
        """Add columns to a table."""
        ...

    def drop(self, table: TableName) -> None:
        """Delete a table."""
        ...

    def clear(self, table: TableName) -> None:
        """Delete all rows of a table."""
        ...

    def append(self, table: TableName, rows: pa.Table) -> None:
        """Add rows, their columns found by name."""
        ...

    def update(self, table: TableName, key: str, rows: pa.Table) -> int:
        """Set the other columns of ``rows`` in the rows with the same key; returns the number of changed rows."""
        ...

    def parameter(self, number: int) -> str:
        """The placeholder of a parameter in a statement; ``number`` counts from 1."""
        ...

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows."""
        ...

    def change(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run an UPDATE, INSERT or DELETE; returns the number of rows that it changed."""
        ...

    def commit(self) -> None:
        """Commit all changes since the last commit."""
        ...

    def rollback(self) -> None:
        """Undo all changes since the last commit."""
        ...

    def close(self) -> None:
        """Undo changes that were not committed, and close the connection."""
        ...
