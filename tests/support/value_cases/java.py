"""Values read by Java alone, as it reads the records of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.formats import Declined
from dai_scoring.formats.records import CsvRecords, JsonRecords, Records, WantedFields
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.runtimes.java.record_layouts import OTHER_FORM, RecordLayouts, are_whole
from dai_scoring.runtimes.java_mojo.frames import read
from dai_scoring.schema import Column, ColumnType

_ARRAYS = {
    ColumnType.FLOAT64: "JDouble",
    ColumnType.FLOAT32: "JFloat",
    ColumnType.INT32: "JInt",
    ColumnType.INT64: "JLong",
    ColumnType.BOOL: "JByte",
    ColumnType.STR: "JString",
}


def csv_of(rows: Sequence[Sequence[str]], end: str = "\n", delimiter: str = ",") -> CsvRecords:
    """Rows of fields as they stand in CSV, their columns named c0, c1 and so on."""
    data = "".join(delimiter.join(row) + end for row in rows).encode()
    names = tuple(f"c{index}" for index in range(len(rows[0])))
    return CsvRecords(names, delimiter, end, pa.py_buffer(data), len(rows))


def json_of(objects: Sequence[bytes], absent: Sequence[str] = (), between: bytes = b"}\n") -> JsonRecords:
    """Objects of JSON on lines, or with other bytes after the values of each, which begin with its brace."""
    parts = [one[: one.rindex(b"}")] + between for one in objects]
    ends = np.cumsum([len(part) for part in parts])
    fields = WantedFields({}, frozenset(absent), "_reject")
    return JsonRecords(pa.py_buffer(b"".join(parts)), between, ends, np.zeros(1, np.int64), fields)


def target(kind: ColumnType, rows: int) -> Any:
    """The array of Java's that a column is read into."""
    import jpype

    if kind is ColumnType.TIME64:
        return jpype.JArray(jvm.java_class("ai.h2o.mojos.runtime.utils.MojoDateTime"))(rows)
    return jpype.JArray(getattr(jpype, _ARRAYS[kind]))(rows)


def objects(targets: list[Any]) -> Any:
    return java_arrays.array_of(jvm.java_class("java.lang.Object"), targets)


def read_by_java(columns: list[Column], records: Records) -> list[pa.Array] | Declined:
    """What Java reads in the columns."""
    targets = [target(column.type, records.rows) for column in columns]
    layout = RecordLayouts(columns).layout(records)
    if isinstance(layout, Declined):
        return layout
    ends = layout.fill(java_arrays.byte_buffer(records.data), records.rows, objects(targets))
    if ends is None or not are_whole(records, ends):
        return OTHER_FORM
    return [read(one, column.type) for one, column in zip(targets, columns, strict=True)]
