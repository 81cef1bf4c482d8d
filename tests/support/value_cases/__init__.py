"""One table of values and what they mean in a column of each type, for every way that judges values.

The whole-column way (``values/coerce.py``) judges each of them. The quick ways read what programs write most and leave
the rest to it: few rows as Python's objects (``values/few_rows.py``), and Java (``TextColumn``). The table says what
they read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, auto
from typing import Any

import numpy as np

from dai_scoring.schema import Column, ColumnType

LITERALS = frozenset({"", "NA", "nan", "inf", "?", "-999", "1.5", "2020-02-02"})
"""What means a missing value in the columns of most cases."""


class Quick(Flag):
    """The quick ways that read a value; no quick way reads those of NONE."""

    NONE = 0
    FEW_ROWS = auto()
    JAVA = auto()
    BOTH = FEW_ROWS | JAVA


@dataclass(frozen=True)
class Rejected:
    """The row of the value is rejected with this code."""

    code: str


@dataclass(frozen=True)
class Case:
    """A value, a text or one of JSON, and what it means: a value of the column's type, None if missing, or Rejected."""

    kind: ColumnType
    value: Any
    meaning: Any
    quick: Quick
    column: Column = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind.value} {str(self.value)[:40]!r}"

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)


def _cases(
    kind: ColumnType, quick: Quick, meanings: dict[Any, Any], literals: frozenset[str] = LITERALS, **options: Any
) -> list[Case]:
    column = Column("c0", kind, literals, **options)
    return [Case(kind, value, meaning, quick, column) for value, meaning in meanings.items()]


def _all(values: list[Any], meaning: Any) -> dict[Any, Any]:
    return dict.fromkeys(values, meaning)


def _single(number: float) -> float:
    return float(np.float32(number))


_NO_NUMBER, _NO_INTEGER = Rejected("not_a_number"), Rejected("not_an_integer")
_NO_DATE, _NO_BOOLEAN, _RANGE = Rejected("not_a_date"), Rejected("not_a_boolean"), Rejected("out_of_range")
_INF = float("inf")
_DOUBLE, _FLOAT, _INT, _LONG = ColumnType.FLOAT64, ColumnType.FLOAT32, ColumnType.INT32, ColumnType.INT64
_BOOL, _STR, _TIME = ColumnType.BOOL, ColumnType.STR, ColumnType.TIME64
_BOTH, _FEW, _JAVA, _NONE = Quick.BOTH, Quick.FEW_ROWS, Quick.JAVA, Quick.NONE

