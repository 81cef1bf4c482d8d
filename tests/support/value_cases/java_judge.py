"""Values judged one by one in Java, by ``daiscoring.rows.Judge``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import numpy as np

from dai_scoring.runtimes.java import jvm, row_description
from dai_scoring.runtimes.java_mojo.frames import read
from dai_scoring.schema import Column, ColumnType
from tests.support.value_cases import Rejected

ParseTime = Callable[[str, str], "int | None"]


def judged(values: Sequence[Any], column: Column, parse_time: ParseTime | None = None) -> list[Any]:
    """What values mean in a column: values of its type, None or Rejected.

    A time is milliseconds since 1970, a level of a category its index.
    """
    import jpype

    (described,) = jvm.java_class("daiscoring.rows.Description").columns(
        json.dumps(row_description.inputs([column], with_indices=True))
    )

    def own(text: Any) -> Any:
        found = parse_time(column.name, str(text)) if parse_time else None
        return None if found is None else jpype.JLong(found)

    function = jpype.JProxy("java.util.function.Function", {"apply": own})
    judge = jvm.java_class("daiscoring.rows.Judge")(described, function)
    array = judge.newArray(len(values))
    codes = [judge.read(java_value(value), array, row) for row, value in enumerate(values)]
    found = _values(array, column)
    return [value if code is None else Rejected(str(code)) for value, code in zip(found, codes, strict=True)]


def _values(array: Any, column: Column) -> list[Any]:
    if column.levels is not None:
        return [None if value != value else int(value) for value in array]
    if column.type is ColumnType.TIME64:
        return list(read(array, ColumnType.INT64).to_pylist())
    # In arrays of numbers Java has NaN for a missing value.
    return [None if value != value else value for value in read(array, column.type).to_pylist()]


def java_value(value: Any) -> Any:
    """A value of Python's as the object of Java's that a record has."""
    import jpype

    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return jpype.java.lang.Boolean(value)
    if isinstance(value, int):
        return jpype.java.lang.Long(value)
    if isinstance(value, np.float32):
        return jpype.java.lang.Float(float(value))
    if isinstance(value, float):
        return jpype.java.lang.Double(value)
    if isinstance(value, Decimal):
        return jpype.java.math.BigDecimal(str(value))
    if isinstance(value, bytes):
        return jpype.JArray(jpype.JByte)(value)
    if isinstance(value, datetime):
        whole = value.replace(tzinfo=timezone.utc, microsecond=0).timestamp()
        return jpype.java.time.Instant.ofEpochSecond(int(whole), value.microsecond * 1000)
    if isinstance(value, date):
        return jpype.java.time.LocalDate.of(value.year, value.month, value.day)
    return jpype.JArray(jpype.java.lang.Object)([json.dumps(value)])
