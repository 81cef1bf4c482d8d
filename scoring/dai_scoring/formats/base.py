"""The contract of every format: records come and go in chunks of Arrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.columnar.row_groups import GroupRows
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import Records
from dai_scoring.values.rejected import REJECT_SCHEMA

ORIGINAL_NAME = "dai.name"
"""The property of an Avro field that holds the column's name where Avro does not allow it as a name."""

MALFORMED_ROW = "malformed_row"
"""The reject code of a row whose text is not a valid record."""

OUT_OF_RANGE = "out_of_range"
"""The reject code of a row with a value that its column's type does not hold."""


MAX_CHUNK_BYTES = 64 << 20
"""A chunk ends early rather than grow much beyond this; so wide rows cannot make chunks unbounded."""


class Format(Enum):
    """The formats of record files."""

    CSV = "csv"
    JSON_ARRAY = "json-array"
    JSON_LINES = "json-lines"
    AVRO = "avro"
    PARQUET = "parquet"
    ARROW_STREAM = "arrow-stream"
    ARROW_FILE = "arrow-file"

    @property
    def mime_type(self) -> str:
        """The MIME type that files of this format carry."""
        return _MIME_TYPES[self]

    @property
    def is_text_typed(self) -> bool:
        """True where every column is text whatever it holds: CSV only."""
        return self is Format.CSV

    @property
    def needs_fixed_schema(self) -> bool:
        """True where all rows of a file share one list of columns: all formats except the two of JSON."""
        return self not in (Format.JSON_ARRAY, Format.JSON_LINES)


_MIME_TYPES = {
    Format.CSV: "text/csv",
    Format.JSON_ARRAY: "application/json",
    Format.JSON_LINES: "application/x-ndjson",
    Format.AVRO: "application/avro-binary",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW_STREAM: "application/vnd.apache.arrow.stream",
    Format.ARROW_FILE: "application/vnd.apache.arrow.file",
}


Lines: TypeAlias = "pa.Array | GroupRows"
"""Rows as they stand in a file: see :attr:`Chunk.lines`."""


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of a file.

    ``malformed`` names the rows of ``table`` that are not valid records, with the columns of
    :data:`dai_scoring.values.rejected.REJECT_SCHEMA`; None means that all are. Such a row stays in its place in
    ``table``, holding what could be read of it, so that row numbers agree with the file.

    ``lines`` has the rows as they stand in the file, each with the end of the one before it in front: the line end of
    CSV, the brace and the line end of JSON lines, and in an array of JSON all that stands between the values of one
    object and the next object. Records of Avro have nothing in front. For Parquet it is the place of the rows in a row
    group. None where that is not known.
    """

    table: pa.Table
    malformed: pa.Table | None = None
    lines: Lines | None = None


class Piece(Protocol):
    """Some consecutive rows of a file before they are parsed. Any thread may parse them, several times."""

    def parse(self) -> Chunk | Declined:
        """Read the wanted columns in the types that are wanted; other columns may be absent.

        Declined where that is not possible: then :meth:`parse_whole` reads the piece.
        """
        ...

    def parse_whole(self) -> Chunk | Declined:
        """Read the rows as the file has them.

        Declined where the piece is not what it was cut as. Then nothing that was read of the file is certain, and the
        reader of whole files has to read it from its start.
        """
        ...


@runtime_checkable
class RecordsPiece(Piece, Protocol):
    """A piece whose records a runtime may read itself."""

    @property
    def names(self) -> list[str]:
        """The columns that are known to be there."""
        ...

    def records(self) -> Records:
        """The records as they stand, for the runtime."""
        ...

    def lines_until(self, ends: npt.NDArray[np.int64] | None) -> pa.Array:
        """The records as :attr:`Chunk.lines`; ``ends`` are where the runtime found their ends."""
        ...


@dataclass(frozen=True)
class ParsedPiece:
    """Rows that the reader of whole files has parsed: a :class:`Piece`.

    ``declined`` says why quicker ways did not read them: first cutting the file into pieces, then, for CSV that is
    read record by record, Arrow's reader.
    """

    chunk: Chunk
    declined: tuple[Declined, ...] = ()

    def parse(self) -> Chunk:
        """The rows."""
        return self.chunk

    def parse_whole(self) -> Chunk:
        """The rows."""
        return self.chunk


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    quote: str = '"'
    line_end: str = "\n"
    bom: bool = False
    escape: str | None = None
    """What stands before a quote within quotes, and before itself there; None where quotes are doubled."""


@dataclass(frozen=True)
class JsonDialect:
    """How JSON is written: as one object that is in no array."""


@dataclass(frozen=True)
class AvroDialect:
    """How an Avro file is written: the schema of its records, as parsed from JSON and no further."""

    schema: Mapping[str, Any]
    codec: str = "null"
    """What its blocks are compressed with."""


AnyDialect: TypeAlias = Dialect | JsonDialect | AvroDialect


class RecordReader(Protocol):
    """Reads one file from its start to its end.

    ``schema`` is None if it is unknown before reading, as with JSON, and for a file without content;
    such a file yields no chunk. A file with a header but no rows has a schema and yields no chunk.
    ``dialect`` is None except for CSV, Avro, and JSON that is one object. Errors in the content raise ContentError,
    possibly after some chunks were yielded: whoever writes while reading must discard what was written.
    """

    @property
    def format(self) -> Format:
        """The format of the file."""
        ...

    @property
    def schema(self) -> pa.Schema | None:
        """The columns of every chunk, or None where chunks may differ or nothing is known."""
        ...

    @property
    def dialect(self) -> AnyDialect | None:
        """How the file is written, for CSV, Avro, and JSON that is one object; None for others."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order, at most ``chunk_rows`` at a time."""
        ...

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        ...


