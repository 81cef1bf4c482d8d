"""Records that the helper in NiFi's virtual machine reads, scored chunk by chunk."""

from __future__ import annotations

import errno
import struct
import time
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError, ContentError
from dai_scoring.options import BadRows
from dai_scoring.scorer import Scorer
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring.values.rejected import REJECT_SCHEMA
from dai_scoring_nifi.bridge import encoding
from dai_scoring_nifi.record_services.helper import RecordStream, RecordsWritten
from dai_scoring_nifi.record_services.scoring import score_records
from tests.support.engines import Sum
from tests.support.files.small_disk import fill, mounted
from tests.support.records_helper import Helper

CHUNKS = [
    pa.table({"x": ["1", "2"], "s": ["a", "bc"]}),
    pa.table({"x": ["3", "NULL", "oops"], "s": ["", "d", "e"]}),
]


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path)


def _stream(helper: Helper, folder: WorkFolder) -> RecordStream:
    return RecordStream(helper, folder, ["x", "s"], as_rows=False)


def test_the_chunks_of_a_flowfile_are_counted_together(folder: WorkFolder) -> None:
    helper = Helper(CHUNKS)
    totals, scored, rejected = score_records(Scorer(Sum()), FileOptions(), _stream(helper, folder), ["x", "s"])
    summary = totals.summary(time.perf_counter())
    assert (summary.records, summary.scored, summary.rejected) == (5, 3, 2)
    assert summary.missing_like == ("NULL",)
    assert (scored, rejected) == (RecordsWritten(3, {}), RecordsWritten(2, {}))
    # Rows and rejected rows, no mask of missing values, then the values.
    first, second = helper.results
    assert first == struct.pack(">4i", 2, 0, 0, 16) + struct.pack("<2d", 2.0, 4.0)
    assert second.startswith(struct.pack(">3i", 3, 2, 1))
    # What to write is said once.
    assert [bool(one) for one in helper.requests] == [True, False]
    said = encoding.Reader(helper.requests[0])
    assert (said.number(), said.bytes(), said.bytes(), said.number()) == (1, b"total", b"d", -1)


def test_a_flowfile_without_records_has_the_columns_of_predictions(folder: WorkFolder) -> None:
    helper = Helper([CHUNKS[0].slice(0, 0)])
    totals, *_ = score_records(Scorer(Sum()), FileOptions(), _stream(helper, folder), ["x", "s"])
    assert totals.records == 0
    assert helper.results == [struct.pack(">4i", 0, 0, 0, 0)]
    assert encoding.Reader(helper.requests[0]).number() == 1


def test_the_first_rejected_row_is_counted_from_the_first_record(folder: WorkFolder) -> None:
    options = FileOptions(bad_rows=BadRows.FAIL)
    with pytest.raises(BadRowsError, match=r"^at least 2 row\(s\) cannot be scored, the first of them row 4, column x"):
        score_records(Scorer(Sum()), options, _stream(Helper(CHUNKS), folder), ["x", "s"])


@pytest.mark.parametrize(("error", "what", "service"), [("-no", "read", "reader"), ("!no", "written", "writer")])
def test_an_error_tells_which_service_to_look_at(folder: WorkFolder, error: str, what: str, service: str) -> None:
    stream = _stream(Helper(CHUNKS, error), folder)
    with pytest.raises(ContentError, match=rf"the records cannot be {what} \(no\)") as found:
        score_records(Scorer(Sum()), FileOptions(), stream, ["x", "s"])
    assert f"{{record_{service}}}" in found.value.advice[0]


def test_an_error_in_a_full_folder_is_that_of_the_folder(tmp_path: Path) -> None:
    with mounted(tmp_path / "full", "2m") as full:
        folder = WorkFolder(full)
        stream = _stream(Helper(CHUNKS, "!no"), folder)
        # What is written here has room: the error is the helper's.
        folder.results.write_bytes(bytes(4096))
        fill(full / "of somebody else")
        with pytest.raises(OSError, match="No space left on device") as found:
            stream.next(pa.table({"total": [1.0, 2.0]}), REJECT_SCHEMA.empty_table())
        assert found.value.errno == errno.ENOSPC
