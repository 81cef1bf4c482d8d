"""Columns with values of several types: each comes out as it came in, whatever else is in its column."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.formats import Format
from tests.support.files.file_scoring import Bench

VALUES: list[Any] = [1, "b", 'q"x', True, None, "null", [1, "a"], 2.5, ""]
TEXTS = ["1", "b", 'q"x', "true", None, "null", '[1,"a"]', "2.5", ""]
JSON = pa.json_(pa.string())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def in_json() -> str:
    return "\n".join(json.dumps({"x": 1, "s": "a", "z": value}) for value in VALUES)


def in_avro() -> bytes:
    file = io.BytesIO()
    kinds: Any = ["null", "int", "string", "boolean", "double", {"type": "array", "items": ["int", "string"]}]
    fields = [{"name": "x", "type": "int"}, {"name": "s", "type": "string"}, {"name": "z", "type": kinds}]
    rows = [{"x": 1, "s": "a", "z": value} for value in VALUES]
    fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, rows)
    return file.getvalue()


@pytest.mark.parametrize("made", [in_json, in_avro])
@pytest.mark.parametrize("copies", [1, 30])
@pytest.mark.parametrize("fmt", [Format.CSV, Format.AVRO, Format.PARQUET, Format.ARROW_STREAM])
def test_a_text_among_other_values_is_not_quoted(bench: Bench, made: Any, copies: int, fmt: Format) -> None:
    content = made()
    if copies > 1:
        content = "\n".join([content] * copies) if isinstance(content, str) else content
    bench.score(content, output_format=fmt)
    written = bench.target.read_bytes()
    if fmt is Format.CSV:
        found = [row["z"] for row in csv.DictReader(io.StringIO(written.decode()))]
    elif fmt is Format.AVRO and made is in_json:
        found = [row["z"] for row in fastavro.reader(io.BytesIO(written))]  # type: ignore[index,call-overload]
    elif fmt is Format.PARQUET:
        found = pq.read_table(io.BytesIO(written)).column("z").to_pylist()
    elif fmt is Format.ARROW_STREAM:
        found = pa.ipc.open_stream(written).read_all().column("z").to_pylist()
    else:
        # Records of Avro pass through as they are.
        values = [row["z"] for row in fastavro.reader(io.BytesIO(written))]  # type: ignore[index,call-overload]
        assert values == VALUES
        return
    expected = [("" if text is None else text) for text in TEXTS] if fmt is Format.CSV else TEXTS
    assert found == expected * (copies if made is in_json else 1)


def test_rejected_records_of_avro_keep_their_texts(bench: Bench) -> None:
    file = io.BytesIO()
    fields = [{"name": "x", "type": ["int", "string"]}, {"name": "s", "type": "string"}]
    rows = [{"x": 1, "s": "a"}, {"x": "old", "s": "b"}]
    fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, rows)
    summary = bench.score(file.getvalue())
    assert (summary.scored, summary.rejected) == (1, 1)
    [rejected] = fastavro.reader(io.BytesIO(bench.rejected.read_bytes()))
    assert (rejected["x"], rejected["_reject_value"]) == ("old", "old")  # type: ignore[index,call-overload]


@pytest.mark.parametrize("fmt", [Format.PARQUET, Format.ARROW_STREAM, Format.CSV])
def test_json_texts_of_the_file_itself_stay_as_they_are(bench: Bench, fmt: Format) -> None:
    texts = ['"b"', '{"a":1}', None, "null"]
    z = pa.ExtensionArray.from_storage(JSON, pa.array(texts, pa.string()))
    table = pa.table({"x": ["1", "1", "bad", "1"], "s": ["a"] * 4, "z": z})
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    assert bench.score(file.getvalue(), output_format=fmt).rejected == 1
    written = bench.target.read_bytes()
    if fmt is Format.CSV:
        assert [row["z"] for row in csv.DictReader(io.StringIO(written.decode()))] == ['"b"', '{"a":1}', "null"]
    elif fmt is Format.PARQUET:
        assert pq.read_table(io.BytesIO(written)).column("z").to_pylist() == ['"b"', '{"a":1}', "null"]
    else:
        assert pa.ipc.open_stream(written).read_all().column("z").to_pylist() == ['"b"', '{"a":1}', "null"]


@pytest.mark.parametrize("depth", [200, 254, 255, 256, 900])
@pytest.mark.parametrize("many", [False, True])
def test_values_of_many_brackets_pass_through(bench: Bench, depth: int, many: bool) -> None:
    lists = "[" * depth + "1.0" + "]" * depth
    objects = '{"a":' * depth + '"q\\"é"' + "}" * depth
    record = f'{{"x":1,"s":"a","z":[{lists},{objects},12345678901234567890123,1e400,null,true,{{}},[]]}}'
    # A text for the same column, so that it has values of several types.
    content = f'[{record},{{"x":1,"s":"a","z":"t"}}]' if many else record
    assert bench.score(content, "application/json", output_format=Format.CSV).scored == 1 + many
    rows = list(csv.DictReader(io.StringIO(bench.target.read_text(encoding="utf-8"))))
    kept = f"[{lists},{objects},12345678901234567890123,1e400,null,true,{{}},[]]"
    assert rows[0]["z"] == kept
    bench.score(content, "application/json")
    assert kept in bench.out()
