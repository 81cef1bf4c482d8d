"""DuckDB through its ADBC driver, which the package duckdb contains. The database runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from adbc_driver_duckdb import dbapi
from adbc_driver_manager import Error

from dai_routes.database.adbc.connection import HEX, STAGE, AdbcDatabase
from dai_routes.database.adbc.cursors import Cursor, opened
from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError, UnreachableError, first_line
from dai_routes.database.sql import as_table, quoted

_TYPE = b"DUCKDB:type"
# Errors whose text has values of rows.
_OF_VALUES = ("Conversion Error", "Constraint Error", "Out of Range Error", "Invalid Input Error")

_TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.binary(): "BLOB",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
}


class DuckDB(AdbcDatabase):
    """A connection to a file of DuckDB, which no other process can have open."""

    product = "DuckDB"

    def __init__(self, path: Path, must_exist: bool = True) -> None:
        super().__init__()
        if must_exist and not path.is_file():
            raise UnreachableError(f"There is no file {path}. Name the file of a DuckDB database.")
        try:
            self._connection = dbapi.connect(str(path))
        except Error as error:
            raise UnreachableError(
                f"The file {path} cannot be opened: {_text(error)}. Name the file of a DuckDB database, which no other "
                "process has open."
            ) from None

    def failure(self, error: BaseException) -> DatabaseError:
        """See the base class."""
        text = _text(error)
        for kind in _OF_VALUES:
            if text.startswith(kind):
                return DatabaseError(
                    f"DuckDB refuses a value ({kind}): it does not suit a type or a calculation, or breaks a rule of "
                    "the table, such as a key that is there already. Its message is not shown, since it may have the "
                    "value."
                )
        return DatabaseError(f"DuckDB says: {text}.")

    def default_schema(self) -> str:
        """See the base class."""
        return str(self.run("SELECT current_schema()")[0][0])

    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""
        found = self.run(
            f"SELECT column_name, data_type FROM duckdb_columns() WHERE {_IS_IT} ORDER BY column_index",  # noqa: S608
            _name(table),
        )
        return dict(found) or None

    def key_of(self, table: TableName) -> tuple[str, ...]:
        """See the contract."""
        found = self.run(
            "SELECT constraint_column_names FROM duckdb_constraints() "  # noqa: S608
            f"WHERE constraint_type = 'PRIMARY KEY' AND {_IS_IT}",
            _name(table),
        )
        return tuple(found[0][0]) if found else ()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """See the base class. The rows are those of one moment."""
        connection = self._connection.adbc_clone()
        try:
            # The driver begins transactions that may write.
            connection.adbc_connection.set_autocommit(True)
            with self.errors(), opened(connection) as cursor:
                cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield connection
        finally:
            connection.close()

    def schema_of(self, query: str) -> pa.Schema:
        """See the contract."""
        return self._typed(super().schema_of(query), self._described(query))

    @contextmanager
    def read(self, query: str, key: str | None, after: str | None, rows: int) -> Iterator[Iterator[pa.Table]]:
        """See the contract."""
        types = self._described(query)
        with super().read(query, key, after, rows) as tables:
            yield (pa.Table.from_arrays(one.columns, schema=self._typed(one.schema, types)) for one in tables)

    def _described(self, query: str) -> dict[str, str]:
        """The columns of a query with their SQL types, which Arrow does not have all."""
        found = self.look(f"SELECT * FROM (DESCRIBE SELECT * FROM {as_table(query)})")  # noqa: S608 - the user's own
        return {name: of for name, of, *_ in found}

    def _typed(self, schema: pa.Schema, types: dict[str, str]) -> pa.Schema:
        return pa.schema([field.with_metadata({_TYPE: types.get(field.name, "VARCHAR")}) for field in schema])

    def literal(self, cursor: Cursor, text: str, query: str, key: str) -> str:
        """See the base class."""
        kind = self._described(query)[key]
        mark = "'"
        plain = text.replace(mark, mark * 2)
        return f"from_hex('{plain.removeprefix(HEX)}')" if kind == "BLOB" else f"CAST('{plain}' AS {kind})"

    def model_table(self, table: pa.Table) -> pa.Table:
        """See the contract."""
        return table

    def sql_type(self, field: pa.Field) -> str:
        """See the contract."""
        if field.metadata and _TYPE in field.metadata:
            return str(field.metadata[_TYPE].decode())
        if pa.types.is_decimal(field.type):
            return f"DECIMAL({field.type.precision}, {field.type.scale})"
        return _TYPES.get(field.type, "VARCHAR")

    def parameter(self, number: int) -> str:
        """See the contract."""
        return f"${number}"

    def update(self, table: TableName, key: str, rows: pa.Table) -> int:
        """See the contract."""
        types = self.types_of(table)
        with self.staged(rows):
            values = ", ".join(f"{quoted(one)} = {self.cast(one, types)}" for one in rows.schema.names if one != key)
            return int(
                self.run(
                    f"UPDATE {quoted(table)} AS target SET {values} FROM {quoted(STAGE)} AS stage "  # noqa: S608
                    f"WHERE target.{quoted(key)} = {self.cast(key, types)}"
                )[0][0]
            )


_IS_IT = "table_name = $1 AND schema_name = $2 AND database_name = current_database()"


def _name(table: TableName) -> list[str]:
    return [table.name, table.schema or "main"]


def _text(error: BaseException) -> str:
    return first_line(error).removeprefix("INTERNAL: ").removeprefix("INVALID_ARGUMENT: ").rstrip("!")