_DOUBLES = [
    *_cases(_DOUBLE, _BOTH, {"0": 0.0, "-0": -0.0, "1": 1.0, "007": 7.0, "3.14": 3.14, "-2.5": -2.5}),
    *_cases(_DOUBLE, _BOTH, {"12345678": 12345678.0, "123456.78": 123456.78, "-1234567.8": -1234567.8}),
    *_cases(_DOUBLE, _BOTH, {"123456789.123456789": 123456789.123456789}),
    *_cases(_DOUBLE, _BOTH, _all(["", "NA", "nan", "inf", "?", "-999", "1.5"], None)),
    # The numbers of literals, written otherwise.
    *_cases(_DOUBLE, _FEW, {"1.50": 1.5, "-999.0": -999.0}),
    *_cases(_DOUBLE, _JAVA, {".5": 0.5, "5.": 5.0, "-.5e-3": -0.0005, "1e3": 1000.0, "2.5e3": 2500.0, "1e-46": 1e-46}),
    *_cases(_DOUBLE, _JAVA, {"12345678901234567890": 12345678901234567890.0, "9007199254740993.0": 9007199254740992.0}),
    *_cases(_DOUBLE, _NONE, {" 2 ": 2.0, " 3": 3.0, "4 ": 4.0, "+5": 5.0, "true": 1.0, "FALSE": 0.0}),
    *_cases(_DOUBLE, _NONE, {"1e999": _INF, "Infinity": _INF, "-inf": -_INF}),
    *_cases(_DOUBLE, _NONE, _all([" ", " NA ", "NaN", "nAn"], None)),
    *_cases(_DOUBLE, _NONE, _all(["abc", "1.5f", "0x10", "1_000", "1,5", "1 2", "--1", "1-", "1e", "1e+"], _NO_NUMBER)),
    *_cases(_DOUBLE, _NONE, _all(["-", ".", "1.2.3", "2018-01-01", "yes", "t", "oops", "$5", "5%"], _NO_NUMBER)),
    # Without literals a text that H2O's models may have as one is a number.
    *_cases(_DOUBLE, _BOTH, {"-999": -999.0, "1.5": 1.5}, frozenset()),
    *_cases(_DOUBLE, _NONE, {"inf": _INF, "nan": None, "NA": _NO_NUMBER}, frozenset()),
    # Of JSON: a number is never a literal.
    *_cases(_DOUBLE, _FEW, {1: 1.0, 2.5: 2.5, -999: -999.0, -999.5: -999.5, 2**53: 2.0**53, None: None}),
    *_cases(_DOUBLE, _NONE, {True: 1.0, 2**62: 2.0**62}),
]
_FLOATS = [
    *_cases(_FLOAT, _BOTH, {"0.1": _single(0.1), "16777217": 16777216.0, "123456789.123456789": 123456792.0}),
    *_cases(_FLOAT, _BOTH, _all(["", "NA"], None)),
    *_cases(_FLOAT, _JAVA, {"3.4e38": _single(3.4e38), "1e-46": 0.0, "1e39": _INF}),
    # Rounded once, from double precision.
    *_cases(_FLOAT, _JAVA, {"0.30000001192092896": _single(0.3), "0.1000000014901161193847656250000001": _single(0.1)}),
    *_cases(_FLOAT, _NONE, _all(["x", "1.5f"], _NO_NUMBER)),
    *_cases(_FLOAT, _FEW, {7: 7.0, 0.1: _single(0.1)}),
    *_cases(_FLOAT, _NONE, {1e39: _INF}),
]
_INTEGERS = [
    *_cases(_INT, _BOTH, {"0": 0, "-0": 0, "7": 7, "-12": -12, "007": 7, "3.0": 3}),
    *_cases(_INT, _BOTH, {"2147483647": 2**31 - 1, "-2147483647": -(2**31) + 1}),
    *_cases(_INT, _BOTH, _all(["", "NA", "-999", "nan"], None)),
    *_cases(_INT, _FEW, {"-999.0": -999}),
    *_cases(_INT, _JAVA, {"4.": 4}),
    *_cases(_INT, _NONE, {"+5": 5, " 3": 3, "4 ": 4, "1e3": 1000, "true": 1}),
    *_cases(_INT, _NONE, _all(["2147483648", "-2147483648", "1e999"], _RANGE)),
    *_cases(_INT, _NONE, {**_all(["3.00001", "2.5"], _NO_INTEGER), **_all(["oops", "1-"], _NO_NUMBER)}),
    *_cases(_INT, _FEW, {5: 5, 3.0: 3, -999: -999}),
    *_cases(_INT, _NONE, {2.5: _NO_INTEGER, 2**31: _RANGE, True: 1}),
    *_cases(_LONG, _BOTH, {"-99": -99, "1.000": 1, "": None, "?": None}),
    *_cases(_LONG, _JAVA, {"123456789012345678": 123456789012345678, "9007199254740993": 2**53 + 1}),
    *_cases(_LONG, _JAVA, {"9007199254740991.0": 2**53 - 1}),
    *_cases(_LONG, _NONE, {"9223372036854775807": 2**63 - 1, "2.5e3": 2500, "2.5": _NO_INTEGER, "x": _NO_NUMBER}),
    *_cases(_LONG, _NONE, _all(["9223372036854775808", "-9223372036854775808", "12345678901234567890"], _RANGE)),
    *_cases(_LONG, _NONE, {2**53 + 1: 2**53 + 1, 1e300: _RANGE, 2.5: _NO_INTEGER}),
]
_BOOLEANS = [
    *_cases(_BOOL, _JAVA, {**_all(["true", "True", "TRUE", "1"], True), **_all(["False", "0"], False)}),
    *_cases(_BOOL, _JAVA, _all(["", "NA"], None)),
    *_cases(_BOOL, _NONE, {**_all(["t", "yes", " yes", "1.0"], True), **_all(["F", "No", "0.0"], False)}),
    *_cases(_BOOL, _NONE, _all(["2", "oops", "-"], _NO_BOOLEAN)),
    *_cases(_BOOL, _NONE, {True: True, False: False, 2: _NO_BOOLEAN, None: None}),
]
_TEXTS = [
    *_cases(_STR, _BOTH, {text: text for text in ("a", "é" * 3, "x" * 100, " d ", "null", "NAN", "0", "-999.0")}),
    # Literals of text are compared with their blanks.
    *_cases(_STR, _BOTH, {" NA ": " NA ", " ": " ", **_all(["NA", "nan", "?", "-999", ""], None)}),
    *_cases(_STR, _NONE, {3: "3"}),
    *_cases(_STR, _NONE, {3.0: "3", 2.5: "2.5", True: "true", 12345678901.0: "12345678901"}),
    *_cases(_STR, _FEW, {None: None}),
]
_TIMES = [
    *_cases(_TIME, _BOTH, {"1970-01-01": datetime(1970, 1, 1), "2024-02-29": datetime(2024, 2, 29)}),
    *_cases(_TIME, _BOTH, {"0001-01-01": datetime(1, 1, 1), "1800-01-01": datetime(1800, 1, 1)}),
    *_cases(_TIME, _BOTH, _all(["", "NA", "2020-02-02"], None)),
    *_cases(_TIME, _JAVA, {"2020-06-01T00:00:01": datetime(2020, 6, 1, 0, 0, 1)}),
    *_cases(_TIME, _JAVA, {"1969-12-31 23:59:59": datetime(1969, 12, 31, 23, 59, 59)}),
    *_cases(_TIME, _NONE, {"2018-01-02T03:04:05Z": datetime(2018, 1, 2, 3, 4, 5)}),
    *_cases(_TIME, _NONE, {"2018-01-02 03:04": datetime(2018, 1, 2, 3, 4), " 2018-01-02 ": datetime(2018, 1, 2)}),
    *_cases(_TIME, _NONE, {"2018-01-02T03:04:05.1234567+02:00": datetime(2018, 1, 2, 1, 4, 5, 123000)}),
    *_cases(_TIME, _NONE, {"2018-01-02T03:04:05-0330": datetime(2018, 1, 2, 6, 34, 5)}),
    *_cases(_TIME, _NONE, {"2018-01-02T03:04:05,5Z": datetime(2018, 1, 2, 3, 4, 5, 500_000)}),
    *_cases(_TIME, _NONE, _all(["1514764800000", "1.5147648e12"], datetime(2018, 1, 1))),
    *_cases(_TIME, _NONE, _all(["2023-02-29", "2018-02-30", "2020-06-01T24:00:00", "2020-06-01 00:60:00"], _NO_DATE)),
    *_cases(_TIME, _NONE, _all(["2020/06/01", "2018-1-2", "soon", "2.5", "true"], _NO_DATE)),
    *_cases(_TIME, _NONE, {1514764800000: datetime(2018, 1, 1)}),
    *_cases(_TIME, _NONE, {1514764800000.0: datetime(2018, 1, 1)}),
    *_cases(_TIME, _NONE, {2.5: _NO_DATE, True: _NO_DATE}),
]
# As H2O-3's parser reads amounts and percentages; the right values are those of H2O-3 3.46.0.10.
_SIGNS = [
    *_cases(_DOUBLE, _NONE, {"$5": 5.0, "5%": 0.05, "$5%": 0.05, "$-5": -5.0, "-5%": -0.05}, with_signs=True),
    *_cases(_DOUBLE, _NONE, {"5.5%": 0.055, "5 %": 0.05, "$1e2": 100.0, "0.1%": 0.001}, with_signs=True),
    *_cases(_DOUBLE, _NONE, {"33%": 0.33, "1.15%": 0.0115, "12345.678%": 123.45678}, with_signs=True),
    *_cases(_DOUBLE, _NONE, {"$0.07": 0.07, "$1234567.891": 1234567.891, " $5": 5.0, "+5": 5.0}, with_signs=True),
    *_cases(_DOUBLE, _JAVA, {"1.5e-3": 0.0015, ".5": 0.5, "5.": 5.0}, with_signs=True),
    *_cases(_DOUBLE, _NONE, _all(["-$5", "$ 5", "5$", "%5", "£5", "€5", "1,000", "(5)"], _NO_NUMBER), with_signs=True),
    *_cases(
        _DOUBLE, _NONE, _all(["5-", "1_000", "1e", "1 2", "0x10", "$", "%", "$%", "5%%"], _NO_NUMBER), with_signs=True
    ),
]
_REQUIRED = _cases(_DOUBLE, _NONE, {"": Rejected("missing_value"), "NA": Rejected("missing_value")}, required=True)

CASES = [*_DOUBLES, *_FLOATS, *_INTEGERS, *_BOOLEANS, *_TEXTS, *_TIMES, *_SIGNS, *_REQUIRED]
TEXT_CASES = [case for case in CASES if case.is_text]


def texts_of_java(kind: ColumnType) -> list[str]:
    """The texts that Java reads in a column of a type that has :data:`LITERALS`."""
    return [str(case.value) for case in TEXT_CASES if case.kind is kind and case.quick & Quick.JAVA and _is_usual(case)]


def _is_usual(case: Case) -> bool:
    return case.column == Column("c0", case.kind, LITERALS)
