"""Columns of records that the helper in NiFi's virtual machine has written into a file, scored into another file."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError, ContentError
from dai_scoring.options import BadRows
from dai_scoring.scorer import Scorer
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring_nifi.record_services.helper import RecordsRead
from dai_scoring_nifi.record_services.scoring import score_columns
from tests.support.engines import Sum

COLUMNS = [("x", "s"), ("s", "s")]


def _chunk(*columns: Sequence[str]) -> bytes:
    """Records as ``ColumnWriter.java`` writes them: their number, and for each column validity, offsets and texts."""
    rows = len(columns[0])
    parts = [struct.pack(">i", rows)]
    for texts in columns:
        ends = [sum(map(len, texts[:index])) for index in range(rows + 1)]
        parts += [b"\xff" * ((rows + 7) // 8), struct.pack(f"<{rows + 1}i", *ends), "".join(texts).encode()]
    return b"".join(parts)


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    made = WorkFolder(tmp_path)
    made.source.write_bytes(_chunk(["1", "2"], ["a", "bc"]) + _chunk(["3", "NULL", "oops"], ["", "d", "e"]))
    return made


def test_the_parts_of_a_file_are_counted_together(folder: WorkFolder) -> None:
    columns, totals = score_columns(Scorer(Sum()), FileOptions(), folder, RecordsRead(5, ["x", "s"], COLUMNS))
    assert columns == [("total", "d")]
    summary = totals.summary(time.perf_counter())
    assert (summary.records, summary.scored, summary.rejected) == (5, 3, 2)
    assert summary.missing_like == ("NULL",)
    assert not folder.source.exists()
    # Rows and rejected rows, no mask of missing values, then the values.
    assert folder.results.read_bytes().startswith(struct.pack(">4i", 2, 0, 0, 16) + struct.pack("<2d", 2.0, 4.0))


def test_the_first_rejected_row_is_counted_from_the_first_record(folder: WorkFolder) -> None:
    options = FileOptions(bad_rows=BadRows.FAIL)
    with pytest.raises(BadRowsError, match=r"^2 row\(s\) cannot be scored, the first of them row 4, column x"):
        score_columns(Scorer(Sum()), options, folder, RecordsRead(5, ["x", "s"], COLUMNS))


def test_a_file_with_fewer_records_than_were_read_is_an_error(folder: WorkFolder) -> None:
    with pytest.raises(ContentError, match="6 records were read, but 5 were scored"):
        score_columns(Scorer(Sum()), FileOptions(), folder, RecordsRead(6, ["x", "s"], COLUMNS))
