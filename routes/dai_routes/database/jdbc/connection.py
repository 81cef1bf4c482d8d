"""Databases with a JDBC driver. Rows are read and written by Java in blocks, which cross as whole columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError
from dai_routes.database.jdbc import columns as jdbc_columns
from dai_routes.database.jdbc.driver import Driver, errors
from dai_routes.database.jdbc.types import PADDED, PRODUCT, SQL, is_padded, mark, type_of_column, type_of_field
from dai_routes.database.sql import SqlDatabase, as_table
from dai_scoring.runtimes.java import java_arrays, jvm


class Jdbc(SqlDatabase):
    """A connection that writes, and others that read: what a query changes is undone."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._product = "the database"
        self._connection = driver.connect()
        with self._errors():
            about = self._connection.getMetaData()
            self._product = str(about.getDatabaseProductName())
            self._quote = str(about.getIdentifierQuoteString() or "").strip()
            self.creates_in_transaction = not (
                about.dataDefinitionCausesTransactionCommit() or about.dataDefinitionIgnoredInTransactions()
            )
        self._types: dict[TableName, dict[str, int]] = {}

    def _errors(self) -> Any:
        return errors(self._driver, self._product)

    def quoted(self, name: str | TableName) -> str:
        """A name in the quotes that the driver tells."""
        if isinstance(name, TableName):
            return ".".join(self.quoted(part) for part in (name.schema, name.name) if part)
        if not self._quote:
            raise DatabaseError(f"{self._product} has no quotes for names, so that {name} cannot be written safely.")
        if "\0" in name:
            raise DatabaseError("A name has a zero character.")
        close = "]" if self._quote == "[" else self._quote
        return f"{self._quote}{name.replace(close, close * 2)}{close}"

    def default_schema(self) -> str | None:
        """See the base class."""
        with self._errors():
            return self._driver.default_schema(self._connection)

    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""
        with self._errors():
            found = self._driver.columns_of(self._connection, table.schema, table.name)
        return {name: of for name, of, _ in found} or None

    def key_of(self, table: TableName) -> tuple[str, ...]:
        """See the contract."""
        with self._errors():
            return self._driver.key_of(self._connection, table.schema, table.name)

    def schema_of(self, query: str) -> pa.Schema:
        """See the contract."""
        with self._reading() as connection, self._rows(connection, f"{_select(query)} WHERE 1 = 0") as rows:
            return self._schema(rows)

    def has_null(self, query: str, column: str) -> bool:
        """See the contract."""
        return self._has_rows(f"SELECT 1 FROM {as_table(query)} WHERE {self.quoted(column)} IS NULL")  # noqa: S608

    def has_twice(self, query: str, column: str) -> bool:
        """See the contract."""
        name = self.quoted(column)
        return self._has_rows(f"SELECT {name} FROM {as_table(query)} GROUP BY {name} HAVING count(*) > 1")  # noqa: S608

    def _has_rows(self, query: str) -> bool:
        with self._reading() as connection, self._rows(connection, query, most=1) as rows, self._errors():
            return bool(rows.next(1))

    def count(self, query: str) -> int:
        """See the contract."""
        with self._reading() as connection:
            return int(self._all(connection, f"SELECT count(*) FROM {as_table(query)}")[0][0])  # noqa: S608

    @contextmanager
    def read(self, query: str, key: str | None, after: str | None, rows: int) -> Iterator[Iterator[pa.Table]]:
        """See the contract."""
        statement = _select(query)
        parameters: list[Any] = []
        if key is not None and after is not None:
            field = self.schema_of(query).field(key)
            parameters = [self._column(_key(after, field.type), field)]
            statement += f" WHERE {self.quoted(key)} > ?"
        if key is not None:
            statement += f" ORDER BY {self.quoted(key)}"
        with self._reading() as connection, self._rows(connection, statement, parameters) as found:
            yield self._tables(found, rows)

    def _tables(self, found: Any, rows: int) -> Iterator[pa.Table]:
        schema = self._schema(found)
        kinds = [str(found.kind(at)) for at in range(len(schema))]
        while True:
            with self._errors():
                count = int(found.next(rows))
            if not count:
                return
            arrays = [jdbc_columns.from_java(found.column(at), kind, count) for at, kind in enumerate(kinds)]
            yield pa.Table.from_arrays(arrays, schema=schema)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """A connection for a query, whose changes are undone at its end."""
        connection = self._driver.connect()
        try:
            # Not all drivers take it, and of those that do some ignore it.
            with suppress(jvm.java_exception()):
                connection.setReadOnly(True)
            yield connection
        finally:
            _close(connection)

    @contextmanager
    def _rows(self, connection: Any, query: str, parameters: Sequence[Any] = (), most: int = 0) -> Iterator[Any]:
        given = java_arrays.objects(parameters)
        with self._errors():
            found = self._driver.rows.of(connection, query, given, most)
        with closing(found):
            yield found

    def _all(self, connection: Any, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._rows(connection, query, parameters) as rows:
            return [tuple(row.values()) for table in self._tables(rows, 1000) for row in table.to_pylist()]

    def _schema(self, rows: Any) -> pa.Schema:
        with self._errors():
            return pa.schema([self._field(rows, at) for at in range(int(rows.columns()))])

    def _field(self, rows: Any, at: int) -> pa.Field:
        kind = str(rows.kind(at))
        sql = type_of_column(
            int(rows.type(at)), str(rows.typeName(at)), int(rows.precision(at)), int(rows.scale(at)), self._product
        )
        metadata = {jdbc_columns.KIND: kind, SQL: sql, PRODUCT: self._product}
        if kind == "TEXT" and is_padded(int(rows.type(at))):
            metadata[PADDED] = ""
        return pa.field(str(rows.name(at)), jdbc_columns.arrow_type(kind), metadata=metadata)

    def model_table(self, table: pa.Table) -> pa.Table:
        """See the contract."""
        for index, field in enumerate(table.schema):
            kind = field.metadata[jdbc_columns.KIND].decode()
            values = table.column(index)
            found = jdbc_columns.for_model(values, kind)
            if PADDED in field.metadata:
                found = pc.utf8_rtrim(found, " ")
            if found is not values:
                table = table.set_column(index, field.name, found)
        return table

    def key_text(self, value: pa.Scalar) -> str:
        """See the contract."""
        return str(value.as_py().hex() if pa.types.is_binary(value.type) else value.cast(pa.string()).as_py())

    def sql_type(self, field: pa.Field) -> str:
        """See the contract."""
        return type_of_field(field, self._product)

    def column_type(self, field: pa.Field, is_key: bool) -> str:
        """See the base class. A key's column allows no nulls, which some databases want to be told."""
        return type_of_field(field, self._product, is_key) + (" NOT NULL" if is_key else "")

    def parameter(self, number: int) -> str:
        """See the contract."""
        return "?"

    def changed(self, table: TableName) -> None:
        """Forget the cached columns of a table."""
        self._types.pop(table, None)

    def append(self, table: TableName, rows: pa.Table) -> None:
        """See the contract."""
        names = rows.schema.names
        types = self.columns(table) or {}
        marks = ", ".join(mark(self._product, types.get(name, "")) for name in names)
        listed = ", ".join(map(self.quoted, names))
        self._write(table, f"INSERT INTO {self.quoted(table)} ({listed}) VALUES ({marks})", rows)  # noqa: S608

    def update(self, table: TableName, key: str, rows: pa.Table) -> int:
        """See the contract."""
        others = [name for name in rows.schema.names if name != key]
        values = ", ".join(f"{self.quoted(name)} = ?" for name in others)
        statement = f"UPDATE {self.quoted(table)} SET {values} WHERE {self.quoted(key)} = ?"  # noqa: S608
        return self._write(table, statement, rows.select([*others, key]))

    def _write(self, table: TableName, statement: str, rows: pa.Table) -> int:
        """Run a statement for each row, whose values are its parameters; returns the number of changed rows."""
        if table not in self._types:
            with self._errors():
                found = self._driver.columns_of(self._connection, table.schema, table.name)
            self._types[table] = {name: number for name, _, number in found}
        types = [self._types[table][name] for name in rows.schema.names]
        columns = [self._column(rows.column(at), field) for at, field in enumerate(rows.schema)]
        return self._run(statement, columns, rows.num_rows, types)

    def _column(self, values: Any, field: pa.Field) -> Any:
        return jdbc_columns.to_java(self._driver.column, values, field)

    def _run(self, statement: str, columns: Sequence[Any], rows: int, types: Sequence[int]) -> int:
        given = java_arrays.objects(columns)
        with self._errors():
            return int(
                self._driver.writer.run(
                    self._connection, statement, given, rows, java_arrays.primitives(np.array(types, np.int32))
                )
            )

    def _parameters(self, values: Sequence[Any]) -> list[Any]:
        fields = [pa.field("", pa.int64() if isinstance(one, int) else pa.string()) for one in values]
        return [self._column(pa.array([one], field.type), field) for one, field in zip(values, fields, strict=True)]

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See the contract."""
        given = self._parameters(parameters)
        if statement.startswith("SELECT"):
            return self._all(self._connection, statement, given)
        self._run(statement, given, 1, ())
        return []

    def change(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """See the contract."""
        return self._run(statement, self._parameters(parameters), 1, ())

    def commit(self) -> None:
        """See the contract."""
        with self._errors():
            self._connection.commit()

    def rollback(self) -> None:
        """See the contract."""
        with self._errors():
            self._connection.rollback()

    def close(self) -> None:
        """See the contract."""
        _close(self._connection)


def _key(text: str, of: pa.DataType) -> pa.Array:
    """The key of a text of :meth:`Jdbc.key_text`."""
    if pa.types.is_binary(of):
        return pa.array([bytes.fromhex(text)], of)
    return pa.array([text], pa.string()).cast(of)


def _select(query: str) -> str:
    return f"SELECT * FROM {as_table(query)}"  # noqa: S608 - the user's own query


def _close(connection: Any) -> None:
    # Undone first: Oracle commits when a connection is closed, and Derby refuses to close it. A broken connection
    # can do neither, and the error that it was broken with says more.
    with suppress(jvm.java_exception()):
        connection.rollback()
    with suppress(jvm.java_exception()):
        connection.close()
