"""What databases with an ADBC driver have in common: connections, statements, and queries that cannot change data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from adbc_driver_manager import Error

from dai_routes.database.adbc.cursors import Cursor, opened
from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError, LostConnectionError, first_line
from dai_routes.database.sql import SqlDatabase, as_table, quoted, select

STAGE = TableName("dai_score_stage")
"""The temporary table from which the database casts values to the types of the target."""

HEX = r"\x"
"""What the text of a key of bytes begins with, as PostgreSQL writes it; hexadecimal digits follow."""


class AdbcDatabase(SqlDatabase):
    """A connection that writes; others, which are read-only, run the user's query."""

    product = "the database"
    overriding = ""
    """What an INSERT says to write into columns that the database numbers itself."""
    _connection: Any

    def __init__(self) -> None:
        self._types: dict[TableName, dict[str, str]] = {}

    @abstractmethod
    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Any]:
        """A connection in a transaction that cannot change data. It is rolled back and closed at the end."""

    def failure(self, error: BaseException) -> DatabaseError:
        """A driver's error in this command's words, without values of rows."""
        return DatabaseError(f"{self.product} says: {first_line(error)}.")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise a driver's errors as this command's."""
        try:
            yield
        # Errors while rows are read are raised by Arrow, and those of a broken connection are Python's OSError.
        except (Error, pa.ArrowException, OSError) as error:
            raise self.failure(error) from None

    def schema_of(self, query: str) -> pa.Schema:
        """See :class:`~dai_routes.database.contract.Database`."""
        with self.reading() as connection, self.errors(), opened(connection) as cursor:
            cursor.execute(f"SELECT * FROM {as_table(query)} LIMIT 0")  # noqa: S608 - the user's own query
            return cursor.table().schema

    def look(self, query: str) -> list[tuple[Any, ...]]:
        """See the base class."""
        with self.reading() as connection, self.errors(), opened(connection) as cursor:
            cursor.execute(query)
            return cursor.rows()

    def read(
        self, query: str, key: str | None, after: str | None, rows: int
    ) -> AbstractContextManager[Iterator[pa.Table]]:
        """See the contract."""
        return self.selected("*", query, key, after, rows)

    @contextmanager
    def selected(
        self, columns: str, query: str, key: str | None, after: str | None, rows: int
    ) -> Iterator[Iterator[pa.Table]]:
        """Some columns of a query, read as the contract says."""
        with self.reading() as connection:
            cursor = Cursor(connection)
            reader = None
            try:
                with self.errors():
                    literal = None if after is None else self.literal(cursor, after, query, str(key))
                    self.prepare(cursor)
                    cursor.execute(select(query, key, literal, columns))
                    reader = cursor.batches()
                yield self._in_tables(reader, rows)
            finally:
                # In this order: the driver refuses to close a connection while a reader is open.
                if reader is not None:
                    reader.close()
                cursor.close()

    @abstractmethod
    def literal(self, cursor: Cursor, text: str, query: str, key: str) -> str:
        """The text of a key as SQL, to compare the column ``key`` of a query with it."""

    def prepare(self, cursor: Cursor) -> None:
        """Set the driver's options for a long query."""

    def _in_tables(self, reader: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
        waiting: list[pa.RecordBatch] = []
        count = 0
        with self.errors():
            for batch in reader:
                waiting.append(batch)
                count += batch.num_rows
                while count >= rows:
                    whole = pa.Table.from_batches(waiting)
                    yield whole.slice(0, rows).combine_chunks()
                    waiting = whole.slice(rows).to_batches()
                    count -= rows
        if count:
            yield pa.Table.from_batches(waiting).combine_chunks()

    def key_text(self, value: pa.Scalar) -> str:
        """See the contract."""
        try:
            found = value.as_py()
        except (OverflowError, ValueError):
            # Python's dates and times end with the year 9999, and have no nanoseconds.
            return str(value.cast(pa.string()).as_py())
        if isinstance(found, bytes):
            return f"{HEX}{found.hex()}"
        return found.isoformat() if isinstance(found, date | datetime) else str(found)

    def changed(self, table: TableName) -> None:
        """Forget the cached columns of a table."""
        self._types.pop(table, None)

    def types_of(self, table: TableName) -> dict[str, str]:
        """The cached columns of a table with their SQL types."""
        if table not in self._types:
            self._types[table] = self.columns(table) or {}
        return self._types[table]

    def misfit(self, table: TableName, schema: pa.Schema) -> str | None:
        """See the contract."""
        types = self.types_of(table)
        for field in schema:
            given, wanted = self.sql_type(field), types[field.name]
            if given != wanted:
                try:
                    self.look(f"SELECT CAST(CAST(NULL AS {given}) AS {wanted})")
                except LostConnectionError:
                    raise
                except DatabaseError as error:
                    return f"the values of {field.name}, which is {wanted} there. {error}"
        return None

    def append(self, table: TableName, rows: pa.Table) -> None:
        """See the contract."""
        if not rows.num_rows:
            return
        types = self.types_of(table)
        names = rows.schema.names
        with self.staged(rows):
            listed = ", ".join(map(quoted, names))
            cast = ", ".join(self.cast(name, types) for name in names)
            self.run(
                f"INSERT INTO {quoted(table)} ({listed}) {self.overriding}SELECT {cast} FROM {quoted(STAGE)} AS stage"  # noqa: S608
            )

    def cast(self, name: str, types: dict[str, str]) -> str:
        """A column of the stage as SQL, in the type that the target has for it."""
        return f"CAST(stage.{quoted(name)} AS {types.get(name, 'text')})"

    @contextmanager
    def staged(self, rows: pa.Table) -> Iterator[None]:
        """Put the rows into a temporary table, from which the database casts them to the target's types."""
        with self.errors(), opened(self._connection) as cursor:
            cursor.ingest(STAGE.name, rows, mode="create", temporary=True)
        yield
        self.run(f"DROP TABLE {quoted(STAGE)}")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See the contract."""
        with self.errors(), opened(self._connection) as cursor:
            cursor.execute(statement, tuple(parameters) or None)
            return cursor.rows()

    def commit(self) -> None:
        """See the contract."""
        with self.errors():
            self._connection.commit()

    def rollback(self) -> None:
        """See the contract."""
        with self.errors():
            self._connection.rollback()

    def close(self) -> None:
        """See the contract. One that is broken, or was interrupted, cannot be closed in order: that was said before."""
        with suppress(Error, RuntimeError):
            self._connection.close()


def lost(product: str, why: str) -> LostConnectionError:
    """The error for a connection that broke."""
    return LostConnectionError(f"The connection to {product} broke: {why}.")
