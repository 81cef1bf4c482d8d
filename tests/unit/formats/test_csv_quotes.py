"""CSV with quotes that RFC 4180 does not know: no record is lost, and those of NiFi are read as it means them."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest
from tests.unit.test_files import Bench


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
    texts = ["".join(choose.choices('ab"\\\n, ', k=choose.randrange(9))) for _ in range(30_000)]
    quoted = ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts]
    summary = bench.score("s,x\n" + "".join(f"{text},{index}\n" for index, text in enumerate(quoted)))
    assert (summary.scored, summary.rejected) == (len(texts), 0)
    wanted = []
    for index, (text, plain) in enumerate(zip(quoted, texts, strict=True)):
        wanted.append(f"{text},{index},{float(index + len(plain))}\n")
    assert bench.out() == "s,x,total\n" + "".join(wanted)
