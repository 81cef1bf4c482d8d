"""Databases behind Arrow Flight SQL, such as Dremio, InfluxDB or servers of DuckDB and SQLite: to read from."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import pyarrow as pa
from adbc_driver_flightsql import dbapi
from adbc_driver_manager import AdbcStatusCode, DatabaseOptions, Error

from dai_routes.database.adbc.connection import HEX, AdbcDatabase, lost
from dai_routes.database.adbc.cursors import Cursor, beside_main, opened
from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError, UnreachableError, first_line
from dai_routes.database.jdbc.settings import Credentials
from dai_routes.database.sql import quoted

# SQL types that a text of :meth:`FlightSQL.key_text` can be cast to.
_TYPES = {
    pa.int8(): "SMALLINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.date32(): "DATE",
}


class FlightSQL(AdbcDatabase):
    """A server of Flight SQL, to read from: servers differ in their SQL, and not all of them have transactions."""

    product = "the server"
    can_write = False

    def __init__(self, url: str, credentials: Credentials, variable: str) -> None:
        """``url`` begins with grpc:// or grpc+tls://; ``variable`` begins the names of those with the credentials.

        The credentials are not in the address.
        """
        super().__init__()
        self._place = url
        given = {
            DatabaseOptions.USERNAME.value: credentials.user,
            DatabaseOptions.PASSWORD.value: credentials.password,
        }
        self._options = {name: value for name, value in given.items() if value is not None}
        try:
            self._connection = dbapi.connect(self._place, db_kwargs=self._options, autocommit=True)
            # The driver connects with the first call.
            with opened(self._connection) as cursor:
                cursor.execute("SELECT 1")
        except Error as error:
            raise UnreachableError(
                f"{self._place} does not answer: {_text(error)}. Check the address, which begins with grpc:// or "
                f"grpc+tls://, and {variable}_USER and {variable}_PASSWORD."
            ) from None

    def failure(self, error: BaseException) -> DatabaseError:
        """See the base class."""
        if "Unavailable" in str(error) or getattr(error, "status_code", None) == AdbcStatusCode.IO:
            return lost(f"{self.product} {self._place}", "it does not answer any more")
        return DatabaseError(f"{self._place} says: {_text(error)}.")

    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""
        with self.errors():
            reader = beside_main(
                lambda: self._connection.adbc_get_objects(
                    depth="tables", table_name_filter=table.name, db_schema_filter=table.schema
                ),
                self._connection.adbc_cancel,
            )
            names = [
                found["table_name"]
                for catalog in reader.read_all().to_pylist()
                for schema in catalog["catalog_db_schemas"] or ()
                for found in schema["db_schema_tables"] or ()
            ]
        # The filter is a pattern.
        if table.name not in names:
            return None
        return {field.name: str(field.type) for field in self.schema_of(f"SELECT * FROM {quoted(table)}")}  # noqa: S608

    def key_of(self, table: TableName) -> tuple[str, ...]:
        """See the contract. It is always empty: many servers do not tell the primary key."""
        return ()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """See the base class. A server with transactions undoes what a query changes."""
        _ignore_broken_pipes()
        connection = self._connection.adbc_clone()
        try:
            with suppress(Error):
                connection.adbc_connection.set_autocommit(False)
            yield connection
        finally:
            # Undone first: some servers keep the transaction of a connection that is closed, with its locks.
            with suppress(Error):
                connection.rollback()
            with suppress(Error, RuntimeError):
                connection.close()

    def literal(self, cursor: Cursor, text: str, query: str, key: str) -> str:
        """See the base class."""
        kind = self.schema_of(query).field(key).type
        mark = "'"
        plain = text.replace(mark, mark * 2)
        if pa.types.is_binary(kind):
            return f"X'{plain.removeprefix(HEX)}'"
        literal = f"'{plain}'"
        return f"CAST({literal} AS {_TYPES[kind]})" if kind in _TYPES else literal

    def model_table(self, table: pa.Table) -> pa.Table:
        """See the contract."""
        return table

    def sql_type(self, field: pa.Field) -> str:
        """See the contract."""
        return str(field.type)

    def parameter(self, number: int) -> str:
        """See the contract."""
        return "?"

    def update(self, table: TableName, key: str, rows: pa.Table) -> NoReturn:
        """See the contract."""
        raise NotImplementedError("a server of Flight SQL is only read")


def _ignore_broken_pipes() -> None:
    """Make a server that is gone an error of the call, as Python does.

    The driver is written in Go, which aborts the process if this signal arrives by way of the handler of Java.
    """
    if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _text(error: BaseException) -> str:
    """What the server says, without the driver's words around it, and without texts that may be values."""
    text = first_line(error)
    return re.sub("'[^']*'", "'...'", text.rpartition("[FlightSQL] ")[2].rpartition(" (")[0] or text)
