"""CSV with quotes that RFC 4180 does not know: no record is lost, and those of NiFi are read as it means them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dai_scoring.formats.base import Chunk, Dialect
from dai_scoring.formats.csv import record_reader
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.csv.pieces import CsvPieces
from dai_scoring.formats.csv.record_cutter import Record, RecordCutter, Unclosed
from dai_scoring.formats.source import HeldText
from tests.support.files.file_scoring import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_backslash_before_a_quote_as_nifi_writes_it(bench: Bench) -> None:
    summary = bench.score('s,x\n"TV 40\\"",1\n"TV 32\\"",2\nplain,5\n')
    assert bench.out() == 's,x,total\n"TV 40\\"",1,7.0\n"TV 32\\"",2,8.0\nplain,5,10.0\n'
    assert (summary.records, summary.scored, summary.rejected) == (3, 3, 0)


def test_rejected_rows_keep_the_backslashes(bench: Bench) -> None:
    bench.score('s,x\n"a\\"b\\\\",1\n"c\\"\\\\",oops\n')
    assert bench.out() == 's,x,total\n"a\\"b\\\\",1,5.0\n'
    assert bench.rejected.read_text().splitlines()[1] == '"c\\"\\\\",oops,not_a_number,x,oops'


@pytest.mark.parametrize("text", ['"C:\\",1\n"D:\\",2\n', '"{""a"":""\\""}",1\n"b",2\n'])
def test_a_backslash_at_the_end_of_a_field_is_one(bench: Bench, text: str) -> None:
    assert bench.score("s,x\n" + text).scored == 2
    assert [row["s"] for row in csv.DictReader(io.StringIO(bench.out()))] == [
        row["s"] for row in csv.DictReader(io.StringIO("s,x\n" + text))
    ]


def test_what_follows_a_closing_quote_makes_the_line_malformed(bench: Bench) -> None:
    summary = bench.score('s,x\n5" pipe,1\n"6"" pipe",2\n"7" pipe,3\nq,4\n')
    assert bench.out() == 's,x,total\n5" pipe,1,8.0\n"6"" pipe",2,9.0\nq,4,5.0\n'
    assert (summary.records, summary.scored, summary.rejected) == (4, 3, 1)
    assert '"""7"" pipe,3"' in bench.rejected.read_text()


def test_many_records_with_backslashes_and_line_ends_within(bench: Bench) -> None:
    choose = random.Random(7)
    texts = ["".join(choose.choices('ab"\\\n, ', k=choose.randrange(9))) for _ in range(8_000)]
    quoted = ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts]
    summary = bench.score("s,x\n" + "".join(f"{text},{index}\n" for index, text in enumerate(quoted)))
    assert (summary.scored, summary.rejected) == (len(texts), 0)
    wanted = []
    for index, (text, plain) in enumerate(zip(quoted, texts, strict=True)):
        wanted.append(f"{text},{index},{float(index + len(plain))}\n")
    assert bench.out() == "s,x,total\n" + "".join(wanted)


_SOUPS = ('"', '"', ",", "\n", "a", "\\", " ")
_FIELDS = ("a", '"a"', '"b,\n"', '"c""d"', '"e\\"f"', '"g\\\\"', '""', '5"', "\\", '"h" x', '"i\\"j""k"', "")


def _texts(escape: bool) -> Iterator[str]:
    choose = random.Random(11 + escape)
    for _ in range(500):
        yield "".join(choose.choices(_SOUPS, k=choose.randrange(1, 25)))
    for _ in range(30):
        rows = [",".join(choose.choices(_FIELDS, k=choose.choice([2] * 8 + [3]))) for _ in range(30)]
        yield "\n".join(rows)


@pytest.mark.parametrize("escape", [False, True])
def test_a_look_at_the_quotes_tells_what_cutting_records_one_by_one_tells(escape: bool) -> None:
    """Whatever the quotes: as far as the pieces go, they have the records that :class:`RecordCutter` cuts."""
    layout = Layout(("s", "x"), Dialect(escape="\\" if escape else None), 0, 1.0)
    compared = 0
    for text in _texts(escape):
        lines = CsvPieces(HeldText(text.encode()), layout, 20, None, 1 << 20)
        chunks = [chunk for piece in lines.pieces() if isinstance(chunk := piece.parse_whole(), Chunk)]
        records = _records(text.encode(), lines.size, escape)
        assert lines.rows == len(records)
        wanted = [record_reader.chunk_of(records, layout)] if records else []
        found = [row for chunk in chunks for row in chunk.table.to_pylist()]
        assert found == [row for chunk in wanted for row in chunk.table.to_pylist()], text
        assert _lines(chunks) == _lines(wanted), text
        assert _malformed(chunks) == _malformed(wanted), text
        assert lines.rest is not None or lines.size >= len(text.encode())
        compared += len(found)
    assert compared > 500


def _records(text: bytes, size: int, escape: bool) -> list[Record]:
    """Those that begin in the first ``size`` bytes."""
    cutter, place, records = RecordCutter(",", escape=escape), 0, []
    while place < min(size, len(text)):
        found, place = cutter.next(text, place)
        assert not isinstance(found, Unclosed), text
        if found is not None:
            records.append(found)
    assert place >= size or not records or place >= len(text)
    return records


def _lines(chunks: list[Chunk]) -> list[str]:
    return [line for chunk in chunks if chunk.lines is not None for line in chunk.lines.to_pylist()]


def _malformed(chunks: list[Chunk]) -> list[tuple[int, str]]:
    """The numbers of malformed records in the file, and their texts."""
    found, first = [], 0
    for chunk in chunks:
        rows = [] if chunk.malformed is None else chunk.malformed.to_pylist()
        found += [(first + row["row"], row["value"]) for row in rows]
        first += chunk.table.num_rows
    return found
