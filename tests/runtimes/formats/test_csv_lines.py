"""Lines of CSV that Java reads itself are read as coerce.py reads their table, or not at all."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.formats import Declined
from dai_scoring.options import OutputColumns
from dai_scoring.plain_csv import PlainCsv
from dai_scoring.runtimes.java import jvm
from dai_scoring.runtimes.java.csv_lines import OTHER_FORM, LineReader
from dai_scoring.runtimes.java_mojo.frames import read
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer
from dai_scoring.values.coerce import coerce
from tests.support.ways import counted, without

pytestmark = pytest.mark.runtime

_LITERALS = frozenset({"", "NA", "nan", "?", "-999", "1.5", "2020-02-02", "none"})
_PLAIN = {
    ColumnType.FLOAT64: ["0", "-0", "1", "007", "3.14", "-2.5", ".5", "5.", "12345678", "123456.78", "-1234567.8"],
    ColumnType.FLOAT32: ["0.1", "16777217", "3.4e38", "1e-46", "123456789.123456789", "0.30000001192092896"],
    ColumnType.INT32: ["0", "-0", "7", "-12", "2147483647", "-2147483647", "3.0", "4.", "007"],
    ColumnType.INT64: ["123456789012345678", "-99", "1.000", "9007199254740991.0"],
    ColumnType.BOOL: ["true", "False", "TRUE", "0", "1"],
    ColumnType.TIME64: ["1970-01-01", "2024-02-29", "1969-12-31 23:59:59", "2020-06-01T00:00:01", "0001-01-01"],
    ColumnType.STR: ["a", "é" * 3, "x" * 100, " d ", "null", "NAN", "0", "-999.0"],
}
_ODD = [
    " 3",
    "4 ",
    "+5",
    "1e999",
    "-",
    ".",
    "1.2.3",
    "1e",
    "1e+",
    "--1",
    "1-",
    "0x10",
    "nAn",
    "inf",
    "oops",
    "yes",
    "t",
]
_ODD += [
    "-999.0",
    "1.50",
    "2147483648",
    "-2147483648",
    "12345678901234567890",
    "2.5e3",
    "9007199254740993.0",
    "3.00001",
]
_ODD += ["2023-02-29", "2020-06-01T24:00:00", "2020-06-01 00:60:00", "2020/06/01", "0000-01-01", "2020-06-01T00:00:01Z"]
_ARRAYS = {
    ColumnType.FLOAT64: "JDouble",
    ColumnType.FLOAT32: "JFloat",
    ColumnType.INT32: "JInt",
    ColumnType.INT64: "JLong",
    ColumnType.BOOL: "JByte",
    ColumnType.STR: "JString",
}


def _csv(rows: list[list[str]], end: str = "\n", delimiter: str = ",") -> PlainCsv:
    data = "".join(delimiter.join(row) + end for row in rows).encode()
    names = tuple(f"c{index}" for index in range(len(rows[0])))
    return PlainCsv(names, delimiter, end, pa.py_buffer(data), len(rows))


def _target(kind: ColumnType, rows: int) -> Any:
    import jpype

    if kind is ColumnType.TIME64:
        return jpype.JArray(jvm.java_class("ai.h2o.mojos.runtime.utils.MojoDateTime"))(rows)
    return jpype.JArray(getattr(jpype, _ARRAYS[kind]))(rows)


def _objects(targets: list[Any]) -> Any:
    return jvm.array_of(jvm.java_class("java.lang.Object"), targets)


def _read(columns: list[Column], csv: PlainCsv) -> list[pa.Array] | None:
    """What Java reads; None where it finds that something is not plain."""
    targets = [_target(column.type, csv.rows) for column in columns]
    layout = LineReader(columns).layout(csv)
    assert not isinstance(layout, Declined)
    if not layout.fill(jvm.lent(pa.py_buffer(csv.data)), csv.rows, _objects(targets)):
        return None
    return [read(target, column.type) for target, column in zip(targets, columns, strict=True)]


def _same(found: pa.Array, expected: pa.Array) -> bool:
    if pa.types.is_floating(expected.type):
        numbers = [array.to_numpy(zero_copy_only=False) for array in (found, expected)]
        return bool(
            np.array_equal(*numbers, equal_nan=True) and (np.signbit(numbers[0]) == np.signbit(numbers[1])).all()
        )
    return bool(found.equals(expected))


@pytest.mark.parametrize("kind", list(ColumnType))
def test_what_programs_write_is_read_as_everywhere(titanic_scorer: Scorer, kind: ColumnType) -> None:
    column = Column("c1", kind, _LITERALS)
    choose = random.Random(1)
    texts = [choose.choice([*_PLAIN[kind], *_LITERALS]) for _ in range(500)]
    csv = _csv([["x", text, ""] for text in texts], choose.choice(["\n", "\r\n"]), choose.choice([",", ";", "\t"]))
    found = _read([column], csv)
    expected, complaint = coerce(pa.array(texts), column)
    assert found is not None
    assert complaint is None
    assert _same(found[0], expected)


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("kind", list(ColumnType))
def test_what_is_within_quotes_is_read_as_without(titanic_scorer: Scorer, kind: ColumnType, escaped: bool) -> None:
    column = Column("c1", kind, _LITERALS)
    choose = random.Random(3)
    further = ['a "b"', "\\", 'c\\"', "d,\ne", '"', "\\\\x"] if kind is ColumnType.STR else []
    texts = [choose.choice([*_PLAIN[kind], *further, *_LITERALS]) for _ in range(500)]
    end = choose.choice(["\n", "\r\n"])
    rows = [[_quoted(choose.choice(["x", 'y",', "\n\\"]), escaped), _quoted(text, escaped), '""'] for text in texts]
    found = _read([column], replace(_csv(rows, end), escaped=escaped))
    expected, complaint = coerce(pa.array(texts), column)
    assert found is not None
    assert complaint is None
    assert _same(found[0], expected)


def _quoted(text: str, escaped: bool) -> str:
    return '"' + (text.replace("\\", "\\\\").replace('"', '\\"') if escaped else text.replace('"', '""')) + '"'


@pytest.mark.parametrize("kind", list(ColumnType))
def test_anything_else_is_read_the_same_or_not_at_all(titanic_scorer: Scorer, kind: ColumnType) -> None:
    column = Column("c0", kind, _LITERALS)
    choose = random.Random(2)
    made = ["".join(choose.choices("0123456789.-+eE", k=choose.randint(1, 24))) for _ in range(3000)]
    read_at_all = 0
    for text in [*_ODD, *made]:
        found = _read([column], _csv([[text, "y"]]))
        if found is not None:
            read_at_all += 1
            expected, complaint = coerce(pa.array([text]), column)
            assert complaint is None, text
            assert _same(found[0], expected), text
    assert read_at_all < len(_ODD) + len(made) or kind is ColumnType.STR


@pytest.mark.parametrize("lines", ["1,2\n3\n", "1,2\n3,4,5\n", "1\n2,3\n", "1,2,3\n4,5\n"])
def test_a_line_with_too_many_or_too_few_fields_is_not_plain(titanic_scorer: Scorer, lines: str) -> None:
    csv = PlainCsv(("a", "b"), ",", "\n", pa.py_buffer(lines.encode()), 2)
    assert _read([Column("b", ColumnType.STR)], csv) is None


def test_a_file_without_a_column_of_the_model_is_left_to_others(titanic_scorer: Scorer) -> None:
    layout = LineReader([Column("absent", ColumnType.STR)]).layout(_csv([["1"]]))
    assert layout == Declined("a column of the model is absent, or the delimiter is more than a byte")


def _scored(scorer: Scorer, text: str, options: FileOptions, folder: Path) -> tuple[int, int, bytes, bytes]:
    """How many rows of a file are scored and rejected, and the files of both."""
    source, target, rejected = folder / "in.csv", folder / "out", folder / "rejected"
    source.write_bytes(text.encode())
    rejected.unlink(missing_ok=True)
    summary = score_file(scorer, source, target, rejected, options)
    assert summary.scored + summary.rejected == 5000
    written = rejected.read_bytes() if rejected.exists() else b""
    return summary.scored, summary.rejected, target.read_bytes(), written


@pytest.mark.parametrize("odd", [0, 3])
@pytest.mark.parametrize("seed", range(6))
def test_a_file_comes_out_alike_both_ways(
    request: pytest.FixtureRequest, tmp_path: Path, samples: Path, seed: int, odd: int
) -> None:
    choose = random.Random(seed)
    scorer: Scorer = request.getfixturevalue(["titanic_scorer", "penguins_scorer"][seed % 2])
    end = choose.choice(["\n", "\r\n"])
    if seed % 2:
        header, *rows = (samples / "penguins-rows.csv").read_text().splitlines()
        rows = [choose.choice(rows) for _ in range(5000)]
    else:
        header = "pclass,sex,age,ticket,extra,fare,cabin"
        rows = [
            f"{choose.randint(1, 3)},{choose.choice(['male', 'female', '', 'NA'])},{choose.choice(['', '22', '0.42'])},"
            f"A{choose.randint(0, 99)},{choose.choice(['', 'é'])},{choose.random() * 100:.4f},C{choose.randint(0, 99)}"
            for _ in range(5000)
        ]
    number = header.split(",").index("bill_length_mm" if seed % 2 else "pclass")
    for index in choose.sample(range(5000), odd):
        fields = rows[index].split(",")
        rows[index] = ",".join([*fields[:number], "oops", *fields[number + 1 :]])
    if choose.random() < 0.5:
        rows = ['"' + row.replace(",", '","') + '"' for row in rows]
    options = FileOptions(
        batch_rows=choose.choice([100, 10_000]),
        output_columns=choose.choice([OutputColumns.ALL, OutputColumns.PREDICTIONS]),
    )
    text = end.join([header, *rows]) + choose.choice(["", end])
    with counted() as ways:
        found = _scored(scorer, text, options, tmp_path)
    if odd:
        assert ways.reasons(Way.ENGINE_LINES) == {OTHER_FORM.reason}
    else:
        assert ways.ways == {Way.ENGINE_LINES}
    with without(Way.ENGINE_LINES), counted() as ways:
        assert found == _scored(scorer, text, options, tmp_path)
    assert Way.ENGINE_LINES not in ways.ways


def test_levels_are_told_apart_however_long(penguins_scorer: Scorer) -> None:
    names = ["", "a", "b", "aa", "1234567", "12345678", "12345679", "x12345678", "y12345678", "é"]
    names += [f"common-start-{index}-common-end" for index in range(300)] + ["n" * 300, "n" * 301]
    reader = LineReader([Column("c0", ColumnType.STR)], [pa.array(names)])
    csv = _csv([[name, "z"] for name in [*names, "unseen", "common-start-300-common-end", "n" * 302, "1234568"]])
    layout, target = reader.layout(csv), _target(ColumnType.FLOAT64, csv.rows)
    assert not isinstance(layout, Declined)
    assert layout.fill(jvm.lent(pa.py_buffer(csv.data)), csv.rows, _objects([target]))
    found = list(target)
    assert np.isnan(found[0])  # Empty text is missing, level or not.
    assert found[1 : len(names)] == list(range(1, len(names)))
    assert all(np.isnan(found[len(names) :]))
