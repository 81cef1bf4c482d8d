"""PostgreSQL through ADBC: rows are read and written by COPY, as Arrow, without a Python object for each value."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_postgresql import StatementOptions, dbapi

from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError, UnreachableError, first_line
from dai_routes.database.sql import SqlDatabase, as_table, quoted, select

_TYPE = b"POSTGRESQL:type"
_BATCH_BYTES = str(4 << 20)
_LOCK_MILLISECONDS = 60_000
_STAGE = TableName("dai_score_stage")

# The SQL types for each Arrow type: the first for new columns, all as columns that COPY can fill without a cast.
_TYPES = {
    pa.bool_(): ("boolean",),
    pa.int16(): ("smallint",),
    pa.int32(): ("integer",),
    pa.int64(): ("bigint",),
    pa.float32(): ("real",),
    pa.float64(): ("double precision",),
    pa.string(): ("text", "character varying"),
    pa.large_string(): ("text", "character varying"),
    pa.binary(): ("bytea",),
    pa.date32(): ("date",),
    pa.timestamp("us"): ("timestamp without time zone",),
    pa.timestamp("us", "UTC"): ("timestamp with time zone",),
}


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    # Errors while rows are read are raised by Arrow.
    except (Error, pa.ArrowException) as error:
        raise DatabaseError(f"PostgreSQL says: {first_line(error)}.") from None


class PostgreSQL(SqlDatabase):
    """A connection to PostgreSQL, and a second, read-only connection for reading rows."""

    def __init__(self, url: str) -> None:
        """``url`` is libpq's; the password comes from PGPASSWORD, PGPASSFILE or the URL."""
        self._url = url
        self._types: dict[TableName, dict[str, str]] = {}
        os.environ.setdefault("PGAPPNAME", "dai-score")
        self._connection = self._connect()

    def _connect(self) -> Any:
        try:
            connection = dbapi.connect(self._url)
        except Error as error:
            raise UnreachableError(
                f"PostgreSQL does not let us in: {first_line(error)}. Check the address, and the "
                "password in PGPASSWORD or in the file that PGPASSFILE names."
            ) from None
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SET lock_timeout = {_LOCK_MILLISECONDS}")
            connection.commit()
        return connection

    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""
        found = self.run(
            "SELECT attname::text, format_type(atttypid, NULL)::text FROM pg_attribute "
            "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [quoted(table)],
        )
        return dict(found) or None

    def key_of(self, table: TableName) -> tuple[str, ...]:
        """See the contract."""
        return tuple(
            name
            for (name,) in self.run(
                "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
                "AND a.attnum = ANY(i.indkey) WHERE i.indrelid = to_regclass($1) AND i.indisprimary",
                [quoted(table)],
            )
        )

    def schema_of(self, query: str) -> pa.Schema:
        """See the contract."""
        with _errors(), closing(self._connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM {as_table(query)} LIMIT 0")  # noqa: S608 - the user's own query
            return cursor.fetch_arrow_table().schema

    @contextmanager
    def read(self, query: str, key: str | None, after: str | None, rows: int) -> Iterator[Iterator[pa.Table]]:
        """See the contract."""
        connection = self._connect()
        cursor = connection.cursor()
        reader = None
        try:
            with _errors():
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                literal = None
                if after is not None:
                    cursor.execute("SELECT quote_literal($1::text)", (after,))
                    literal = cursor.fetchone()[0]
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: _BATCH_BYTES})
                cursor.execute(select(query, key, literal))
                reader = cursor.fetch_record_batch()
            yield _in_tables(reader, rows)
        finally:
            # In this order: the driver refuses to close a connection while a reader is open.
            if reader is not None:
                reader.close()
            cursor.close()
            connection.close()

    def model_table(self, table: pa.Table) -> pa.Table:
        """See the contract."""
        for index, field in enumerate(table.schema):
            if isinstance(field.type, pa.UuidType):
                texts = pa.array(
                    [None if one is None else str(one) for one in table.column(index).to_pylist()], "string"
                )
                table = table.set_column(index, field.name, texts)
            elif isinstance(field.type, pa.OpaqueType):
                table = table.set_column(index, field.name, _storage(table.column(index)))
        return table

    def key_text(self, value: pa.Scalar) -> str:
        """See the contract."""
        found = value.as_py()
        return found.isoformat() if isinstance(found, date | datetime) else str(found)

    def sql_type(self, field: pa.Field) -> str:
        """See the contract."""
        if field.metadata and _TYPE in field.metadata:
            return str(field.metadata[_TYPE].decode())
        return _TYPES.get(field.type, ("text",))[0]

    def parameter(self, number: int) -> str:
        """See the contract."""
        return f"${number}"

    def changed(self, table: TableName) -> None:
        """Forget the cached columns of a table."""
        self._types.pop(table, None)

    def append(self, table: TableName, rows: pa.Table) -> None:
        """See the contract."""
        if not rows.num_rows:
            return
        types = self._types_of(table)
        if all(types.get(field.name) in _TYPES.get(field.type, ()) for field in rows.schema):
            with _errors(), closing(self._connection.cursor()) as cursor:
                cursor.adbc_ingest(table.name, rows, mode="append", db_schema_name=table.schema)
            return
        names = rows.schema.names
        with self._staged(rows):
            listed = ", ".join(map(quoted, names))
            cast = ", ".join(self._cast(name, types) for name in names)
            self.run(f"INSERT INTO {quoted(table)} ({listed}) SELECT {cast} FROM {quoted(_STAGE)} AS stage")  # noqa: S608

    def update(self, table: TableName, key: str, rows: pa.Table) -> int:
        """See the contract."""
        types = self._types_of(table)
        with self._staged(rows):
            values = ", ".join(f"{quoted(one)} = {self._cast(one, types)}" for one in rows.schema.names if one != key)
            return int(
                self.run(
                    f"WITH changed AS (UPDATE {quoted(table)} AS target SET {values} FROM {quoted(_STAGE)} AS stage "  # noqa: S608
                    f"WHERE target.{quoted(key)} = {self._cast(key, types)} RETURNING 1) SELECT count(*) FROM changed"
                )[0][0]
            )

    def _cast(self, name: str, types: dict[str, str]) -> str:
        return f"CAST(stage.{quoted(name)} AS {types.get(name, 'text')})"

    def _types_of(self, table: TableName) -> dict[str, str]:
        if table not in self._types:
            self._types[table] = self.columns(table) or {}
        return self._types[table]

    @contextmanager
    def _staged(self, rows: pa.Table) -> Iterator[None]:
        """Put the rows into a temporary table, from which the database casts them to the target's types."""
        with _errors(), closing(self._connection.cursor()) as cursor:
            cursor.adbc_ingest(_STAGE.name, rows, mode="create", temporary=True)
        yield
        self.run(f"DROP TABLE {quoted(_STAGE)}")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See the contract."""
        with _errors(), closing(self._connection.cursor()) as cursor:
            cursor.execute(statement, tuple(parameters) or None)
            return list(cursor.fetchall()) if cursor.description else []

    def commit(self) -> None:
        """See the contract."""
        with _errors():
            self._connection.commit()

    def rollback(self) -> None:
        """See the contract."""
        with _errors():
            self._connection.rollback()

    def close(self) -> None:
        """See the contract."""
        self._connection.close()


def _in_tables(reader: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    count = 0
    with _errors():
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


def _storage(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([chunk.storage for chunk in values.chunks], values.type.storage_type)
