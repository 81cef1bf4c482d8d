"""Records as the bytes of a file, for a runtime that reads them itself, and which columns are wanted of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class NumberColumns:
    """Columns of text that are wanted as numbers: the type of each, and the texts that mean a missing value in them."""

    types: Mapping[str, pa.DataType]
    missing: frozenset[str]


@dataclass(frozen=True)
class WantedFields:
    """The columns that are wanted of JSON objects, with their types, and names that none of the objects may have.

    Nor may there be a text that begins with ``absent_start``: looking for that is quicker than for several names.
    """

    types: Mapping[str, pa.DataType]
    absent: frozenset[str]
    absent_start: str | None = None


@dataclass(frozen=True)
class WantedGroups:
    """Row groups of Parquet are wanted as they stand."""


WantedColumns: TypeAlias = NumberColumns | WantedFields | WantedGroups
"""What is wanted of the pieces of a file."""


@dataclass(frozen=True)
class CsvRecords:
    """Some records of a CSV file, without a NUL or an empty line between them.

    ``data`` has ``rows`` records as UTF-8, each ended by ``line_end``. ``names`` are the file's columns, all different.
    A quote that begins a field is closed before a delimiter or the end of the record. Quotes within it are doubled. If
    ``escaped`` is True, a backslash comes before them instead, and before each backslash.
    """

    names: tuple[str, ...]
    delimiter: str
    line_end: str
    data: pa.Buffer
    rows: int
    escaped: bool = False


@dataclass(frozen=True)
class JsonRecords:
    """Some JSON objects, if they are what they were cut as.

    ``data`` has them as UTF-8: after the last value of each stands ``between``. ``ends`` are where the objects begin
    that follow each of them. ``starts`` are the numbers of the objects that begin a content: in each of these, some
    object has each column of the model. ``fields`` says which names no object may have.
    """

    data: pa.Buffer
    between: bytes
    ends: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    fields: WantedFields

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.ends)


@dataclass(frozen=True)
class AvroField:
    """A field of Avro records.

    ``shape`` is FIXED (``size`` bytes), VARINT, COUNTED (bytes, and how many they are before them), BOOLEAN, FLOAT,
    DOUBLE or ENUM (with ``symbols``). ``null`` is the byte of a missing value, or -1. ``name`` and
    ``kind`` are those of its column, None if the column is not wanted.
    """

    shape: str
    size: int
    null: int
    name: str | None = None
    kind: pa.DataType | None = None
    symbols: tuple[str, ...] | None = None


@dataclass(frozen=True)
class AvroRecords:
    """Some records of Avro, one after the other, if they are what their schema says.

    ``fields`` are those of each record, in order. ``blocks`` has for each block how many records and bytes there
    are up to its end.
    """

    data: pa.Buffer
    rows: int
    fields: tuple[AvroField, ...]
    blocks: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


Records: TypeAlias = CsvRecords | JsonRecords | AvroRecords
