"""Texts read by Java alone, as it reads lines of CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from dai_scoring.formats import Declined
from dai_scoring.formats.csv.records import CsvRecords
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.runtimes.java.csv_lines import OTHER_FORM, LineReader
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


def target(kind: ColumnType, rows: int) -> Any:
    """The array of Java's that a column is read into."""
    import jpype

    if kind is ColumnType.TIME64:
        return jpype.JArray(jvm.java_class("ai.h2o.mojos.runtime.utils.MojoDateTime"))(rows)
    return jpype.JArray(getattr(jpype, _ARRAYS[kind]))(rows)


def objects(targets: list[Any]) -> Any:
    return java_arrays.array_of(jvm.java_class("java.lang.Object"), targets)


def read_by_java(columns: list[Column], csv: CsvRecords) -> list[pa.Array] | Declined:
    """What Java reads in the columns."""
    targets = [target(column.type, csv.rows) for column in columns]
    layout = LineReader(columns).layout(csv)
    assert not isinstance(layout, Declined)
    if not layout.fill(java_arrays.byte_buffer(pa.py_buffer(csv.data)), csv.rows, objects(targets)):
        return OTHER_FORM
    return [read(one, column.type) for one, column in zip(targets, columns, strict=True)]
