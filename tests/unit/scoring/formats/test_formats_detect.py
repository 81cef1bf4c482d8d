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


def test_xml_is_named_with_what_reads_it() -> None:
    with pytest.raises(UnknownFormatError, match=r"is XML, not records\. Send") as caught:
        detect(b"<rows><row><x>1</x></row></rows>", "text/csv")
    assert "Or an XMLReader as Record Reader" in caught.value.text_for(Audience.CANVAS)
    assert "XMLReader" not in caught.value.text_for(Audience.CLIENT)


@pytest.mark.parametrize("fmt", list(Format))
def test_format_detects_its_own_mime_type(fmt: Format) -> None:
    assert detect(b"", fmt.mime_type) is fmt
    assert fmt.is_text_typed is (fmt is Format.CSV)
    assert fmt.needs_fixed_schema is not fmt.value.startswith("json")


def test_chunks_need_rows(tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        open_reader(tmp_path / "x", Format.CSV, chunk_rows=0)


@pytest.mark.memory
@pytest.mark.parametrize("fmt", [Format.CSV, Format.JSON_ARRAY, Format.JSON_LINES])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, fmt: Format) -> None:
    """A child reads and writes a file of 8 MB, then one of 24 MB, for which it needs little more."""
    row: Any = {"csv": b"%d,text of some length,3.25\n"}.get(fmt.value, b'{"a":%d,"b":"some text","c":3.25}\n')
    begin, end = {Format.CSV: (b"a,b,c\n", b""), Format.JSON_ARRAY: (b"[", b"{}]")}.get(fmt, (b"", b""))
    if fmt is Format.JSON_ARRAY:
        row = row.replace(b"\n", b",")
    block = b"".join(row % i for i in range(50_000))
    for name, size in (("small", 8_000_000), ("large", 24_000_000)):
        (tmp_path / name).write_bytes(begin + block * (size // len(block)) + end)
    script = f"""
import resource, sys
from pathlib import Path
from dai_scoring.formats import *
most = []
for name in ("small", "large"):
    chunks = open_reader(Path(sys.argv[1], name), Format({fmt.value!r}), chunk_rows=10_000).chunks()
    first = next(chunks)
    with open_writer(Path(sys.argv[1], "out"), Format({fmt.value!r}), first.table.schema) as writer:
        writer.put(writer.encode(first.table))
        for chunk in chunks:
            writer.put(writer.encode(chunk.table))
    most.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print((most[1] - most[0]) // 1024)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    # The 16 MB more are several times as much as objects.
    assert int(run.stdout) < 12
    assert (tmp_path / "out").stat().st_size > 20_000_000
