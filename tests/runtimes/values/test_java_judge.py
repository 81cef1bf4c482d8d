"""Java's judge of rows beside Python's judge of columns, over many values of every kind."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer
from dai_scoring.values.coerce import coerce
from dai_scoring.values.levels import Levels
from tests.support.value_cases import LITERALS, Rejected
from tests.support.value_cases.java_judge import judged

pytestmark = pytest.mark.runtime

_PARTS = [*"0123456789+-.eE$% ,:TZtz\u00a0\u2003\t\v\x1f\x85", "nan", "inf", "Infinity", "NA", "true", "False", "yes"]
_PARTS += [
    "2018-01-02",
    "0000-01-01",
    "9999-12-31",
    "T03:04",
    ":05",
    ".5",
    "+02:00",
    "-0330",
    "+24:00",
    "99",
    "1e5",
    "é",
]
_KNOWN = ["9223372036854775807", "-9223372036854775808", "9" * 400, "1e400%", "1e-400", "0" * 30 + "7", "5" * 30 + "%"]
_KNOWN += ["2018-01-02T03:04:05.999999999Z", "2018-01-02 03:04 +01", "2018-01-02T23:59:60", "$1e1000000%", "1e-9999999"]


def _texts(count: int) -> list[str]:
    chosen = random.Random(7)
    return _KNOWN + ["".join(chosen.choices(_PARTS, k=chosen.randint(1, 5))) for _ in range(count)]


def _doubles() -> list[float]:
    chosen = random.Random(8)
    some = [chosen.uniform(-1, 1) * 10.0 ** chosen.randint(-12, 20) for _ in range(300)]
    whole = [float(chosen.randint(-(10**17), 10**17) // 10 ** chosen.randint(0, 16)) for _ in range(200)]
    return [0.0, -0.0, 5e-324, 1.7976931348623157e308, 2.0**53, 2.0**63, 1e10, 1e-5, 1e-6, *some, *whole]


def _values() -> dict[str, pa.Array]:
    doubles = _doubles()
    near = datetime(1970, 1, 1)
    times = [near + timedelta(microseconds=int(number * 1e6)) for number in doubles if abs(number) < 1e9]
    return {
        "texts": pa.array(_texts(1500)),
        "doubles": pa.array([*doubles, float("nan"), float("inf"), float("-inf"), None]),
        "singles": pa.array(np.array([n for n in doubles if abs(n) < 3e38], np.float32)),
        "integers": pa.array([int(number) for number in doubles if abs(number) < 2**62] + [-(2**63), 2**63 - 1]),
        "booleans": pa.array([True, False, None]),
        "decimals": pa.array([Decimal("1.50"), Decimal("-999.00"), Decimal("0E-9"), Decimal("12345678901234567.5")]),
        "bytes": pa.array([b"1.5", b"3", b"\xff", b"true", None]),
        "dates": pa.array([date(1969, 12, 31), date(1, 1, 1), date(9999, 12, 31), None]),
        "times": pa.array(times, pa.timestamp("us")),
        "lists": pa.array([[1, 2], None]),
    }


def _expected(values: pa.Array, column: Column) -> list[Any]:
    found, complaint = coerce(values, column)
    if column.levels is not None:
        found, _ = column.levels.indices(found)
    if column.type is ColumnType.TIME64:
        found = found.cast(pa.int64())
    return [
        Rejected(complaint.code(row))
        if complaint is not None and complaint.bad[row]
        else None
        if value != value
        else value
        for row, value in enumerate(found.to_pylist())
    ]


def _columns() -> list[Column]:
    plain = [Column("c0", kind, LITERALS) for kind in ColumnType]
    levels = Levels(["", "a", "1", "2.5", "T", "no", "NA", "12345678901"])
    return [
        *plain,
        Column("c0", ColumnType.FLOAT64, with_signs=True),
        Column("c0", ColumnType.INT64, required=True),
        Column("c0", ColumnType.STR, frozenset({""}), levels),
    ]


# The text of a time depends on the precision of its column, which a single value does not have.
_PAIRS = [
    (column, kind)
    for column in _columns()
    for kind in sorted(_values())
    if kind != "times" or column.type is not ColumnType.STR
]


@pytest.mark.parametrize(("column", "kind"), _PAIRS, ids=lambda one: one.type.value if isinstance(one, Column) else one)
def test_java_says_what_python_says(titanic_scorer: Scorer, column: Column, kind: str) -> None:
    values = _values()[kind]
    given = values.to_numpy(zero_copy_only=False) if kind == "singles" else values.to_pylist()
    found = judged(list(given), column)
    expected = _expected(values, column)
    assert [
        (one, java, python)
        for one, java, python in zip(given, found, expected, strict=True)
        if repr(java) != repr(python)
    ] == []
