"""PostgreSQL through ADBC: rows are read and written by COPY."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa
from adbc_driver_manager import AdbcStatusCode, Error
from adbc_driver_postgresql import StatementOptions, dbapi

from dai_routes.database.adbc import as_text, libpq, numerics
from dai_routes.database.adbc.connection import STAGE, AdbcDatabase, lost
from dai_routes.database.adbc.cursors import Cursor, opened
from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError, UnreachableError, first_line
from dai_routes.database.sql import quoted
from dai_scoring.formats.declined import Declined

_BATCH_BYTES = str(4 << 20)
_LOCK_MILLISECONDS = 60_000

# SQLSTATEs of a connection that is gone: class 08, and the server or somebody else ends it.
_GONE = re.compile("08|57P0[1-5]")
_LOCKED = "55P03"
_UNNAMED = re.compile(r"unnamed<oid:(\d+)>")
_OF_STATEMENT = "]: ERROR:"
# The data exceptions of class 22 quote the value, in the quotes of the server's language.
_VALUE = re.compile('["„“«‹»‘].*["“”»›«’]', re.DOTALL)

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


class PostgreSQL(AdbcDatabase):
    """A connection to PostgreSQL, and read-only ones for the user's query."""

    product = "PostgreSQL"
    overriding = "OVERRIDING SYSTEM VALUE "

    def __init__(self, url: str) -> None:
        """``url`` is libpq's; the password comes from PGPASSWORD, PGPASSFILE or the URL."""
        super().__init__()
        self._url = libpq.with_keepalives(url)
        self._scales: dict[TableName, dict[str, int | None]] = {}
        self._places: dict[TableName, str | None] = {}
        self._sql_types: dict[str, str] = {}
        os.environ.setdefault("PGAPPNAME", "dai-score")
        self._connection = self._connect()

    def _connect(self) -> Any:
        try:
            connection = dbapi.connect(self._url)
        except Error as error:
            raise UnreachableError(libpq.refused(first_line(error))) from None
        with self.errors(), opened(connection) as cursor:
            cursor.execute(f"SET lock_timeout = {_LOCK_MILLISECONDS}")
            connection.commit()
        return connection

    def failure(self, error: BaseException) -> DatabaseError:
        """See the base class."""
        about = dict(getattr(error, "details", ()))
        state = str(getattr(error, "sqlstate", None) or "")
        text = (
            about[b"PG_DIAG_MESSAGE_PRIMARY"].decode("utf-8", "replace") if b"PG_DIAG_MESSAGE_PRIMARY" in about else ""
        )
        is_broken = isinstance(error, OSError) or getattr(error, "status_code", None) == AdbcStatusCode.IO
        # Errors while rows are read have no SQLSTATE. A server that is there says ERROR, one that ends says FATAL.
        of_reading = not state and _OF_STATEMENT in str(error)
        if _GONE.match(state) or (is_broken and not state and not of_reading):
            return lost(self.product, text or "the server closed it, or the network did")
        text = text or first_line(error)
        if state == _LOCKED:
            return DatabaseError(
                f"PostgreSQL says: {text}. Another transaction holds what is needed; without a key, or with --mode "
                "replace, that of --before may, since the rows are read on a connection of its own."
            )
        hides = of_reading or state.startswith("22")
        return DatabaseError(f"PostgreSQL says: {_VALUE.sub('...', text) if hides else text}.")

    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""
        found = self.run(
            # With -1 a text of fixed length is bpchar; with NULL it is character, which as a type of SQL is one letter.
            "SELECT attname::text, format_type(atttypid, -1)::text FROM pg_attribute "
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

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """See the base class. The rows are those of one moment."""
        connection = self._connect()
        try:
            with self.errors(), opened(connection) as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection
        finally:
            with suppress(Error, RuntimeError):
                connection.close()

    def literal(self, cursor: Cursor, text: str, query: str, key: str) -> str:
        """See the base class. COPY takes no parameters."""
        cursor.execute("SELECT quote_literal($1::text)", (text,))
        return str(cursor.rows()[0][0])

    def prepare(self, cursor: Cursor) -> None:
        """See the base class."""
        cursor.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: _BATCH_BYTES})

    def schema_of(self, query: str) -> pa.Schema:
        """See the contract."""
        return as_text.typed_schema(self._given(query))

    def _given(self, query: str) -> pa.Schema:
        """The schema in which the driver gives a query, with the names of types whose number is all that it knows."""
        fields = []
        for field in super().schema_of(query):
            unnamed = _UNNAMED.fullmatch((field.metadata or {}).get(as_text.TYPE, b"").decode())
            if unnamed:
                name = self.run("SELECT typname::text FROM pg_type WHERE oid = $1::text::oid", [unnamed[1]])[0][0]
                field = field.with_metadata({**field.metadata, as_text.TYPE: name.encode()})
            fields.append(field)
        return pa.schema(fields)

    @contextmanager
    def read(self, query: str, key: str | None, after: str | None, rows: int) -> Iterator[Iterator[pa.Table]]:
        """See the contract."""
        given = self._given(query)
        schema = as_text.typed_schema(given)
        with self.selected(as_text.selection(given), query, key, after, rows) as tables:
            yield (as_text.typed(table, schema) for table in tables)

    def model_table(self, table: pa.Table) -> pa.Table:
        """See the contract."""
        return as_text.for_model(table)

    def sql_type(self, field: pa.Field) -> str:
        """See the contract."""
        if field.metadata and as_text.TYPE in field.metadata:
            return self._sql_type_named(field.metadata[as_text.TYPE].decode())
        return _TYPES.get(field.type, ("text",))[0]

    def _sql_type_named(self, name: str) -> str:
        """A type of the source as SQL, with its schema if it needs that; text if this database has no such type."""
        if name not in self._sql_types:
            found = self.run(
                "SELECT format_type(oid, -1)::text FROM pg_type WHERE typname = $1 "
                "ORDER BY pg_type_is_visible(oid) DESC LIMIT 1",
                [name],
            )
            self._sql_types[name] = str(found[0][0]) if found else "text"
        return self._sql_types[name]

    def column_type(self, field: pa.Field, is_key: bool) -> str:
        """See the base class."""
        return numerics.new_type(field) if numerics.is_numeric(field) else super().column_type(field, is_key)

    def parameter(self, number: int) -> str:
        """See the contract."""
        return f"${number}"

    def append(self, table: TableName, rows: pa.Table) -> None:
        """See the contract. If no value needs a cast, the rows go by COPY into the table itself."""
        types = self.types_of(table)
        if not rows.num_rows:
            return
        place = self._place_of(table)
        if place is not None and all(_fits(field, types.get(field.name)) for field in rows.schema):
            ready = numerics.as_decimals(rows, self._scales_of(table))
            if not isinstance(ready, Declined):
                with self.errors(), opened(self._connection) as cursor:
                    cursor.ingest(table.name, ready, mode="append", db_schema_name=place)
                return
        super().append(table, rows)

    def full_name(self, table: TableName) -> tuple[str | None, str]:
        """See the contract. A name without a schema may be of any schema in the search path."""
        found = self.run(
            "SELECT coalesce((SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE c.oid = to_regclass($1)), $2, current_schema())::text",
            [quoted(table), table.schema],
        )
        return (found[0][0], table.name)

    def _place_of(self, table: TableName) -> str | None:
        """The schema of a table that COPY can fill; None for views and tables with row security, which want INSERT.

        A name without a schema may be of any schema in the search path; the driver would take the first one.
        """
        if table not in self._places:
            found = self.run(
                "SELECT nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE c.oid = to_regclass($1) AND relkind IN ('r', 'p') AND NOT row_security_active(c.oid)",
                [quoted(table)],
            )
            self._places[table] = str(found[0][0]) if found else None
        return self._places[table]

    def _scales_of(self, table: TableName) -> dict[str, int | None]:
        """The scales of the columns of type numeric."""
        if table not in self._scales:
            found = self.run(
                "SELECT attname::text, atttypmod FROM pg_attribute WHERE attrelid = to_regclass($1) "
                "AND atttypid = 'numeric'::regtype AND NOT attisdropped",
                [quoted(table)],
            )
            self._scales[table] = {name: numerics.scale(modifier) for name, modifier in found}
        return self._scales[table]

    def changed(self, table: TableName) -> None:
        """See the base class."""
        super().changed(table)
        self._scales.pop(table, None)
        self._places.pop(table, None)

    def update(self, table: TableName, key: str, rows: pa.Table) -> int:
        """See the contract."""
        types = self.types_of(table)
        with self.staged(rows):
            values = ", ".join(f"{quoted(one)} = {self.cast(one, types)}" for one in rows.schema.names if one != key)
            return int(
                self.run(
                    f"WITH changed AS (UPDATE {quoted(table)} AS target SET {values} FROM {quoted(STAGE)} AS stage "  # noqa: S608
                    f"WHERE target.{quoted(key)} = {self.cast(key, types)} AND {self._within(table, key, types)} "
                    "RETURNING 1) SELECT count(*) FROM changed"
                )[0][0]
            )

    def _within(self, table: TableName, key: str, types: dict[str, str]) -> str:
        """A condition that the target's key is between the least and the greatest of the stage.

        It changes nothing but the plan: the keys of a chunk follow each other, so a part of the index is read, and not
        the whole table for each chunk.
        """
        order = self._collation(table, key)
        keys = f"SELECT {self.cast(key, types)}{order} AS k FROM {quoted(STAGE)} AS stage"  # noqa: S608
        least, most = (f"(SELECT k FROM ({keys}) AS keys ORDER BY k {way} LIMIT 1)" for way in ("ASC", "DESC"))  # noqa: S608
        return f"target.{quoted(key)} BETWEEN {least} AND {most}"

    def _collation(self, table: TableName, column: str) -> str:
        """The order of a column of text as a COLLATE clause; '' for other types."""
        found = self.run(
            "SELECT quote_ident(nspname) || '.' || quote_ident(collname) FROM pg_attribute "
            "JOIN pg_collation c ON c.oid = attcollation JOIN pg_namespace n ON n.oid = collnamespace "
            "WHERE attrelid = to_regclass($1) AND attname = $2",
            [quoted(table), column],
        )
        return f" COLLATE {found[0][0]}" if found else ""


def _fits(field: pa.Field, kind: str | None) -> bool:
    """Whether COPY can fill a column of a type without a cast."""
    return kind == "numeric" if numerics.is_numeric(field) else kind in _TYPES.get(field.type, ())
