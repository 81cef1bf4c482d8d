"""JSON arrays of which only the model's columns are read are scored as the reader of whole files would have it."""

from __future__ import annotations

import codecs
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.batch.plan import Way
from dai_scoring.batch.summary import Summary
from dai_scoring.errors import MissingColumnsError, NameClashError, ScoringError
from dai_scoring.formats import Chunk, Declined, Format, Piece, WantedFields, open_reader, pieces
from dai_scoring.formats.json import array_pieces
from dai_scoring.formats.json import reader as json_reader
from dai_scoring.formats.json import split as json_split
from dai_scoring.options import BadRows, MissingColumns
from tests.support.files.file_scoring import Bench
from tests.support.files.json_records import OTHERWISE, record
from tests.support.ways import by_reader, counted

_ARRAY = "application/json"
_LAYOUTS: list[dict[str, Any]] = [
    {"separators": (",", ":")},
    {},
    {"indent": 2},
    {"indent": "\t"},
]


def _jackson(records: list[Any]) -> str:
    """As the pretty print of NiFi's JsonRecordSetWriter."""
    return (
        "[ "
        + ", ".join(json.dumps(one, indent=2, separators=(",", " : "), ensure_ascii=False) for one in records)
        + " ]"
    )


def _text(choose: random.Random, records: list[Any], *, escapes: bool) -> str:
    if choose.random() < 0.2:
        text = _jackson(records)
    else:
        text = json.dumps(records, ensure_ascii=escapes, **choose.choice(_LAYOUTS))
    return text.replace("\n", "\r\n") if choose.random() < 0.2 else text


def _file(choose: random.Random, odd: float, nasty: float) -> str:
    other = choose.choice([{}, {}, {}, *OTHERWISE])
    records: list[Any] = [record(choose, index, odd, other, nasty) for index in range(choose.randint(0, 60))]
    if choose.random() < odd:
        records.insert(choose.randint(0, len(records)), choose.choice([{}, 7, None, [], "a"]))
    text = _text(choose, records, escapes=choose.random() < 0.05)
    if choose.random() < odd:
        # Somewhere a byte too many, too few, or another; so the end may be lacking too.
        place = choose.randint(0, len(text))
        text = (
            text[:place]
            + choose.choice(["", ",", "}", "{", "]", '"', " ", "\0", "]]"])
            + text[place + choose.randint(0, 2) :]
        )
    return choose.choice(["", " \n"]) + text + choose.choice(["", "\n", " \r\n ", "x", "[]", "]"])


def _scored(bench: Bench, text: str | bytes, options: dict[str, Any]) -> Any:
    bench.rejected.unlink(missing_ok=True)
    try:
        summary: Summary = bench.score(text, mime=_ARRAY, **options)
    except ScoringError as error:
        return type(error), str(error)
    files = [bench.target, *([bench.rejected] if bench.rejected.exists() else [])]
    return summary.scored, summary.rejected, [json.loads(file.read_text() or "[]") for file in files]


def _slowly(bench: Bench, text: str | bytes, options: dict[str, Any]) -> Any:
    with by_reader(), counted() as ways:
        found = _scored(bench, text, options)
    assert ways.ways <= {Way.READER}
    return found


def _options(choose: random.Random) -> dict[str, Any]:
    return {"batch_rows": choose.choice([1, 7, 100, 10_000]), "missing_columns": choose.choice(list(MissingColumns))}


@pytest.mark.parametrize("seed", range(50))
def test_what_is_cut_gives_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    records = [record(choose, index, 0, {}) for index in range(choose.randint(2, 200))]
    text, options = _text(choose, records, escapes=False), _options(choose)
    monkeypatch.setattr(array_pieces, "LEAST_BYTES", choose.choice([50, 500, 1 << 16]))
    bench = Bench(tmp_path)
    with counted() as ways:
        quick = _scored(bench, text, options)
    assert ways.ways == {Way.MODEL_COLUMNS}
    assert quick == _slowly(bench, text, options)


