"""Lines of CSV that Java reads itself are read as coerce.py reads their table, or not at all."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.formats import Declined
from dai_scoring.formats.records import CsvRecords
from dai_scoring.options import OutputColumns
from dai_scoring.runtimes.java import java_arrays
from dai_scoring.runtimes.java.record_layouts import OTHER_FORM, RecordLayouts
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer
from dai_scoring.values.coerce import coerce
from tests.support.value_cases import LITERALS, texts_of_java
from tests.support.value_cases.java import csv_of, objects, read_by_java, target
from tests.support.ways import counted, without

pytestmark = pytest.mark.runtime


def _same(found: pa.Array, expected: pa.Array) -> bool:
    if pa.types.is_floating(expected.type):
        numbers = [array.to_numpy(zero_copy_only=False) for array in (found, expected)]
        return bool(
            np.array_equal(*numbers, equal_nan=True) and (np.signbit(numbers[0]) == np.signbit(numbers[1])).all()
        )
    return bool(found.equals(expected))


def _check(column: Column, csv: CsvRecords, texts: list[str]) -> None:
    """All texts are read by Java, as values/coerce.py reads them."""
    found = read_by_java([column], csv)
    assert not isinstance(found, Declined)
    expected, rejected = coerce(pa.array(texts), column)
    assert rejected is None
    assert _same(found[0], expected)


@pytest.mark.parametrize("kind", list(ColumnType))
def test_many_lines_are_read_as_everywhere(titanic_scorer: Scorer, kind: ColumnType) -> None:
    choose = random.Random(1)
    texts = [choose.choice(texts_of_java(kind)) for _ in range(500)]
    end, delimiter = choose.choice(["\n", "\r\n"]), choose.choice([",", ";", "\t"])
    _check(Column("c1", kind, LITERALS), csv_of([["x", text, ""] for text in texts], end, delimiter), texts)


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("kind", list(ColumnType))
def test_what_is_within_quotes_is_read_as_without(titanic_scorer: Scorer, kind: ColumnType, escaped: bool) -> None:
    choose = random.Random(3)
    further = ['a "b"', "\\", 'c\\"', "d,\ne", '"', "\\\\x"] if kind is ColumnType.STR else []
    texts = [choose.choice([*texts_of_java(kind), *further]) for _ in range(500)]
    end = choose.choice(["\n", "\r\n"])
    rows = [[_quoted(choose.choice(["x", 'y",', "\n\\"]), escaped), _quoted(text, escaped), '""'] for text in texts]
    _check(Column("c1", kind, LITERALS), replace(csv_of(rows, end), escaped=escaped), texts)


def _quoted(text: str, escaped: bool) -> str:
    return '"' + (text.replace("\\", "\\\\").replace('"', '\\"') if escaped else text.replace('"', '""')) + '"'


@pytest.mark.parametrize("kind", list(ColumnType))
def test_any_characters_of_numbers_are_read_the_same_or_not_at_all(titanic_scorer: Scorer, kind: ColumnType) -> None:
    column = Column("c0", kind, LITERALS)
    choose = random.Random(2)
    left = 0
    for _ in range(3000):
        text = "".join(choose.choices("0123456789.-+eE", k=choose.randint(1, 24)))
        found = read_by_java([column], csv_of([[text, "y"]]))
        left += isinstance(found, Declined)
        if not isinstance(found, Declined):
            expected, rejected = coerce(pa.array([text]), column)
            assert rejected is None, text
            assert _same(found[0], expected), text
    # A time has other characters too, and is none of them.
    assert 0 < left < 3000 or left == {ColumnType.STR: 0, ColumnType.TIME64: 3000}[kind]


@pytest.mark.parametrize("lines", ["1,2\n3\n", "1,2\n3,4,5\n", "1\n2,3\n", "1,2,3\n4,5\n"])
def test_a_line_with_too_many_or_too_few_fields_is_declined(titanic_scorer: Scorer, lines: str) -> None:
    csv = CsvRecords(("a", "b"), ",", "\n", pa.py_buffer(lines.encode()), 2)
    assert isinstance(read_by_java([Column("b", ColumnType.STR)], csv), Declined)


def test_a_file_without_a_column_of_the_model_is_left_to_others(titanic_scorer: Scorer) -> None:
    layout = RecordLayouts([Column("absent", ColumnType.STR)]).layout(csv_of([["1"]]))
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
        assert ways.reasons(Way.ENGINE_RECORDS) == {OTHER_FORM.reason}
    else:
        assert ways.ways == {Way.ENGINE_RECORDS}
    with without(Way.ENGINE_RECORDS), counted() as ways:
        assert found == _scored(scorer, text, options, tmp_path)
    assert Way.ENGINE_RECORDS not in ways.ways


def test_levels_are_told_apart_however_long(penguins_scorer: Scorer) -> None:
    names = ["", "a", "b", "aa", "1234567", "12345678", "12345679", "x12345678", "y12345678", "é"]
    names += [f"common-start-{index}-common-end" for index in range(300)] + ["n" * 300, "n" * 301]
    reader = RecordLayouts([Column("c0", ColumnType.STR)], [pa.array(names)])
    csv = csv_of([[name, "z"] for name in [*names, "unseen", "common-start-300-common-end", "n" * 302, "1234568"]])
    layout, numbers = reader.layout(csv), target(ColumnType.FLOAT64, csv.rows)
    assert not isinstance(layout, Declined)
    assert layout.fill(java_arrays.byte_buffer(csv.data), csv.rows, objects([numbers])) is not None
    found = list(numbers)
    assert np.isnan(found[0])  # Empty text is missing, level or not.
    assert found[1 : len(names)] == list(range(1, len(names)))
    assert all(np.isnan(found[len(names) :]))
