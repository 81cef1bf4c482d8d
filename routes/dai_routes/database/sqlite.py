"""SQLite through Python's own module. In SQLite each value has its own type, so values are checked one by one."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from dai_routes.database.contract import TableName
from dai_routes.database.errors import DatabaseError, UnreachableError, first_line
from dai_routes.database.sql import SqlDatabase, as_table, quoted, select

_LOCK_SECONDS = 60
_STAGE = TableName("dai_score_stage", "temp")
_NUMBERS = {pa.int16(), pa.int32(), pa.int64(), pa.bool_()}
_MIXED = pa.json_(pa.string())
_BYTES = "\0bytes"
"""The only name in an object of JSON that stands for bytes, which JSON does not have."""
# What Python's module says has the text after it.
_UNDECODED = re.compile("(Could not decode to UTF-8 column .*?) with text '")


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        text = first_line(error)
        if undecoded := _UNDECODED.match(text):
            raise DatabaseError(
                f"SQLite says: {undecoded[1]}. A text in it has other bytes: correct it, or read the column as "
                "CAST(... AS BLOB) in the query."
            ) from None
        raise DatabaseError(f"SQLite says: {text}.") from None


class SQLite(SqlDatabase):
    """A connection to an SQLite file.

    With a key, each chunk of rows is read by a separate query, so that no open query blocks a commit. Without a key,
    one query runs while the rows are written, all in one transaction.
    """

    def __init__(self, path: Path, must_exist: bool = True) -> None:
        if must_exist and not path.is_file():
            raise UnreachableError(f"There is no file {path}. Name the file of an SQLite database.")
        self._path = path
        if not path.parent.is_dir():
            raise UnreachableError(f"There is no folder {path.parent} for {path.name}: make it, or name another.")
        self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        with _errors():
            connection = sqlite3.connect(
                self._path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA schema_version")
            return connection

    def default_schema(self) -> str:
        """See the base class."""
        return "main"

    def columns(self, table: TableName) -> dict[str, str] | None:
        """See :class:`~dai_routes.database.contract.Database`."""
        return {name: of for name, of, _ in self._table_info(table)} or None

    def key_of(self, table: TableName) -> tuple[str, ...]:
        """See the contract."""
        return tuple(name for name, _, place in self._table_info(table) if place)

    def _table_info(self, table: TableName) -> list[tuple[Any, ...]]:
        return self.run("SELECT name, type, pk FROM pragma_table_info(?, ?)", [table.name, table.schema or "main"])

    def schema_of(self, query: str) -> pa.Schema:
        """See the contract."""
        with _errors(), closing(self._connection.execute(f"SELECT * FROM {as_table(query)} LIMIT 0")) as cursor:  # noqa: S608
            return pa.schema([(column[0], pa.null()) for column in cursor.description])

    @contextmanager
    def read(self, query: str, key: str | None, after: str | None, rows: int) -> Iterator[Iterator[pa.Table]]:
        """See the contract."""
        if key is None:
            yield self._whole(query, rows)
            return
        # A separate connection: on the one that writes, no table can be dropped while a query runs.
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA query_only=ON")
            yield self._by_key(connection, query, key, after, rows)

    def _whole(self, query: str, rows: int) -> Iterator[pa.Table]:
        with _errors(), closing(self._connection.execute(select(query))) as cursor:
            while found := cursor.fetchmany(rows):
                yield _table(cursor, found)

    def _by_key(
        self, connection: sqlite3.Connection, query: str, key: str, after: str | None, rows: int
    ) -> Iterator[pa.Table]:
        while True:
            statement = f"{select(query, key, None if after is None else '?1')} LIMIT {rows + 1}"
            with _errors(), closing(connection.execute(statement, _values(after))) as cursor:
                found = cursor.fetchall()
            if not found:
                return
            table = _table(cursor, found)
            keys = table.column(key)
            # One more row was read, to find two rows with the same key: the next query would leave out the second.
            if len(keys) > rows and not keys[rows].equals(keys[rows - 1]):
                table = table.slice(0, rows)
            yield table
            after = self.key_text(table.column(key)[-1])

    def model_table(self, table: pa.Table) -> pa.Table:
        """See the contract. Bytes among values of other types are scored as text, as texts are in SQLite."""
        return _with_texts(
            table, lambda texts: pa.ExtensionArray.from_storage(_MIXED, pa.array(texts, pa.string())), json.dumps
        )

    def text_table(self, table: pa.Table) -> pa.Table:
        """See the contract. JSON stands for values of several types in one column."""
        return _with_texts(table, lambda texts: pa.array(texts, pa.string()), str)

    def key_text(self, value: pa.Scalar) -> str:
        """See the contract. The text is JSON, since 1 and '1' are different keys in SQLite."""
        return str(value.cast(pa.string()).as_py()) if value.type == _MIXED else _json(value.as_py())

    def column_type(self, field: pa.Field, is_key: bool) -> str:
        """No type: the first rows do not tell what later ones have, and SQLite converts to the type of a column."""
        return ""

    def sql_type(self, field: pa.Field) -> str:
        """See the contract."""
        if field.type in _NUMBERS:
            return "INTEGER"
        return {pa.float32(): "REAL", pa.float64(): "REAL", pa.binary(): "BLOB", pa.string(): "TEXT"}.get(
            field.type, ""
        )

    def parameter(self, number: int) -> str:
        """See the contract."""
        return f"?{number}"

    def append(self, table: TableName, rows: pa.Table) -> None:
        """See the contract."""
        names = ", ".join(map(quoted, rows.schema.names))
        self._write(f"INSERT INTO {quoted(table)} ({names}) VALUES ({_marks(rows)})", rows)  # noqa: S608

    def update(self, table: TableName, key: str, rows: pa.Table) -> int:
        """See the contract."""
        self.create(_STAGE, rows.schema, key)
        self.append(_STAGE, rows)
        values = ", ".join(f"{quoted(one)} = stage.{quoted(one)}" for one in rows.schema.names if one != key)
        changed = self.run(
            f"UPDATE {quoted(table)} AS target SET {values} FROM {quoted(_STAGE)} AS stage "  # noqa: S608
            # The second condition changes nothing but the plan: without it the whole table is read for each chunk.
            f"WHERE target.{quoted(key)} = stage.{quoted(key)} "
            f"AND target.{quoted(key)} IN (SELECT {quoted(key)} FROM {quoted(_STAGE)}) RETURNING 1"
        )
        self.drop(_STAGE)
        return len(changed)

    def _write(self, statement: str, rows: pa.Table) -> None:
        self._begin()
        columns = [_python(column) for column in rows.columns]
        with _errors():
            self._connection.executemany(statement, zip(*columns, strict=True))

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            with _errors():
                self._connection.execute("BEGIN IMMEDIATE")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See the contract."""
        if not statement.startswith("SELECT"):
            self._begin()
        with _errors(), closing(self._connection.execute(statement, tuple(parameters))) as cursor:
            return cursor.fetchall()

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


