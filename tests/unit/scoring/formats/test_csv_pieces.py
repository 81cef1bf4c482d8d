"""CSV whose lines are told apart by their bytes is scored as the reader of whole files would have it, to the byte."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.formats import Format, Numbers, open_reader, pieces
from dai_scoring.formats.csv import pieces as csv_pieces
from dai_scoring.options import OutputColumns
from tests.support.file_scoring import Bench

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
    bench.score(text, **options)
    return bench.target.read_bytes(), bench.rejected.read_bytes() if bench.rejected.exists() else b""


@pytest.mark.parametrize("seed", range(40))
def test_every_way_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    odd, quotes = choose.choice([0, 0, 0.02, 0.3]), choose.choice([0, 0, 0.01])
    text = _file(choose, odd, quotes, choose.choice(["\n", "\r\n"]))
    options: dict[str, Any] = {"batch_rows": choose.choice([1, 7, 40, 10_000])}
    options |= choose.choice(
        [
            {},
            {"output_columns": OutputColumns.PREDICTIONS},
            {"output_columns": OutputColumns.IDS, "id_columns": ("id", "x")},
            {"output_format": Format.JSON_LINES},
        ]
    )
    monkeypatch.setattr(csv_pieces, "_LEAST", choose.choice([50, 500, 1 << 16]))
    bench = Bench(tmp_path)
    quick = _scored(bench, text, options)
    monkeypatch.setattr(csv_pieces.CsvPieces, "pieces", lambda self: iter(()))
    if quotes:
        # A text in quotes that need none comes without them where the whole file is read as records.
        assert quick[0].replace(b'"', b"") == _scored(bench, text, options)[0].replace(b'"', b"")
    else:
        assert quick == _scored(bench, text, options)


def _types(path: Path, text: str, missing: frozenset[str] = frozenset({"NA"})) -> list[pa.DataType]:
    path.write_text(text)
    numbers = Numbers({"x": pa.float64(), "n": pa.int64()}, missing)
    (piece,) = pieces(open_reader(path, Format.CSV, chunk_rows=100), numbers)
    return list(piece.parse().table.schema.types)


def test_numbers_are_read_as_such_where_all_are(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    assert _types(path, "x,s,n\n1.5,a,3\nNA,,\n") == [pa.float64(), pa.string(), pa.int64()]
    text = [pa.string()] * 3
    assert _types(path, "x,s,n\n1.5,a,3.0\n") == text
    assert _types(path, "x,s,n\noops,a,3\n") == text
    assert _types(path, "x,s,n\nnan,a,3\n") == text
    # The same number as a literal that means a missing value, in other characters.
    assert _types(path, "x,s,n\n-999,a,3\n", frozenset({"-999"}))[0] == pa.float64()
    assert _types(path, "x,s,n\n-999.0,a,3\n", frozenset({"-999"})) == text
    # Literals that no integer column holds.
    assert _types(path, "x,s,n\n1,a,3\n", frozenset({"1.5", "-1.7976931348623157e+308"}))[2] == pa.int64()


def test_lines_are_given_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"x,s\r\n1.50,a\r\n2, b\r\nshort\r\n3,c")
    (piece,) = pieces(open_reader(path, Format.CSV, chunk_rows=100))
    chunk = piece.parse()
    assert chunk.lines is not None
    assert chunk.lines.to_pylist() == ["\r\n1.50,a", "\r\n2, b", "\r\nshort", "\r\n3,c"]
    assert chunk.malformed is not None
    assert chunk.malformed.column("row").to_pylist() == [2]
