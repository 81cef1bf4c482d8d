"""Columns of CSV that have no name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Declined
from tests.support.files.file_scoring import Bench


@pytest.mark.parametrize("rows", [1, 300])
@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("x,s,,", ["x", "s", "column_3", "column_4"]),
        ("x, ,s,", ["x", "column_2", "s", "column_4"]),
        ("x,s,,a", ["x", "s", "", "a"]),
    ],
    ids=["at the end", "blanks", "one"],
)
def test_columns_without_a_name_pass_through(tmp_path: Path, header: str, names: list[str], rows: int) -> None:
    bench = Bench(tmp_path)
    at = header.split(",").index("s")
    row = ["1.5", "", "", "z"]
    row[at] = "ab"
    assert bench.score("\n".join([header, *[",".join(row)] * rows, ""])).scored == rows
    assert bench.out() == "\n".join([",".join([*names, "total"]), *[",".join([*row, "3.5"])] * rows, ""])
    content = "\n".join([header, ",".join(row), ""]).encode()
    (answer,) = InMemoryScorer(bench.scorer, FileOptions()).score([Contents(content, "text/csv")])
    assert isinstance(answer, Declined) or answer.contents.splitlines()[0].decode() == ",".join([*names, "total"])