def test_what_is_not_cut_gives_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    with counted() as all_ways:
        for seed in range(80):
            choose = random.Random(seed)
            odd = choose.choice([0.02, 0.3])
            text = _file(choose, odd, choose.choice([0, 0.02, 0.5])).encode()
            if choose.random() < 0.1:
                text = codecs.BOM_UTF8 + text
            if choose.random() < odd / 3:
                text = text.replace(b"\xc3\xa9", b"\xe9", 1)
            options = _options(choose)
            monkeypatch.setattr(array_pieces, "LEAST_BYTES", choose.choice([50, 500, 1 << 16]))
            monkeypatch.setattr(json_reader.json_split, "BLOCK", choose.choice([100, 1 << 20]))
            assert _scored(bench, text, options) == _slowly(bench, text, options)
    assert all_ways.ways == {Way.MODEL_COLUMNS, Way.PIECES, Way.READER}
    assert all_ways.reasons(Way.PIECES) >= {
        "the array does not start with two objects that have a comma between them",
        "an object may be empty, or its last value has blanks after it",
        "the text cannot be read up to its end",
        "the array does not end after an object as the others end",
        "the array was cut at other places than between its objects",
    }


def test_records_pass_through_as_they_stand(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.score('[{"s": "ab", "n": 1.50, "x":  2},{"x":1e0,"s":null,"m":[ 1 ]}]', mime=_ARRAY)
    assert bench.out() == '[{"s": "ab", "n": 1.50, "x":  2,"total":4.0},{"x":1e0,"s":null,"m":[ 1 ],"total":0.0}]'
    text = '[ {\n  "x" : 2,\n  "s" : "ab"\n}, {\n  "x" : 3,\n  "s" : "a"\n} ]\n'
    for rows in (1, 10):
        bench.score(text, mime=_ARRAY, batch_rows=rows)
        assert bench.out().replace("}, {", "},\n{") == (
            '[{\n  "x" : 2,\n  "s" : "ab","total":4.0\n},\n{\n  "x" : 3,\n  "s" : "a","total":4.0\n}]'
        )


def test_rejected_records_leave_no_gap(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    rows = [{"x": "oops" if index % 3 == 0 else index, "s": "ab"} for index in range(30)]
    for size in (1, 2, 7, 100):
        assert bench.score(json.dumps(rows), mime=_ARRAY, batch_rows=size).rejected == 10
        assert [row["x"] for row in json.loads(bench.out())] == [index for index in range(30) if index % 3]
        assert [row["_reject_value"] for row in json.loads(bench.rejected.read_text())] == ["oops"] * 10


def test_what_was_rejected_before_the_file_is_read_again_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_pieces, "LEAST_BYTES", 50)
    bench = Bench(tmp_path)
    rows: list[Any] = [{"x": "oops", "s": "ab"}, *({"x": 1, "s": "ab"} for _ in range(50))]
    text = json.dumps(rows, separators=(",", ":"))[:-1] + ', {"x": 1, "s": "},{"}]'
    summary = bench.score(text, mime=_ARRAY, batch_rows=5)
    assert (summary.scored, summary.rejected) == (51, 1)
    assert len(json.loads(bench.rejected.read_text())) == 1
    rows[0]["x"] = 1
    bench.rejected.unlink()
    bench.score(json.dumps(rows), mime=_ARRAY, batch_rows=5)
    assert not bench.rejected.exists()


def test_bad_rows_are_counted_from_the_start(tmp_path: Path) -> None:
    rows = [{"x": "oops" if index == 25 else 1, "s": "a"} for index in range(30)]
    options = {"bad_rows": BadRows.FAIL, "batch_rows": 7}
    bench = Bench(tmp_path)
    found = _scored(bench, json.dumps(rows), options)
    assert "row 26, column x" in found[1]
    assert found == _slowly(bench, json.dumps(rows), options)


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(NameClashError):
        bench.score('[{"s":"ab","x":2},{"s":"ab","x":2,"total":1}]', mime=_ARRAY)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('[{"x":1},{"x":2},{"x":3}]', True),
        (' [ {"x":1} , {"x":2} , {"x":3}\n] ', True),
        ('[{"x":1,"s":"a}"},{"x":2}]', True),
        ('[{"x":1},{"s":"},{"}]', False),
        ('[{"x":1},{"x":2}, {"x":3}]', False),
        ('[{"x":1},{"x":2}{"x":3}]', False),
        ('[{"x":1},{},{"x":3}]', False),
        ('[{"x":1},{"x":3}', False),
        ('[{"x":1},{"x":3}]]', False),
        ('[{"x":1},{"x":3}],{"x":3}]', False),
    ],
)
def test_which_arrays_are_plain(tmp_path: Path, text: str, plain: bool) -> None:
    path = tmp_path / "in"
    path.write_text(text)
    reader = open_reader(path, Format.JSON_ARRAY, chunk_rows=2)
    fields = WantedFields({"x": pa.float64()}, frozenset({"total"}))
    chunks = [piece if isinstance(piece, Declined) else piece.parse() for piece in pieces(reader, fields)]
    found = [chunk for chunk in chunks if not isinstance(chunk, Declined)]
    assert (len(found) == len(chunks)) == plain
    assert not plain or [x for chunk in found for x in chunk.table["x"].to_pylist()] == [
        one.get("x") for one in json.loads(text)
    ]


