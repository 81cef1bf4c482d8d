"""Inputs that were once scored wrong, in every format and in memory; the right values are H2O's own."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.cli.commands.inspect import described
from dai_scoring.errors import UnsupportedError
from dai_scoring.formats import Format
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings, Scorer
from tests.support.shared_cases import records, shared_case

pytestmark = pytest.mark.runtime

Rows = Sequence[dict[str, Any]]
_AVRO = {bool: "boolean", int: "long", float: "double", str: "string"}


def _csv(rows: Rows, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _json_array(rows: Rows, path: Path) -> None:
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def _json_lines(rows: Rows, path: Path) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _avro(rows: Rows, path: Path) -> None:
    kinds = {key: sorted({_AVRO[type(row[key])] for row in rows if row[key] is not None}) for key in rows[0]}
    names = {key: f"field_{index}" for index, key in enumerate(rows[0])}
    if all(key.isascii() for key in names):
        names = {key: key for key in names}
    fields = [{"name": names[key], "type": ["null", *kind]} for key, kind in kinds.items()]
    with path.open("wb") as file:
        schema = fastavro.parse_schema({"type": "record", "name": "Row", "fields": fields})
        fastavro.writer(file, schema, [{names[key]: value for key, value in row.items()} for row in rows])


def _parquet(rows: Rows, path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)


def _arrow(rows: Rows, path: Path) -> None:
    table = pa.Table.from_pylist(list(rows))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


WRITERS: dict[str, Callable[[Rows, Path], None]] = {
    "csv": _csv,
    "json": _json_array,
    "jsonl": _json_lines,
    "avro": _avro,
    "parquet": _parquet,
    "arrows": _arrow,
}


def scored(scorer: Scorer, source: Path, folder: Path) -> tuple[Summary, list[dict[str, str]], list[dict[str, str]]]:
    """Score a file into CSV: its summary, the scored and the rejected records."""
    target, rejected = folder / "scored.csv", folder / "rejected.csv"
    summary = score_file(scorer, source, target, rejected, FileOptions(output_format=Format.CSV), name=source.name)
    return summary, records(target), records(rejected) if rejected.exists() else []


@pytest.fixture
def opened(settings: RuntimeSettings) -> Callable[[str], Scorer]:
    return lambda name: open_model(shared_case(name), settings=settings)


def _typed(rows: Sequence[dict[str, str]]) -> Rows:
    """The rows of the booleans case as a program would hold them: numbers, a true boolean, missing values as None."""
    numbers = {"x": float, "größe": float, "code": int}
    return [
        {
            key: None
            if value == ""
            else (value == "True")
            if key == "flag"
            else numbers[key](value)
            if key in numbers
            else value
            for key, value in row.items()
            if key in ("flag", "code", "city", "x", "größe", "t")
        }
        for row in rows
    ]


@pytest.mark.parametrize("form", sorted(set(WRITERS) - {"avro"}))
def test_a_boolean_is_the_level_that_means_it(opened: Callable[[str], Scorer], form: str, tmp_path: Path) -> None:
    expected = [float(row["yes"]) for row in records(shared_case("booleans/expected.csv"))]
    source = tmp_path / f"in.{form}"
    WRITERS[form](_typed(records(shared_case("booleans/data.csv"))), source)
    with opened("booleans/gbm_bool.zip") as scorer:
        summary, rows, _ = scored(scorer, source, tmp_path)
        assert [float(row["yes"]) for row in rows] == expected
        assert summary.unseen == {}


@pytest.mark.parametrize("name", ["booleans/bool.parquet", "levels/code1.0.csv", "levels/leading.csv"])
def test_a_level_is_read_as_h2o_reads_it(opened: Callable[[str], Scorer], name: str, tmp_path: Path) -> None:
    expected = [float(row["yes"]) for row in records(shared_case("booleans/expected.csv"))]
    with opened("booleans/gbm_bool.zip") as scorer:
        summary, rows, _ = scored(scorer, shared_case(name), tmp_path)
        assert [float(row["yes"]) for row in rows] == expected
        assert (summary.records, summary.scored, summary.unseen) == (600, 600, {})


def test_few_rows_in_memory_are_read_alike(opened: Callable[[str], Scorer]) -> None:
    expected = [float(row["yes"]) for row in records(shared_case("booleans/expected.csv"))]
    rows = _typed(records(shared_case("booleans/data.csv")))
    with opened("booleans/gbm_bool.zip") as scorer:
        contents = InMemoryScorer(scorer, FileOptions())
        bodies = [json.dumps([{**row, "code": float(row["code"] or 1)}]).encode() for row in rows[:40]]
        answers = contents.score([Contents(body, "application/json") for body in bodies])
        found = [json.loads(answer.contents)[0]["yes"] for answer in answers if isinstance(answer, ScoredContents)]
        assert found == expected[:40]


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "avro", "parquet", "arrows"])
@pytest.mark.parametrize("value", [1425445567000, 1425445567000.0, "1425445567000", "2015-03-04 05:06:07"])
def test_each_time_is_judged_alone(
    opened: Callable[[str], Scorer], form: str, value: int | float | str, tmp_path: Path
) -> None:
    for rows in ([{"t": value}], [{"t": value}, {"t": None}]):
        WRITERS[form](rows, tmp_path / f"in.{form}")
        with opened("times/model.zip") as scorer:
            summary, found, rejected = scored(scorer, tmp_path / f"in.{form}", tmp_path)
            assert (summary.rejected, rejected) == (0, [])
            assert float(found[0]["predict"]) == pytest.approx(1425.445567, abs=1e-9)


@pytest.mark.parametrize("form", ["json", "jsonl", "avro"])
def test_times_of_several_types_stand_beside_each_other(
    opened: Callable[[str], Scorer], form: str, tmp_path: Path
) -> None:
    WRITERS[form]([{"t": 1425445567000}, {"t": "2015-03-04 05:06:07"}, {"t": "soon"}], tmp_path / f"in.{form}")
    with opened("times/model.zip") as scorer:
        _, found, rejected = scored(scorer, tmp_path / f"in.{form}", tmp_path)
        assert [float(row["predict"]) for row in found] == pytest.approx([1425.445567] * 2, abs=1e-9)
        assert [row["_reject_code"] for row in rejected] == ["not_a_date"]


@pytest.mark.parametrize("name", ["times/dates.jsonl", "times/dates-alone.jsonl", "times/epoch.csv"])
def test_milliseconds_beside_other_values_are_scored(
    opened: Callable[[str], Scorer], name: str, tmp_path: Path
) -> None:
    with opened("booleans/gbm_bool.zip") as scorer:
        summary, rows, _ = scored(scorer, shared_case(name), tmp_path)
        assert summary.rejected == 0
        assert float(rows[0]["yes"]) == 0.5940492364690182


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "avro", "parquet", "arrows"])
def test_empty_text_is_missing_even_where_it_is_a_level(
    opened: Callable[[str], Scorer], form: str, tmp_path: Path
) -> None:
    row = {"num1": 0.624742452258972, "num2": 16, "cat2": "-3"}
    WRITERS[form]([{**row, "cat1": text} for text in ("", None, " ")], tmp_path / f"in.{form}")
    with opened("empty-level/gbm_uuid.zip") as scorer:
        summary, rows, _ = scored(scorer, tmp_path / f"in.{form}", tmp_path)
        assert [float(row["yes"]) for row in rows] == [0.6552828876930394] * 3
        assert summary.unseen == {}


def test_rows_on_which_genmodel_raises_are_rejected_alone(opened: Callable[[str], Scorer], tmp_path: Path) -> None:
    rows = records(shared_case("glm-skip/in.csv"))
    typed = [{**row, "x": float(row["x"])} for row in rows]
    with opened("glm-skip/model.zip") as scorer:
        for form, write in WRITERS.items():
            write(rows if form == "csv" else typed, tmp_path / f"in.{form}")
            summary, found, rejected = scored(scorer, tmp_path / f"in.{form}", tmp_path)
            assert (summary.scored, summary.rejected) == (2, 1), form
            assert [float(row["yes"]) for row in found] == [0.0436237556926596, 0.02462612446677126]
            assert [(row["c"], row["_reject_code"]) for row in rejected] == [("nosuch", "refused_by_model")]
            (tmp_path / "rejected.csv").unlink()


@pytest.mark.parametrize(("model", "expected"), [("gbm", [1.1743747490343739, 0.674374749034374])])
def test_a_row_without_its_offset_is_rejected(
    opened: Callable[[str], Scorer], model: str, expected: list[float], tmp_path: Path
) -> None:
    with opened(f"offset-missing/{model}.zip") as scorer:
        _, found, rejected = scored(scorer, shared_case("offset-missing/in.csv"), tmp_path)
        assert [float(row["predict"]) for row in found] == expected
        assert [(row["_reject_code"], row["_reject_column"]) for row in rejected] == [("missing_value", "off")]
        assert scorer.try_out()


def test_the_offset_of_deep_learning_is_not_asked_for(opened: Callable[[str], Scorer]) -> None:
    with opened("deep-learning-offset/model.zip") as scorer:
        assert [column.name for column in scorer.info.inputs] == ["cat1", "cat2", "num1", "num2"]
        assert len(scorer.info.notes) == 1
        assert "off" in scorer.info.notes[0]
        assert described(scorer)["notes"] == list(scorer.info.notes)


def test_deep_learning_differs_from_the_server_only_in_its_offset(
    opened: Callable[[str], Scorer], tmp_path: Path
) -> None:
    """Also for quoted texts such as "1.00" beside the levels 1, 01 and 1.0: the server has never seen them."""
    source = shared_case("deep-learning-offset/in.csv")
    rows = records(source)
    server = [float(row["predict"]) for row in records(shared_case("deep-learning-offset/server.csv"))]
    mean_response = 0.10541051235895252
    offsets = [float(row["off"]) for row in rows]
    added = [offset - mean_response if offset > 0 else 0.0 for offset in offsets]
    with opened("deep-learning-offset/model.zip") as scorer:
        for form, write in WRITERS.items():
            write(rows, tmp_path / f"in.{form}")
            _, found, _ = scored(scorer, tmp_path / f"in.{form}", tmp_path)
            # A quoted empty text is a level to the server.
            differs = [
                row["cat2"]
                for row, ours, theirs, more in zip(rows, found, server, added, strict=True)
                if row["cat1"] and abs(theirs - float(ours["predict"]) - more) > 1e-6
            ]
            assert not differs, form


@pytest.mark.parametrize(
    ("model", "asked", "expected"),
    [
        ("strat", ["k", "c", "x"], [0.012932729784914566, 0.26785738073786214, -0.0063704405470230464]),
        ("inter", ["k", "x"], [0.009545122372487204, -0.07065907333241034, -0.07588114466742701]),
    ],
)
def test_coxph_is_asked_for_no_column_that_it_computes(
    opened: Callable[[str], Scorer], model: str, asked: list[str], expected: list[float], tmp_path: Path
) -> None:
    with opened(f"coxph/{model}.zip") as scorer:
        assert [column.name for column in scorer.info.inputs] == asked
        _, rows, _ = scored(scorer, shared_case("coxph/in.csv"), tmp_path)
        assert [float(row["lp"]) for row in rows] == expected


@pytest.mark.parametrize("model", ["onehot", "label"])
def test_xgboost_that_hides_its_encoding_is_refused(settings: RuntimeSettings, model: str) -> None:
    path = shared_case(f"xgboost-encoded/{model}.zip")
    with pytest.raises(UnsupportedError, match=r"categorical_encoding (OneHotExplicit|LabelEncoder)"):
        open_model(path, settings=settings)


def test_unseen_levels_are_counted_by_column(penguins_scorer: Scorer, samples: Path, tmp_path: Path) -> None:
    rows = records(samples / "penguins-rows.csv")
    changed = [{**row, "island": "Mars"} if number % 2 else row for number, row in enumerate(rows)]
    elsewhere = sum(row["island"] not in ("", "Biscoe", "Dream", "Torgersen") for row in rows[::2])
    for form, write in WRITERS.items():
        write(changed, tmp_path / f"in.{form}")
        summary, _, _ = scored(penguins_scorer, tmp_path / f"in.{form}", tmp_path)
        assert summary.unseen == {"island": 174 + elsewhere}, form
    contents = InMemoryScorer(penguins_scorer, FileOptions())
    bodies = [json.dumps([row, row]).encode() for row in changed[:4]]
    answers = contents.score([Contents(body, "application/json") for body in bodies])
    assert [answer.summary.unseen for answer in answers if isinstance(answer, ScoredContents)] == [
        {},
        {"island": 2},
        {},
        {"island": 2},
    ]