Encoded: TypeAlias = Any
"""Rows in the form in which the writer that made it can append them."""


class RecordWriter(Protocol):
    """Writes one file; only :meth:`close` makes it complete."""

    def encode(self, table: pa.Table, lines: Any = None) -> Encoded | Declined:
        """What :meth:`put` appends for the rows of ``table``: the work that several threads can do at once.

        ``lines`` are the rows' first columns as :attr:`Chunk.lines`, of the same format; ``table`` has the others.
        Declined where these cannot stand after the lines.
        """
        ...

    def put(self, encoded: Encoded) -> None:
        """Append rows that :meth:`encode` prepared."""
        ...

    def close(self) -> None:
        """Finish the file; closing twice is harmless."""
        ...

    def __enter__(self) -> RecordWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


MIXED = pa.json_(pa.string())
"""The type of a column with values of several types, as readers of JSON and Avro make it: each is a JSON text."""

BYTES_END = " "
"""Ends a text of :data:`MIXED` that is the Base64 of bytes, which nothing else tells; to JSON it means nothing."""

DOCUMENTS = pa.json_(pa.large_string())
"""The type of a column of ``arrow.json`` in the input itself."""


def is_json_text(kind: pa.DataType) -> bool:
    """True for the type of columns whose values are JSON texts, ``arrow.json``."""
    return isinstance(kind, pa.JsonType)


def check_names(names: Sequence[str]) -> None:
    """Raise ContentError if a column name occurs more than once."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        # By their places: where CSV has no header, the names are values of a row.
        places = [str(place) for place, name in enumerate(names, 1) if name == twice[0]][:10]
        raise ContentError(
            f"{len(twice)} column name(s) occur more than once; columns {', '.join(places)} have the same. "
            "Columns are found by name: rename or remove the duplicates, or add the header that CSV lacks."
        )


def malformed_table(rows: Sequence[int], values: Sequence[str]) -> pa.Table | None:
    """The entry for :class:`Chunk` of malformed rows and their texts; None if there are none."""
    return rejects_of(rows, MALFORMED_ROW, [None] * len(rows), values) if rows else None


def rejects_of(rows: Sequence[int], code: str, names: Sequence[str | None], values: Sequence[str]) -> pa.Table:
    """Rows with the same code, each with a column and a value: a table of :data:`REJECT_SCHEMA`."""
    columns: list[pa.Array[Any]] = [
        pa.array(rows, pa.int64()),
        pa.array([code] * len(rows), pa.string()),
        pa.array(names, pa.string()),
        pa.array(values, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=REJECT_SCHEMA)
