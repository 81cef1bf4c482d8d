"""Numbers in the id columns of JSON come out with the digits that they came with."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Format
from dai_scoring.options import OutputColumns
from tests.support.files.file_scoring import Bench

NUMBERS = ["1234567890123456789012345", "12345678901234567.89", "1.10", "1e5", "-0.0", "7", "null", '"1.10"']
NESTED = ['{"b":1.10}', '[1.0,{"c":1e5}]']


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _lines(number: str, rows: int) -> str:
    return "".join(f'{{"id": {number}, "s":"ab", "x":{row}.50}}\n' for row in range(rows))


def _ids(text: str) -> list[str]:
    return re.findall(r'"id": ?(.*?), ?"(?:s|total|_reject)', text)


@pytest.mark.parametrize("number", [*NUMBERS, *NESTED])
@pytest.mark.parametrize("rows", [1, 3, 150])
@pytest.mark.parametrize("form", [Format.JSON_LINES, Format.JSON_ARRAY])
def test_ids_keep_their_digits_in_files(bench: Bench, number: str, rows: int, form: Format) -> None:
    for columns in ({"output_columns": OutputColumns.IDS, "id_columns": ("id",)}, {}):
        bench.score(_lines(number, rows), "application/x-ndjson", output_format=form, **columns)
        assert _ids(bench.out()) == [number] * rows


@pytest.mark.parametrize("numbers", [*([one] for one in NUMBERS[:6]), ["1", "2.50", "-0", "null", "1e5"], ["-0", "7"]])
@pytest.mark.parametrize("times", [1, 150])
@pytest.mark.parametrize("form", [Format.JSON_LINES, Format.JSON_ARRAY])
def test_numbers_that_only_pass_through_keep_their_digits_in_csv(
    bench: Bench, numbers: list[str], times: int, form: Format
) -> None:
    # Of the same name within, and a text that looks like a member.
    nested = '{"id": 1.50}'
    objects = [
        f'{{"s":"ab", "t":"\\"id\\": 3.10", "n":{nested if number == "7" else 1}, "id" : {number}, "x":1}}'
        for number in numbers * times
    ]
    text = "\n".join(objects) if form is Format.JSON_LINES else f"[{','.join(objects)}]"
    bench.score(text, form.mime_type, output_format=Format.CSV)
    cells = [row["id"] for row in csv.DictReader(bench.out().splitlines())]
    assert cells == ["" if number == "null" else number for number in numbers * times]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("rows", [1, 3])
def test_ids_keep_their_digits_where_few_rows_are_scored_in_memory(bench: Bench, number: str, rows: int) -> None:
    options = FileOptions(output_columns=OutputColumns.IDS, id_columns=("id",))
    given = [
        Contents(_lines(number, rows).encode(), "application/x-ndjson"),
        Contents(("[" + ",".join(_lines(number, rows).splitlines()) + "]").encode(), "application/json"),
    ]
    answers = InMemoryScorer(bench.scorer, options).score(given)
    # What is beyond 64 bits is scored as a file.
    found = [answer for answer in answers if isinstance(answer, ScoredContents)]
    assert len(found) == (0 if number == NUMBERS[0] else len(answers))
    assert all(_ids(answer.contents.decode()) == [number] * rows for answer in found)


def test_rejected_records_in_another_format_keep_their_digits(bench: Bench) -> None:
    lines = _lines("1.10", 2) + '{"id":2.50,"s":"a","x":"oops"}\n'
    assert bench.score(lines, "application/x-ndjson", output_format=Format.JSON_ARRAY).rejected == 1
    assert '"id":2.50' in bench.rejected.read_text()
