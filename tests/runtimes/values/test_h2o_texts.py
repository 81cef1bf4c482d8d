"""Texts as H2O-3's parser reads them; the right values are those of H2O-3 3.46.0.10 itself."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Format
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.values import h2o_times
from tests.support.value_cases import CASES, Rejected

TIMES = {
    "11/12/2007": "2007-11-12",
    "11/12/07": "2007-11-12",
    "1/2/2007": "2007-01-02",
    "11-12-2007": "2007-11-12",
    "11-12-07": "2007-11-12",
    "12-13-2007": "2007-12-13",
    "11-Nov-07": "2007-11-11",
    "11-Nov-2007": "2007-11-11",
    "1-NOV-2007": "2007-11-01",
    "01-January-2007": "2007-01-01",
    "01Jan07": "2007-01-01",
    "01JAN2007": "2007-01-01",
    "1JAN2007": "2007-01-01",
    "01JAN2007 01:02:03": "2007-01-01 01:02:03",
    "11-Nov-07 12:30:00": "2007-11-11 12:30:00",
    "01-Jan-07 01:02:03 PM": "2007-01-01 13:02:03",
    "11/12/2007 12:30:00": "2007-11-12 12:30:00",
    "11/12/2007 01:30:05 AM": "2007-11-12 01:30:05",
    "1/1/2007 1:02:03": "2007-01-01 01:02:03",
    "1/1/2007 12:00:00 AM": "2007-01-01 12:00:00",
    "1/1/2007 12:00:00 PM": "2007-01-01 00:00:00",
    "1/1/2007 12:00:00AM": "2007-01-01 12:00:00",
    "1/1/07 01:02:03.5": "2007-01-01 01:02:03.005",
    "2007-01-01 01:02:03:004": "2007-01-01 01:02:03.004",
    "2007-01-01 1:2:3": "2007-01-01 01:02:03",
    "2007-01-01  01:02:03": "2007-01-01 01:02:03",
    "2007-11-11 01:30:00 PM": "2007-11-11 13:30:00",
    "2007-1-1": "2007-01-01",
    "2007-11": "2007-11-01",
    "2007-1": "2007-01-01",
    "12:30:00": "1970-01-01 12:30:00",
    "0:00:01": "1970-01-01 00:00:01",
    "01:02:03 PM": "1970-01-01 13:02:03",
    "01:02:03:123456789": "1970-01-01 01:02:03.123",
    "1/1/67": "2067-01-01",
    "1/1/68": "2068-01-01",
    "1/1/69": "1969-01-01",
    "31-Dec-69": "1969-12-31",
    "1/1/00": "2000-01-01",
    "2/29/2008": "2008-02-29",
}
NO_TIMES = [
    "13/12/2007", "11/12/107", "Nov 11 2007", "11 Nov 2007", "2007/11/11", "11.11.2007", "11/12/2007 12:30",
    "11/12/2007 1:30 PM", "1/1/2007 01:00:00 pm", "1/1/2007 13:00:00 PM", "2007-13-01", "2007-00-01", "2007-01-00",
    "2007-01-32", "2007-02-30", "30-Feb-2007", "01-Sept-2007", "01/Jan/2007", "NOV012007", "1-Jan-7", "69-11-11",
    "24:00:00", "01:02", "2007-11-11 24:00:00", "2007-01-01 23:59:60", "2007-01-01 01:02:03 X", "10000-01-01",
    "2/29/2007",
]  # fmt: skip
NUMBERS = {
    str(case.value): case.meaning for case in CASES if case.column.with_signs and not isinstance(case.meaning, Rejected)
}


def _millis(iso: str) -> int:
    return round(datetime.fromisoformat(iso).replace(tzinfo=timezone.utc).timestamp() * 1000)


@pytest.mark.parametrize(("text", "iso"), TIMES.items())
def test_times(text: str, iso: str) -> None:
    assert h2o_times.parse(text) == _millis(iso)


@pytest.mark.parametrize("text", NO_TIMES)
def test_texts_that_are_no_times(text: str) -> None:
    assert h2o_times.parse(text) is None


@pytest.fixture(scope="module")
def penguins(samples: Path, settings: RuntimeSettings) -> Scorer:
    return open_model(samples / "penguins.mojo", settings=settings)


def _contents(rows: list[dict[str, Any]], form: Format) -> bytes:
    if form is Format.CSV:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()
    if form is Format.PARQUET:
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), file)
        return file.getvalue()
    return json.dumps(rows).encode()


@pytest.mark.runtime
@pytest.mark.parametrize("form", [Format.CSV, Format.JSON_ARRAY, Format.PARQUET])
@pytest.mark.parametrize("copies", [1, 100])
def test_they_score_as_what_they_mean(penguins: Scorer, form: Format, copies: int, tmp_path: Path) -> None:
    base = {"species": "Gentoo", "island": "Biscoe", "bill_depth_mm": "15", "flipper_length_mm": "210"}
    pairs = [
        ({"bill_length_mm": mark, "body_mass_g": "4500", "date_egg": time}, (number, iso))
        for (mark, number), (time, iso) in zip(NUMBERS.items(), TIMES.items(), strict=False)
    ]
    odd = [{**base, **row} for row, _ in pairs] * copies
    plain = [
        {**base, **row, "bill_length_mm": repr(x), "date_egg": str(_millis(iso))} for row, (x, iso) in pairs
    ] * copies
    found = []
    for rows in (odd, plain):
        source, target = tmp_path / "in", tmp_path / "out"
        source.write_bytes(_contents(rows, form))
        options = FileOptions(input_format=form, output_format=Format.JSON_LINES)
        summary = score_file(penguins, source, target, tmp_path / "rejected", options)
        assert (summary.scored, summary.rejected) == (len(rows), 0)
        names = [column.name for column in penguins.info.outputs]
        found.append([[json.loads(line)[name] for name in names] for line in target.read_text().splitlines()])
    assert found[0] == found[1]
    assert len({json.dumps(row) for row in found[0]}) > 1
