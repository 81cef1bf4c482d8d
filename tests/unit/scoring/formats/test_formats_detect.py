from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.errors import OptionError, UnknownFormatError
from dai_scoring.formats import Format, detect, open_reader
from dai_scoring.option_words import Audience


@pytest.mark.parametrize(
    ("head", "mime_type", "name", "expected"),
    [
        (b"Obj\x01...", "text/csv", None, Format.AVRO),
        (b"PAR1", None, "x.csv", Format.PARQUET),
        (b"ARROW1\0\0", None, None, Format.ARROW_FILE),
        (b"PAR1,PAR2\n1,2\n", "text/csv", None, Format.CSV),
        (b"BZh;x\n1;2\n", None, None, Format.CSV),
        (b"\xff\xff\xff\xff\x10\0\0\0", "application/json", None, Format.ARROW_STREAM),
        (b"a b\n", "text/csv; charset=latin-1", None, Format.CSV),
        (b"", "TEXT/CSV", None, Format.CSV),
        (b"", "application/avro-binary", None, Format.AVRO),
        (b"a\tb\n1\t2", "application/octet-stream", None, Format.CSV),
        (b"\xef\xbb\xbfa,b\n", None, None, Format.CSV),
        ("a,b\n".encode("utf-16"), None, None, Format.CSV),
        (b"name\nx\n", None, "x.CSV", Format.CSV),
        (b" [ {", None, None, Format.JSON_ARRAY),
        (b"[]", "application/x-ndjson", None, Format.JSON_ARRAY),
        (b'[{"a":1}]', "application/json", None, Format.JSON_ARRAY),
        (b'{"a":1}', "application/json", None, Format.JSON_ARRAY),
        (b'{"a":1}', "application/x-ndjson", None, Format.JSON_LINES),
        (b'{"a":1}\n{"a":2}\n', "application/json", None, Format.JSON_LINES),
        (b'{"a":1}\n{"a":2}\n', None, None, Format.JSON_LINES),
        (b'{\n"a":1}', None, None, Format.JSON_ARRAY),
        (b'{"a":1}', None, "x.jsonl", Format.JSON_ARRAY),
        (b"", None, "x.ndjson", Format.JSON_LINES),
        (b"{}", "application/vnd.x+json", None, Format.JSON_ARRAY),
    ],
)
def test_detect(head: bytes, mime_type: str | None, name: str | None, expected: Format) -> None:
    assert detect(head, mime_type, name) is expected


@pytest.mark.parametrize("head", [b"", b"hello\nworld\n", b"\0\1\2,"])
def test_unknown(head: bytes) -> None:
    with pytest.raises(UnknownFormatError, match=r"neither the MIME type nor the content says it"):
        detect(head, None, "x.bin")


def test_compressed_content_is_named() -> None:
    with pytest.raises(UnknownFormatError, match=r"gzip.*Uncompress it first") as caught:
        detect(b"\x1f\x8b\x08", "text/csv")
    assert "CompressContent" in caught.value.text_for(Audience.CANVAS)


@pytest.mark.parametrize("fmt", list(Format))
def test_format_detects_its_own_mime_type(fmt: Format) -> None:
    assert detect(b"", fmt.mime_type) is fmt
    assert fmt.is_text_typed is (fmt is Format.CSV)
    assert fmt.needs_fixed_schema is not fmt.value.startswith("json")


def test_chunks_need_rows(tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        open_reader(tmp_path / "x", Format.CSV, chunk_rows=0)


@pytest.mark.parametrize("fmt", [Format.CSV, Format.JSON_ARRAY, Format.JSON_LINES])
def test_memory_is_bounded(tmp_path: Path, fmt: Format) -> None:
    """A child reads and writes 150 MB; what it needs beyond its libraries must stay far below that."""
    path = tmp_path / "large"
    row: Any = {"csv": b"%d,text of some length,3.25\n"}.get(fmt.value, b'{"a":%d,"b":"some text","c":3.25}\n')
    with path.open("wb") as file:
        if fmt is Format.CSV:
            file.write(b"a,b,c\n")
        if fmt is Format.JSON_ARRAY:
            row = row.replace(b"\n", b",")
            file.write(b"[")
        block = b"".join(row % i for i in range(50_000))
        for _ in range(150_000_000 // len(block)):
            file.write(block)
        if fmt is Format.JSON_ARRAY:
            file.write(b"{}]")
    script = f"""
import resource
from pathlib import Path
import pyarrow.csv, orjson, numpy
from dai_scoring.formats import *
from dai_scoring.formats import csv_read, csv_write, json_read, json_write
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reader = open_reader(Path({str(path)!r}), Format({fmt.value!r}), chunk_rows=10_000)
chunks = reader.chunks()
first = next(chunks)
with open_writer(Path({str(path)!r} + ".out"), Format({fmt.value!r}), first.table.schema) as writer:
    writer.put(writer.encode(first.table))
    for chunk in chunks:
        writer.put(writer.encode(chunk.table))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 110