def _values(after: str | None) -> tuple[Any, ...]:
    return () if after is None else (_of_json(after),)


def _marks(rows: pa.Table) -> str:
    return ", ".join("?" for _ in rows.schema.names)


def _table(cursor: sqlite3.Cursor, rows: list[tuple[Any, ...]]) -> pa.Table:
    names = [column[0] for column in cursor.description]
    return pa.table([_array(column) for column in zip(*rows, strict=True)], names=names)


def _array(values: tuple[Any, ...]) -> pa.Array:
    """The values of a column as an array. If they have several types, each is written as JSON."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) > 1:
        texts = [None if one is None else _json(one) for one in values]
        return pa.ExtensionArray.from_storage(_MIXED, pa.array(texts, pa.string()))
    return pa.array(values)


def _json(value: Any) -> str:
    return json.dumps({_BYTES: value.hex()} if isinstance(value, bytes) else value)


def _decoded(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _python(column: pa.ChunkedArray) -> list[Any]:
    if column.type == _MIXED:
        texts = column.cast(pa.string()).to_pylist()
        return [None if one is None else _of_json(one) for one in texts]
    values: list[Any] = column.to_pylist()
    if pa.types.is_primitive(column.type) and not pa.types.is_temporal(column.type):
        return values
    return [one if one is None or isinstance(one, str | bytes) else _text(one) for one in values]


def _with_texts(table: pa.Table, array: Callable[[list[str | None]], pa.Array], text: Callable[[Any], str]) -> pa.Table:
    """The table with other columns in place of those with values of several types: arrays of the values' texts."""
    for index, field in enumerate(table.schema):
        if field.type == _MIXED:
            texts = [None if one is None else text(_decoded(one)) for one in _python(table.column(index))]
            table = table.set_column(index, field.name, array(texts))
    return table


def _of_json(text: str) -> Any:
    value = json.loads(text)
    if isinstance(value, dict) and value.keys() == {_BYTES}:
        return bytes.fromhex(value[_BYTES])
    return text if isinstance(value, list | dict) else value


def _text(value: Any) -> str:
    """The text of a value for which SQLite has no type."""
    if isinstance(value, date | time):
        return value.isoformat()
    return json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)
