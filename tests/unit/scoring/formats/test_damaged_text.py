"""Bytes that are no UTF-8 in Parquet and Arrow, and the codecs of Avro."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format
from tests.support.files.file_scoring import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _written(table: pa.Table, fmt: Format) -> bytes:
    sink = pa.BufferOutputStream()
    if fmt is Format.PARQUET:
        pq.write_table(table, sink, compression="none", use_dictionary=False, write_statistics=False)
    else:
        make = pa.ipc.new_stream if fmt is Format.ARROW_STREAM else pa.ipc.new_file
        with make(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _avro(rows: list[dict[str, Any]], types: dict[str, Any], interval: int = 16000) -> bytes:
    sink = io.BytesIO()
    fields: list[Any] = [{"name": name, "type": kind} for name, kind in types.items()]
    fastavro.writer(
        sink, fastavro.parse_schema({"type": "record", "name": "r", "fields": fields}), rows, sync_interval=interval
    )
    return sink.getvalue()


COLUMNAR = [Format.PARQUET, Format.ARROW_STREAM, Format.ARROW_FILE]


@pytest.mark.parametrize("fmt", COLUMNAR[:2])
def test_a_name_that_is_no_utf8(bench: Bench, fmt: Format) -> None:
    content = _written(pa.table({"x": [1.0], "s": ["qqqq"], "name": [1]}), fmt)
    with pytest.raises(ContentError, match="name of a column"):
        bench.score(content.replace(b"name", b"\xff" * 4), input_format=fmt)


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
@pytest.mark.parametrize("column", ["s", "t"])
@pytest.mark.parametrize("fmt", [*COLUMNAR, Format.AVRO])
def test_a_row_with_text_that_is_no_utf8_is_rejected_alone(
    bench: Bench, fmt: Format, column: str, kind: str, batch_rows: int
) -> None:
    texts = ["abc", "abcde", "qqqq", None, "é"]
    if fmt is Format.AVRO:
        types = {"x": "double", "s": ["null", "string"], "t": ["null", "string"], "m": {"type": "map", "values": "int"}}
        rows = [{"x": 1.5, "s": "a", "t": "b", "m": {"k": 1}, column: text} for text in texts]
        content = _avro(rows, types)
    else:
        arrow = {"string": pa.string(), "large_string": pa.large_string(), "dictionary": pa.string()}[kind]
        made: dict[str, Any] = {"x": [1.5] * 5, "s": pa.array(["a"] * 5), "t": pa.array(["b"] * 5)}
        made[column] = pa.array(texts, arrow)
        if kind == "dictionary":
            made[column] = made[column].dictionary_encode()
        content = _written(pa.table(made), fmt)
    content = content.replace(b"qqqq", b"q\xffq\xfe")
    summary = bench.score(content, input_format=fmt, output_format=Format.JSON_LINES, batch_rows=batch_rows)
    assert (summary.records, summary.scored, summary.rejected) == (5, 4, 1)
    assert [json.loads(line)[column] for line in bench.out().splitlines()] == ["abc", "abcde", None, "é"]
    (line,) = bench.rejected.read_text().splitlines()
    found = json.loads(line)
    assert found["_reject_code"] == "not_text"
    assert found["_reject_column"] == column
    assert found["_reject_value"] == "q\\xffq\\xfe"
    assert found[column] == "q\ufffdq\ufffd"
    same = bench.score(content, input_format=fmt, batch_rows=batch_rows)
    # A record of Avro that passes as it stands may have any bytes in a column that the model does not read.
    assert (same.scored, same.rejected) == ((5, 0) if fmt is Format.AVRO and column == "t" else (4, 1))


@pytest.mark.parametrize("interval", [16, 1 << 20], ids=["many blocks", "one block"])
def test_an_avro_record_that_passes_as_it_stands_keeps_its_bytes(bench: Bench, interval: int) -> None:
    rows = [{"x": 1.5, "s": "abc", "t": "qqqq"}] * 100
    types = {"x": "double", "s": "string", "t": "string"}
    content = _avro(rows, types, interval).replace(b"qqqq", b"q\xffq\xfe")
    assert bench.score(content).scored == 100
    assert bench.target.read_bytes().count(b"q\xffq\xfe") == 100
    rows[50] = {**rows[50], "s": "pppp"}
    content = _avro(rows, types, interval).replace(b"qqqq", b"q\xffq\xfe").replace(b"pppp", b"p\xffp\xfe")
    summary = bench.score(content)
    assert (summary.scored, summary.rejected) == (99, 1)
    found: Any = list(fastavro.reader(io.BytesIO(bench.rejected.read_bytes())))
    assert [(one["_reject_code"], one["_reject_column"]) for one in found] == [("not_text", "s")]


@pytest.mark.parametrize("fmt", [*COLUMNAR, Format.AVRO])
def test_such_text_in_a_list_fails_the_file(bench: Bench, fmt: Format) -> None:
    if fmt is Format.AVRO:
        types = {"x": "double", "s": "string", "l": {"type": "array", "items": "string"}}
        content = _avro([{"x": 1.5, "s": "a", "l": ["qqqq"]}], types)
    else:
        content = _written(pa.table({"x": [1.5], "s": ["a"], "l": [["qqqq"]]}), fmt)
    with pytest.raises(ContentError, match="UTF-8"):
        bench.score(content.replace(b"qqqq", b"q\xffq\xfe"), input_format=fmt, output_format=Format.CSV)


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "lz4", "bzip2", "xz"])
def test_codecs_of_avro(bench: Bench, codec: str) -> None:
    sink = io.BytesIO()
    fields: list[Any] = [{"name": "x", "type": "double"}, {"name": "s", "type": "string"}]
    schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": fields})
    fastavro.writer(sink, schema, [{"x": 1.5, "s": "abc"}] * 3, codec=codec)
    assert bench.score(sink.getvalue()).scored == 3
    found = fastavro.reader(io.BytesIO(bench.target.read_bytes()))
    assert [row["total"] for row in found] == [4.5] * 3  # type: ignore[index, call-overload]
    assert found.codec == (codec if codec in ("snappy", "zstandard", "lz4") else "null")