def test_a_name_within_a_value_is_no_column(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(MissingColumnsError, match=r"1 column\(s\).*: s\."):
        bench.score('[{"x":1,"m":{"s":"a"}},{"x":1,"m":{"s":"a"}}]', mime=_ARRAY)
    bench.score('[{"s":null,"x":2},{"s":null,"x":2}]', mime=_ARRAY)
    assert [row["total"] for row in json.loads(bench.out())] == [1.0, 1.0]


@pytest.mark.parametrize("parts", [1, 2, 4])
@pytest.mark.parametrize("given", [Format.JSON_ARRAY, Format.JSON_LINES])
def test_a_file_that_is_read_at_once_becomes_as_many_pieces(tmp_path: Path, given: Format, parts: int) -> None:
    objects = [json.dumps({"x": row, "text": f"{{{row}}}," + "-" * (row % 90)}) for row in range(8000)]
    is_array = given is Format.JSON_ARRAY
    path = tmp_path / "rows"
    path.write_text(f"[{', '.join(objects)}]" if is_array else "\n".join([*objects, ""]))
    assert path.stat().st_size < json_split.BLOCK
    reader = open_reader(path, given, chunk_rows=10_000)
    found = [piece.parse() for piece in _certain(pieces(reader, WantedFields({"x": pa.int64()}, frozenset()), parts))]
    reader.close()
    tables = [chunk.table for chunk in found if isinstance(chunk, Chunk)]
    assert pa.concat_tables(tables).column("x").to_pylist() == list(range(8000))
    counts = [table.num_rows for table in tables]
    assert len(counts) == parts
    assert max(counts) < 1.1 * min(counts)


def test_an_object_as_long_as_a_piece(tmp_path: Path) -> None:
    text = json.dumps([{"x": row, "text": "-" * (1 << 18 if row == 1 else 90)} for row in range(4000)])
    path = tmp_path / "rows"
    path.write_text(text)
    reader = open_reader(path, Format.JSON_ARRAY, chunk_rows=10_000)
    found = [piece.parse() for piece in _certain(pieces(reader, WantedFields({"x": pa.int64()}, frozenset()), 8))]
    reader.close()
    rows = [row for chunk in found if isinstance(chunk, Chunk) for row in chunk.table.column("x").to_pylist()]
    assert rows == list(range(4000))


def _certain(found: Iterator[Piece | Declined]) -> Iterator[Piece]:
    for piece in found:
        assert not isinstance(piece, Declined), piece.reason
        yield piece
