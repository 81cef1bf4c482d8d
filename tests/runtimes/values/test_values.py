"""One table of values and what they mean to an H2O-3 model, through every format and every way of reading.

The right meaning is H2O's parser's: what the server of H2O-3 makes of the same text.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.batch.summary import Summary
from dai_scoring.formats import Declined, Format
from dai_scoring.models import open_model
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.service import h2o_few_rows, h2o_rest
from tests.support.ways import Counted, counted, without

pytestmark = pytest.mark.runtime

_SPECIES = ("Adelie", "Chinstrap", "Gentoo")
_ISLANDS = ("Biscoe", "Dream", "Torgersen")
_NAMED = {"species": ("", "False", "True"), "island": ("1", "-3", "2.5")}
"""Other names of the sample model's levels, in their order."""
UNSEEN = "a level that is none of the model's"
_CASES: list[tuple[str, Any, str | None]] = [
    # A typed boolean is the level that means it; a text is that level only as it is written.
    ("species", True, "True"),
    ("species", False, "False"),
    ("species", "True", "True"),
    ("species", "true", UNSEEN),
    ("species", "TRUE", UNSEEN),
    ("species", "T", UNSEEN),
    # The parser cuts blanks in front, none behind; empty text is missing even if it is a level.
    ("species", " True", "True"),
    ("species", "\t True", "True"),
    ("species", "True ", UNSEEN),
    ("species", "", None),
    ("species", "  ", None),
    ("species", "NA", None),
    ("species", "Trüe", UNSEEN),
    # Numbers that are the same number.
    ("island", "1", "1"),
    ("island", "1.0", "1"),
    ("island", "01", "1"),
    ("island", "+1", "1"),
    ("island", "1.", "1"),
    ("island", "1e0", "1"),
    ("island", "10E-1", "1"),
    ("island", "100%", "1"),
    ("island", "$1", "1"),
    ("island", " 1.00 ", "1"),
    ("island", "-3.0", "-3"),
    ("island", "-03", "-3"),
    ("island", "2.50", "2.5"),
    ("island", "+2.5e0", "2.5"),
    ("island", "0x1", UNSEEN),
    ("island", "1,000", UNSEEN),
    ("island", "1-2", UNSEEN),
    ("island", "-", UNSEEN),
    ("island", "12345678901234567890", UNSEEN),
    ("island", "1.5", UNSEEN),
    ("island", "-0", UNSEEN),
    ("island", 1, "1"),
    ("island", 1.0, "1"),
    ("island", -3.0, "-3"),
    ("island", 2.5, "2.5"),
    ("island", -0.0, UNSEEN),
    ("island", float("nan"), None),
    ("island", 2**62, UNSEEN),
    ("island", True, "1"),
    ("island", False, UNSEEN),
]


@dataclass(frozen=True)
class _Way:
    """A way to bring one value to a model: a row's prediction, and what was unseen."""

    name: str
    score: Callable[[Scorer, str, Any, Path], tuple[float, dict[str, int]]]
    read_by: Way | None
    """How nearly all values are read; None if neither a file nor a message is made of them."""

    def check(self, ways: Counted) -> None:
        """Check that it is this way that was tested."""
        assert [way for way, _ in ways.taken.most_common(1)] == ([] if self.read_by is None else [self.read_by])


def _renamed(sample: Path, target: Path) -> Path:
    """The sample model with other names of its levels."""
    texts = {f"domains/d00{index}.txt": "\n".join(names) + "\n" for index, names in enumerate(_NAMED.values())}
    with zipfile.ZipFile(sample) as source, zipfile.ZipFile(target, "w") as made:
        for entry in source.infolist():
            made.writestr(entry.filename, texts.get(entry.filename) or source.read(entry))
    return target


