"""CSV whose lines are told apart by their bytes is scored as the reader of whole files would have it, to the byte."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.formats import Chunk, Declined, Format, NumberColumns, open_reader, pieces
from dai_scoring.formats.csv import pieces as csv_pieces
from dai_scoring.options import OutputColumns
from tests.support.files.file_scoring import Bench
from tests.support.ways import by_reader, counted

_NUMBERS = ["1", "2.5", "-7", "", "1e3", "0.1", "007", "1234567890123456"]
_ODD = ["NA", "nan", "inf", "-Infinity", " 3", "4 ", "+5", "true", "0x10", "oops", "1e999", "é", "1,5"]
_TEXTS = ["", "a", "bc", "é" * 3, " d ", "NA", "null", "0"]


def _file(choose: random.Random, odd: float, quotes: float, end: str) -> str:
    rows = ["id,s,x"]
    for index in range(choose.randint(1, 120)):
        x = choose.choice(_ODD if choose.random() < odd else _NUMBERS)
        text = choose.choice(_TEXTS)
        rows.append(f"{index},{text},{x}" if choose.random() >= quotes else f'{index},"{text}{end}""",{x}')
        if choose.random() < odd / 20:
            rows.append("")
    return end.join(rows) + (end if choose.random() < 0.8 else "")


def _scored(bench: Bench, text: str, options: dict[str, Any]) -> tuple[bytes, bytes]:
    bench.rejected.unlink(missing_ok=True)
    bench.score(text, "text/csv", **options)
    return bench.target.read_bytes(), bench.rejected.read_bytes() if bench.rejected.exists() else b""


_OPTIONS: list[tuple[dict[str, Any], Way]] = [
    ({}, Way.MODEL_COLUMNS),
    ({"output_columns": OutputColumns.PREDICTIONS}, Way.MODEL_COLUMNS),
    # No number of the model is left that need not be text.
    ({"output_columns": OutputColumns.IDS, "id_columns": ("id", "x")}, Way.PIECES),
    ({"output_format": Format.JSON_LINES}, Way.PIECES),
]


def _compare(bench: Bench, text: str, quick: tuple[bytes, bytes], options: dict[str, Any]) -> None:
    with by_reader(), counted() as ways:
        slow = _scored(bench, text, options)
    assert ways.ways <= {Way.READER, Way.ONE_BY_ONE}
    if '"' in text:
        # A text in quotes that need none comes without them where the whole file is read as records.
        assert quick[0].replace(b'"', b"") == slow[0].replace(b'"', b"")
    else:
        assert quick == slow


@pytest.mark.parametrize(("options", "way"), _OPTIONS)
@pytest.mark.parametrize("seed", range(8))
def test_what_is_cut_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, options: dict[str, Any], way: Way
) -> None:
    choose = random.Random(seed)
    text = _file(choose, 0, choose.choice([0, 0.01]), choose.choice(["\n", "\r\n"]))
    options = {**options, "batch_rows": choose.choice([1, 7, 100, 10_000])}
    monkeypatch.setattr(csv_pieces, "_LEAST", choose.choice([200, 500, 1 << 16]))
    bench = Bench(tmp_path)
    with counted() as ways:
        quick = _scored(bench, text, options)
    assert ways.ways == {way}
    _compare(bench, text, quick, options)


def test_what_is_not_cut_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    with counted() as all_ways:
        for seed in range(50):
            choose = random.Random(seed)
            text = _file(choose, choose.choice([0.02, 0.3]), choose.choice([0, 0, 0.01]), choose.choice(["\n", "\r\n"]))
            if choose.random() < 0.3:
                place = choose.randint(text.index("\n") + 1, len(text))
                text = text[:place] + choose.choice(["\0", "\r", "\n\n"]) + text[place:]
            options = {**choose.choice(_OPTIONS)[0], "batch_rows": choose.choice([1, 7, 100, 10_000])}
            monkeypatch.setattr(csv_pieces, "_LEAST", choose.choice([50, 500, 1 << 16]))
            _compare(bench, text, _scored(bench, text, options), options)
    assert all_ways.ways >= {Way.MODEL_COLUMNS, Way.PIECES, Way.READER}
    assert all_ways.reasons(Way.MODEL_COLUMNS) >= {
        "a value is not the number that its column holds, or a record is malformed",
        "a number may mean a missing value, as written otherwise",
    }
    assert all_ways.reasons(Way.PIECES) >= {
        "there is a NUL among the text",
        "lines end in different ways",
        "there is a blank line among the records",
    }


def _types(path: Path, text: str, missing: frozenset[str] = frozenset({"NA"})) -> list[pa.DataType] | None:
    """The types of the columns of a file; None if its numbers are not read as such."""
    path.write_text(text)
    numbers = NumberColumns({"x": pa.float64(), "n": pa.int64()}, missing)
    (piece,) = pieces(open_reader(path, Format.CSV, chunk_rows=100), numbers)
    assert not isinstance(piece, Declined)
    chunk = piece.parse()
    return None if isinstance(chunk, Declined) else list(chunk.table.schema.types)


def test_numbers_are_read_as_such_where_all_are(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    assert _types(path, "x,s,n\n1.5,a,3\nNA,,\n") == [pa.float64(), pa.string(), pa.int64()]
    assert _types(path, "x,s,n\n1.5,a,3.0\n") is None
    assert _types(path, "x,s,n\noops,a,3\n") is None
    assert _types(path, "x,s,n\nnan,a,3\n") is None
    # The same number as a literal that means a missing value, in other characters.
    numbers = [pa.float64(), pa.string(), pa.int64()]
    assert _types(path, "x,s,n\n-999,a,3\n", frozenset({"-999"})) == numbers
    assert _types(path, "x,s,n\n-999.0,a,3\n", frozenset({"-999"})) is None
    # Literals that no integer column holds.
    assert _types(path, "x,s,n\n1,a,3\n", frozenset({"1.5", "-1.7976931348623157e+308"})) == numbers


def test_lines_are_given_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"x,s\r\n1.50,a\r\n2, b\r\nshort\r\n3,c")
    (piece,) = pieces(open_reader(path, Format.CSV, chunk_rows=100))
    assert not isinstance(piece, Declined)
    chunk = piece.parse_whole()
    assert isinstance(chunk, Chunk)
    assert chunk.lines is not None
    assert chunk.lines.to_pylist() == ["\r\n1.50,a", "\r\n2, b", "\r\nshort", "\r\n3,c"]
    assert chunk.malformed is not None
    assert chunk.malformed.column("row").to_pylist() == [2]
