"""Further texts that mean a missing value: the scores are those of missing values, in every format and on every way."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.formats import Declined, open_reader
from dai_scoring.formats.records import CsvRecords
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.service.h2o_rest import Endpoint, reply

pytestmark = pytest.mark.runtime

TEXTS = ("NULL", "\\N", "-")
OPTIONS = FileOptions(missing_values=TEXTS)


def _rows(names: list[str], number: str, category: str, count: int) -> list[dict[str, str | None]]:
    """Rows with and without a number and a category, None where they are missing."""
    row = dict.fromkeys(names, "1")
    row[number], row[category] = "2.5", "male"
    rows: list[dict[str, str | None]] = []
    for index in range(count):
        one: dict[str, str | None] = dict(row)
        if index % 2:
            one[number] = None
        if index % 3 == 0:
            one[category] = None
        rows.append(one)
    return rows


def _with(texts: tuple[str, ...], rows: list[dict[str, str | None]]) -> list[dict[str, str]]:
    return [
        {name: texts[index % len(texts)] if value is None else value for name, value in row.items()}
        for index, row in enumerate(rows)
    ]


def _csv(rows: list[dict[str, str]], quote: str = "") -> bytes:
    lines = [",".join(rows[0]), *(",".join(f"{quote}{value}{quote}" for value in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _avro(rows: list[dict[str, str]]) -> bytes:
    file = io.BytesIO()
    fields = [{"name": name, "type": "string"} for name in rows[0]]
    fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, rows)
    return file.getvalue()


def _parquet(rows: list[dict[str, str]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def _arrow(rows: list[dict[str, str]]) -> bytes:
    file = io.BytesIO()
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows), file)
    return file.getvalue()


FORMATS = {
    "csv": _csv,
    "quoted csv": lambda rows: _csv(rows, '"'),
    "json": lambda rows: json.dumps(rows).encode(),
    "json lines": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "avro": _avro,
    "parquet": _parquet,
    "arrow": _arrow,
}


@pytest.fixture(scope="module", params=["h2o3", "titanic"])
def model(request: pytest.FixtureRequest, settings: RuntimeSettings, samples: Path) -> Any:
    if request.param == "titanic":
        return request.getfixturevalue("titanic_scorer"), "age", "sex"
    scorer = open_model(samples / "penguins.mojo", settings=settings)
    number = next(column.name for column in scorer.info.inputs if column.levels is None and column.type.is_number)
    return scorer, number, next(column.name for column in scorer.info.inputs if column.levels is not None)


def _scored(
    scorer: Scorer, folder: Path, contents: bytes, options: FileOptions
) -> tuple[Summary, dict[str, list[Any]]]:
    source, target = folder / "in", folder / "out"
    source.write_bytes(contents)
    options = FileOptions(**{**vars(options), "output_format": None})
    summary = score_file(scorer, source, target, folder / "rejected", options)
    assert summary.output_format is not None
    reader = open_reader(target, summary.output_format, chunk_rows=100_000)
    (chunk,) = reader.chunks()
    # What is in a mapped file ends with the reader.
    found = chunk.table.select([column.name for column in scorer.info.outputs]).to_pydict()
    reader.close()
    return summary, found


def _numbers(columns: dict[str, list[Any]]) -> list[list[str]]:
    """Predictions as text of full length, whichever type their format has."""
    return [[repr(float(value)) if _is_number(value) else value for value in column] for column in columns.values()]


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("count", [6, 3000])
def test_they_score_as_missing_values_do(model: Any, form: str, count: int, tmp_path: Path) -> None:
    scorer, number, category = model
    names = [column.name for column in scorer.info.inputs]
    rows = _rows(names, number, category, count)
    wanted = _scored(scorer, tmp_path, FORMATS[form](_with(("",), rows)), FileOptions())
    assert wanted[0].rejected == 0
    contents = FORMATS[form](_with(TEXTS, rows))
    found = _scored(scorer, tmp_path, contents, OPTIONS)
    assert (found[0].scored, found[0].rejected, found[0].unseen) == (count, 0, wanted[0].unseen)
    assert _numbers(found[1]) == _numbers(wanted[1])
    small = InMemoryScorer(scorer, OPTIONS).score([Contents(contents, None)])
    # Many rows with quotes are read as a file.
    in_memory = form in ("csv", "json", "json lines") or (form, count) == ("quoted csv", 6)
    assert isinstance(small[0], ScoredContents) == in_memory
    if isinstance(small[0], ScoredContents):
        # What came out of the file is there still.
        assert (small[0].summary.scored, small[0].summary.unseen or {}) == (count, wanted[0].unseen or {})
    without = _scored(scorer, tmp_path, contents, FileOptions())
    assert without[0].rejected == count // 2
    assert set(without[0].missing_like) <= set(TEXTS) != set()


def test_java_reads_them_itself(model: Any) -> None:
    scorer, number, category = model
    names = [column.name for column in scorer.info.inputs]
    rows = _rows(names, number, category, 7)
    plain = [
        CsvRecords(tuple(names), ",", "\n", pa.py_buffer(_csv(_with(texts, rows)).partition(b"\n")[2]), len(rows))
        for texts in (("",), TEXTS)
    ]
    wanted = scorer.predict_records(plain[0])
    found = scorer.with_missing(TEXTS).predict_records(plain[1])
    assert not isinstance(found, Declined)
    assert not isinstance(wanted, Declined)
    assert found.predictions.equals(wanted.predictions)
    assert found.unseen_counts == wanted.unseen_counts
    assert isinstance(scorer.predict_records(plain[1]), Declined)


def test_few_rows_need_no_file(model: Any) -> None:
    scorer, number, category = model
    names = [column.name for column in scorer.info.inputs]
    for make in (FORMATS["csv"], FORMATS["json"], FORMATS["json lines"]):
        contents, empty = (make(_with(texts, _rows(names, number, category, 6))) for texts in (TEXTS, ("",)))
        (found,), (wanted,) = (
            InMemoryScorer(scorer, OPTIONS).score([Contents(one, None)]) for one in (contents, empty)
        )
        assert isinstance(found, ScoredContents)
        assert isinstance(wanted, ScoredContents)
        assert found.summary.scored == 6
        assert [line.rpartition(b",")[2] for line in found.contents.split(b"\n")] == [
            line.rpartition(b",")[2] for line in wanted.contents.split(b"\n")
        ]


def test_requests_of_h2o_know_them_too(model: Any) -> None:
    scorer, number, category = model
    names = [column.name for column in scorer.info.inputs]
    bodies = [
        json.dumps(
            {"fields": names, "rows": [list(row.values()) for row in _with(texts, _rows(names, number, category, 6))]}
        )
        for texts in (TEXTS, ("",))
    ]
    found, wanted = (reply(scorer.with_missing(TEXTS), Endpoint.SCORE, body.encode()) for body in bodies)
    assert found is not None
    assert wanted is not None
    assert json.loads(found.body)["score"] == json.loads(wanted.body)["score"]


def test_one_that_is_a_level_means_missing_too(model: Any, tmp_path: Path) -> None:
    scorer, number, category = model
    names = [column.name for column in scorer.info.inputs]
    rows = _rows(names, number, category, 6)
    wanted = _scored(scorer, tmp_path, FORMATS["csv"](_with(("",), [{**row, category: None} for row in rows])), OPTIONS)
    options = FileOptions(missing_values=("male",))
    found = _scored(scorer, tmp_path, FORMATS["csv"](_with(("",), rows)), options)
    assert _numbers(found[1]) == _numbers(wanted[1])
