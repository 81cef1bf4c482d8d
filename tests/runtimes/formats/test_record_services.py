"""Fields of records that NiFi's record services read: Java takes rows as it takes columns, or not at all."""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.scorer import Scorer
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring_nifi.record_services.helper import RecordStream
from dai_scoring_nifi.record_services.scoring import score_records
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.records_helper import Helper
from tests.support.ways import Counted, counted

pytestmark = pytest.mark.runtime

PASSENGERS = pa.table(
    {
        "pclass": pa.array([3, 1, None], pa.int32()),
        "sex": ["male", "female", None],
        "age": pa.array([22.0, 0.1, None]),
        "ticket": ["A1", "ü", ""],
        "fare": pa.array([7.25, -0.0, None], pa.float32()),
        "cabin": ["C1", None, "x" * 300],
    }
)
DAY = datetime.date(1890, 2, 28)
MOMENT = datetime.datetime(2024, 2, 29, 23, 59, 59, 123000)
OTHERS = [
    ("pclass", pa.array([2**53 + 1, -(2**63), None])),
    ("pclass", pa.array([True, False, None])),
    ("pclass", pa.array(["3", " 1", None])),
    ("age", pa.array([1, -7, None])),
    ("age", pa.array(["22", "1e1", "oops"])),
    ("age", pa.array([float("nan"), float("inf"), None])),
    ("sex", pa.array([True, False, None])),
    ("ticket", pa.array([1.5, float("nan"), None])),
    ("ticket", pa.array([DAY, datetime.date(2024, 2, 29), None])),
    ("cabin", pa.array([MOMENT, None, MOMENT], pa.timestamp("ms"))),
]


def _results(scorer: Scorer, chunks: list[pa.Table], folder: Path, *, as_rows: bool) -> tuple[list[bytes], Counted]:
    helper = Helper(chunks)
    with counted() as found:
        stream = RecordStream(helper, WorkFolder(folder), list(GOLDEN_ROW), as_rows=as_rows)
        score_records(scorer, FileOptions(), stream, chunks[0].schema.names)
    return helper.results, found


def test_rows_are_read_by_java(titanic_scorer: Scorer, tmp_path: Path) -> None:
    chunks = [PASSENGERS, PASSENGERS.slice(1)]
    rows, taken = _results(titanic_scorer, chunks, tmp_path, as_rows=True)
    columns, _ = _results(titanic_scorer, chunks, tmp_path, as_rows=False)
    assert rows == columns
    assert taken.taken == {Way.ENGINE_RECORDS: 2}


@pytest.mark.parametrize(("name", "values"), OTHERS, ids=[f"{name} {values.type}" for name, values in OTHERS])
def test_rows_of_other_types_give_what_their_columns_do(
    titanic_scorer: Scorer, tmp_path: Path, name: str, values: pa.Array
) -> None:
    table = PASSENGERS.set_column(PASSENGERS.schema.get_field_index(name), name, values)
    rows, _ = _results(titanic_scorer, [table], tmp_path, as_rows=True)
    columns, _ = _results(titanic_scorer, [table], tmp_path, as_rows=False)
    assert rows == columns


def test_a_rejected_row_has_its_chunk_read_as_columns(titanic_scorer: Scorer, tmp_path: Path) -> None:
    bad = PASSENGERS.set_column(2, "age", pa.array(["22", "oops", None]))
    good = PASSENGERS.set_column(2, "age", pa.array(["22", "7.5", None]))
    rows, taken = _results(titanic_scorer, [bad, good], tmp_path, as_rows=True)
    columns, _ = _results(titanic_scorer, [bad, good], tmp_path, as_rows=False)
    assert rows == columns
    assert taken.taken == {Way.MODEL_COLUMNS: 1, Way.ENGINE_RECORDS: 1}
