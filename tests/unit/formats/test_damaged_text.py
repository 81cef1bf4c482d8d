"""Bytes that are no UTF-8 in Parquet and Arrow, and the codecs of Avro."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.test_files import Bench

from dai_scoring.errors import ContentError
from dai_scoring.formats import Format


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _written(table: pa.Table, fmt: Format) -> bytes:
    sink = pa.BufferOutputStream()
    if fmt is Format.PARQUET:
        pq.write_table(table, sink, compression="none", use_dictionary=False, write_statistics=False)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("fmt", [Format.PARQUET, Format.ARROW_STREAM])
@pytest.mark.parametrize(("given", "said"), [(b"qqqq", "column 's'"), (b"name", "name of a column")])
def test_text_that_is_no_utf8(bench: Bench, fmt: Format, given: bytes, said: str) -> None:
    content = _written(pa.table({"x": [1.0], "s": ["qqqq"], "name": [1]}), fmt)
    with pytest.raises(ContentError, match=said):
        bench.score(content.replace(given, b"\xff" * 4), input_format=fmt)


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