@pytest.fixture(scope="module")
def renamed(samples: Path, settings: RuntimeSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    with open_model(
        _renamed(samples / "penguins.mojo", tmp_path_factory.mktemp("m") / "m.mojo"), settings=settings
    ) as it:
        yield it


def _row(column: str, value: Any) -> dict[str, Any]:
    row = {"species": "True", "island": "1", "bill_length_mm": 45.0, "bill_depth_mm": 15.5}
    return {**row, "flipper_length_mm": 210.0, "body_mass_g": 4600.0, "date_egg": "2007-11-16", column: value}


def _file(scorer: Scorer, contents: bytes, name: str, folder: Path, output: Format = Format.JSON_LINES) -> Summary:
    source = folder / name
    source.write_bytes(contents)
    # A single object would be taken for one of an array.
    options = FileOptions(Format.JSON_LINES if name == "in.jsonl" else None, output)
    summary = score_file(scorer, source, folder / "out", folder / "rejected", options, name=name)
    assert summary.scored == summary.records == 1
    return summary


def _prediction(text: str) -> float:
    return float(json.loads(text)["male"])


def _csv(row: dict[str, Any]) -> bytes:
    return (
        ",".join(row) + "\n" + ",".join(f'"{v}"' if "," in str(v) else str(v) for v in row.values()) + "\n"
    ).encode()


def _by_java(scorer: Scorer, column: str, value: Any, folder: Path) -> tuple[float, dict[str, int]]:
    summary = _file(scorer, _csv(_row(column, value)), "in.csv", folder, Format.CSV)
    return float((folder / "out").read_text().splitlines()[1].rpartition(",")[2]), dict(summary.unseen or {})


def _of(name: str, contents: Callable[[dict[str, Any]], bytes]) -> Callable[..., tuple[float, dict[str, int]]]:
    def score(scorer: Scorer, column: str, value: Any, folder: Path) -> tuple[float, dict[str, int]]:
        summary = _file(scorer, contents(_row(column, value)), name, folder)
        return _prediction((folder / "out").read_text()), dict(summary.unseen or {})

    return score


def _without_engine(score: Callable[..., tuple[float, dict[str, int]]]) -> Callable[..., tuple[float, dict[str, int]]]:
    def other(*given: Any) -> tuple[float, dict[str, int]]:
        with without(Way.ENGINE_RECORDS, Way.ROW_REQUESTS):
            return score(*given)

    return other


def _avro_file(scorer: Scorer, column: str, value: Any, folder: Path) -> tuple[float, dict[str, int]]:
    summary = _file(scorer, _avro(_row(column, value)), "in.avro", folder, Format.AVRO)
    with (folder / "out").open("rb") as out:
        (row,) = fastavro.reader(out)
    return float(row["male"]), dict(summary.unseen or {})


def _few(contents: Callable[[dict[str, Any]], bytes], mime_type: str) -> Callable[..., tuple[float, dict[str, int]]]:
    def score(scorer: Scorer, column: str, value: Any, folder: Path) -> tuple[float, dict[str, int]]:
        both = [Contents(contents(_row(*one)), mime_type) for one in ((column, value), ("island", "1"))]
        first, second = InMemoryScorer(scorer, FileOptions()).score(both)
        if isinstance(first, Declined):
            return _of("in.csv" if "csv" in mime_type else "in.jsonl", contents)(scorer, column, value, folder)
        assert not isinstance(second, Declined)
        assert second.summary.unseen == {}
        text = first.contents.decode()
        number = _prediction(text) if text.startswith("{") else float(text.splitlines()[1].rpartition(",")[2])
        return number, dict(first.summary.unseen or {})

    return score


def _json(row: dict[str, Any]) -> bytes:
    plain = {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
    return json.dumps(plain, ensure_ascii=False).encode() + b"\n"


def _avro(row: dict[str, Any]) -> bytes:
    types = {bool: "boolean", int: "long", float: "double", str: "string"}
    fields = [{"name": name, "type": types[type(value)]} for name, value in row.items()]
    out = pa.BufferOutputStream()
    fastavro.writer(out, {"type": "record", "name": "r", "fields": fields}, [row])
    return bytes(out.getvalue())


def _parquet(row: dict[str, Any]) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({name: [value] for name, value in row.items()}), out)
    return bytes(out.getvalue())


def _arrow(row: dict[str, Any]) -> bytes:
    out = pa.BufferOutputStream()
    table = pa.table({name: pa.array([value]).dictionary_encode() for name, value in row.items()})
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return bytes(out.getvalue())


def _rest(scorer: Scorer, column: str, value: Any, folder: Path) -> tuple[float, dict[str, int]]:
    row = json.loads(_json(_row(column, value)))
    body = json.dumps({"fields": list(row), "rows": [list(row.values())]}).encode()
    answer = h2o_rest.reply(scorer, h2o_rest.Endpoint.SCORE, body, MissingColumns.FAIL)
    assert answer is not None
    return float(json.loads(answer.body)["score"][0][-1]), dict(answer.unseen or {})


def _rest_in_java(scorer: Scorer, column: str, value: Any, folder: Path) -> tuple[float, dict[str, int]]:
    row = json.loads(_json(_row(column, value)))
    body = json.dumps({"fields": list(row), "rows": [list(row.values())]}).encode()
    (answer,) = h2o_few_rows.replies(scorer, [body], MissingColumns.FAIL)
    if isinstance(answer, Declined):
        return _rest(scorer, column, value, folder)
    return float(json.loads(answer.body)["score"][0][-1]), dict(answer.unseen or {})


_TYPED = [
    _Way("json lines in Java", _of("in.jsonl", _json), Way.ENGINE_RECORDS),
    _Way("json lines", _without_engine(_of("in.jsonl", _json)), Way.MODEL_COLUMNS),
    _Way("json array", _of("in.json", lambda row: b"[" + _json(row) + b"]"), Way.READER),
    _Way("few rows of json", _without_engine(_few(_json, Format.JSON_LINES.mime_type)), Way.FEW_ROWS),
    _Way("a row of json in Java", _few(_json, Format.JSON_LINES.mime_type), Way.ROW_REQUESTS),
    _Way("avro in Java", _avro_file, Way.ENGINE_RECORDS),
    _Way("avro", _of("in.avro", _avro), Way.READER),
    _Way("parquet", _of("in.parquet", _parquet), Way.READER),
    _Way("arrow", _of("in.arrows", _arrow), Way.READER),
    _Way("rest", _rest, None),
    _Way("rest in Java", _rest_in_java, Way.ROW_REQUESTS),
]
_WAYS = [
    _Way("csv by java", _by_java, Way.ENGINE_RECORDS),
    _Way("csv", _of("in.csv", _csv), Way.PIECES),
    _Way("few rows of csv", _without_engine(_few(_csv, "text/csv")), Way.FEW_ROWS),
    _Way("a row of csv in Java", _few(_csv, "text/csv"), Way.ROW_REQUESTS),
]
_WAYS += _TYPED


@pytest.mark.parametrize("way", _WAYS, ids=lambda way: way.name)
def test_a_value_means_the_same_in_every_format(
    renamed: Scorer, penguins_scorer: Scorer, tmp_path: Path, way: _Way
) -> None:
    with counted() as ways:
        for column, value, meaning in _CASES:
            if not isinstance(value, str) and way not in _TYPED:
                continue
            row = _row("species", "Gentoo") | {"island": "Biscoe"}
            known = meaning is not None and meaning is not UNSEEN
            old = _SPECIES if column == "species" else _ISLANDS
            row[column] = old[_NAMED[column].index(meaning)] if known and meaning else None
            expected = penguins_scorer.score(pa.table({k: [v] for k, v in row.items()})).predictions["male"][0].as_py()
            found = way.score(renamed, column, value, tmp_path)
            assert found == (expected, {column: 1} if meaning is UNSEEN else {}), (column, value)
    way.check(ways)


_MOMENT = 1195171200000
_TIMES: list[tuple[Any, int | None]] = [
    ("2007-11-16", _MOMENT),
    ("1195171200000", _MOMENT),
    ("1195171200000.0", _MOMENT),
    ("1.1951712e12", _MOMENT),
    ("-86400000", -86400000),
    ("1969-12-31", -86400000),
    ("20071116", 20071116),
    ("", None),
    ("NA", None),
    (_MOMENT, _MOMENT),
    (float(_MOMENT), _MOMENT),
    (float("nan"), None),
]


@pytest.mark.parametrize("way", _WAYS, ids=lambda way: way.name)
def test_a_time_means_the_same_in_every_format(renamed: Scorer, tmp_path: Path, way: _Way) -> None:
    with counted() as ways:
        for value, millis in _TIMES:
            if not isinstance(value, str) and way not in _TYPED:
                continue
            moment = pa.array([millis], pa.timestamp("ms"))
            row = {name: pa.array([one]) for name, one in _row("date_egg", None).items()} | {"date_egg": moment}
            expected = renamed.score(pa.table(row)).predictions["male"][0].as_py()
            assert way.score(renamed, "date_egg", value, tmp_path) == (expected, {}), value
    way.check(ways)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (date(2007, 11, 16), pa.date32()),
        (date(2007, 11, 16), pa.date64()),
        (datetime(2007, 11, 16), pa.timestamp("ns")),
        (datetime(2007, 11, 16, 2, tzinfo=timezone(timedelta(hours=2))), pa.timestamp("us", "Europe/Helsinki")),
        (Decimal("1195171200000"), pa.decimal128(20, 2)),
        (_MOMENT, pa.uint64()),
        ("1195171200000", pa.dictionary(pa.int8(), pa.string())),
    ],
)
def test_a_time_of_any_type_is_the_same_moment(renamed: Scorer, value: Any, kind: pa.DataType) -> None:
    row = {name: pa.array([one]) for name, one in _row("date_egg", None).items()}
    expected = renamed.score(pa.table(row | {"date_egg": pa.array([_MOMENT])}))
    found = renamed.score(pa.table(row | {"date_egg": pa.array([value], kind)}))
    assert found.rejects.num_rows == 0
    assert found.predictions.equals(expected.predictions)


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint8(), pa.uint64(), pa.float16(), pa.float32(), pa.decimal128(10, 3), pa.large_string()]
)
def test_a_level_of_any_type_is_the_same(renamed: Scorer, kind: pa.DataType) -> None:
    row = {name: pa.array([one]) for name, one in _row("island", "1").items()}
    one = pa.array([1]).cast(kind) if not pa.types.is_decimal(kind) else pa.array([Decimal(1)], kind)
    for values in (one, one.dictionary_encode()):
        found = renamed.score(pa.table(row | {"island": values}))
        assert found.unseen == {}
        assert found.predictions.equals(renamed.score(pa.table(row)).predictions)


def test_each_value_of_a_column_is_judged_alone(renamed: Scorer, tmp_path: Path) -> None:
    values = [_MOMENT, "2007-11-16", None, "", float(_MOMENT), str(_MOMENT)]
    (tmp_path / "in.jsonl").write_bytes(b"".join(_json(_row("date_egg", value)) for value in values))
    summary = score_file(renamed, tmp_path / "in.jsonl", tmp_path / "out", tmp_path / "rejected", name="in.jsonl")
    found = [_prediction(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert (summary.scored, len({found[i] for i in (0, 1, 4, 5)}), found[2]) == (6, 1, found[3])
