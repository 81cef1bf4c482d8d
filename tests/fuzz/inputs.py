"""Files of records in every format and how they are damaged, all from one generator of random numbers."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

NUMBERS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
TEXTS = ("species", "island")
TIME = "date_egg"
COLUMNS = (*NUMBERS, *TEXTS, TIME)
_ISLANDS = ("Torgersen", "Biscoe", "Dream", "Atlantis", "", " Dream", "NA", "é€😀", "a\\", "NULL")
_SPECIES = ("Adelie", "Gentoo", "Chinstrap", "adelie", "", "?", "x" * 40)
_TIMES = ("2007-11-11", "2008-02-29", "2009-01-01 12:30:00", "", "1196208000000", "2007-11-11T00:00:00.5Z")
_ODD_TIMES = ("2007-02-30", "yesterday", "11.11.2007", "NULL", "99999-01-01", "0000-00-00", "1e30")
_NOTES = (
    "",
    "plain",
    "a,b",
    "a;b",
    'say "no"',
    "two\nlines",
    "tab\there",
    "\u2028",
    "007",
    "1.50",
    "\x7f",
    "|",
    "'",
    "\\",
)
_ODD_NUMBERS = (
    "",
    "NA",
    "abc",
    "1e999",
    "-1e-999",
    "inf",
    "nan",
    "0x10",
    "+5",
    " 3",
    "1.2.3",
    "$5",
    "5%",
    "1,5",
    "NULL",
    "٣",
)
_CODECS = ("null", "deflate", "snappy", "zstandard", "lz4", "bzip2", "xz")
_PACKED = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")
_TOKENS: tuple[bytes, ...] = (
    b'"', b'""', b"\n", b"\r", b"\r\n", b",", b";", b"\t", b"|", b"\0", b"\x1a", b"\\", b'\\"', b"{", b"}", b"[", b"]",
    b":", b"null", b"NaN", b"Infinity", b"1e400", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\xc3", b"\xed\xa0\x80",
    b"sep=;\n", b'{"instances": [', b"\x1e", b"-", b"9" * 30, b" ", b"\xe2\x80\xa8", b"PAR1", b"Obj\x01", b"ARROW1",
    b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0\0\0\0\0", b"\\u0000", b"\\ud800", b"//",
)  # fmt: skip


@dataclass(frozen=True)
class Input:
    """A file: what it is, its bytes, the MIME type that goes with it, and its rows if it is not damaged."""

    kind: str
    contents: bytes
    mime_type: str | None
    rows: int | None


def make(random: Random) -> Input:
    """A file of some format; two of three are damaged."""
    kind = random.choice(sorted(_MAKERS))
    rows = _rows(random, random.choice((0, 1, 2, 3, 7, 30, 101, 400)))
    contents, mime_type = _MAKERS[kind](rows, random)
    count: int | None = len(rows)
    if random.random() < 0.3:
        mime_type = None
    elif random.random() < 0.05:
        mime_type = random.choice(("text/csv", "application/json", "application/x-ndjson", "application/avro-binary"))
        # Of text its lines may be rows of another format.
        count = None
    if random.random() < 1 / 3:
        return Input(kind, contents, mime_type, count)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        contents = random.choice(_DAMAGES)(contents, random)
    return Input(f"damaged {kind}", contents, mime_type, None)


def packed(given: Input, random: Random) -> Input:
    """The same through gzip, which may be damaged again."""
    contents = gzip.compress(given.contents, 1, mtime=0)
    if random.random() < 0.3:
        return Input(f"damaged gzip of {given.kind}", random.choice(_DAMAGES)(contents, random), given.mime_type, None)
    return Input(f"gzip of {given.kind}", contents, given.mime_type, given.rows)


def _rows(random: Random, count: int) -> list[dict[str, Any]]:
    oddity = random.choice((0.0, 0.0, 0.02, 0.3))
    names = [*COLUMNS, "note"]
    random.shuffle(names)
    return [{name: _value(name, random, oddity) for name in names} for _ in range(count)]


def _value(name: str, random: Random, oddity: float) -> Any:
    if name in NUMBERS:
        if random.random() < oddity:
            return random.choice(_ODD_NUMBERS)
        return random.choice((random.randint(1, 6000), round(random.uniform(1, 300), random.randint(1, 12))))
    if name == TIME:
        return random.choice(_ODD_TIMES if random.random() < oddity else _TIMES)
    return random.choice({"island": _ISLANDS, "species": _SPECIES}.get(name, _NOTES))


def _csv(rows: list[dict[str, Any]], random: Random) -> tuple[bytes, str]:
    delimiter = random.choice((",", ",", ";", "\t", "|"))
    end = random.choice(("\n", "\n", "\r\n"))
    always = random.random() < 0.2
    names = list(rows[0]) if rows else [*COLUMNS]
    text = "".join(
        delimiter.join(_cell(str(value), delimiter, always) for value in row) + end
        for row in (names, *(row.values() for row in rows))
    )
    if random.random() < 0.2:
        text = text[: -len(end)]
    if random.random() < 0.05:
        text = f"sep={delimiter}{end}{text}"
    charset = random.choice(("utf-8",) * 6 + ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"))
    return text.encode(charset), "text/csv"


def _cell(text: str, delimiter: str, always: bool) -> str:
    if always or any(one in text for one in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def _objects(rows: list[dict[str, Any]], random: Random) -> list[str]:
    compact = random.random() < 0.5
    escaped = random.random() < 0.5
    separators = (",", ":") if compact else (", ", ": ")
    return [json.dumps(row, ensure_ascii=escaped, separators=separators) for row in rows]


def _json(rows: list[dict[str, Any]], random: Random) -> tuple[bytes, str]:
    between = random.choice((",", ", ", ",\n", "\n,\n"))
    text = "[" + between.join(_objects(rows, random)) + "]"
    return text.encode(random.choice(("utf-8",) * 5 + ("utf-8-sig", "utf-16"))), "application/json"


def _lines(rows: list[dict[str, Any]], random: Random) -> tuple[bytes, str]:
    text = "".join(one + "\n" for one in _objects(rows, random))
    return (text.rstrip("\n") if random.random() < 0.2 else text).encode(), "application/x-ndjson"


def _avro(rows: list[dict[str, Any]], random: Random) -> tuple[bytes, str]:
    has_text = any(isinstance(row[name], str) for row in rows for name in NUMBERS)
    number: Any = ["null", "string"] if has_text else random.choice(("double", ["null", "double"], ["int", "double"]))
    names = list(rows[0]) if rows else [*COLUMNS]
    fields = [{"name": name, "type": number if name in NUMBERS else "string"} for name in names]
    if has_text:
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    file = io.BytesIO()
    schema = {"type": "record", "name": "penguin", "fields": fields}
    marker = random.randbytes(16)
    fastavro.writer(
        file, schema, rows, codec=random.choice(_CODECS), sync_interval=random.choice((100, 4000)), sync_marker=marker
    )
    return file.getvalue(), "application/avro-binary"


def _table(rows: list[dict[str, Any]], random: Random) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name in list(rows[0]) if rows else [*COLUMNS]:
        values = [row[name] for row in rows]
        if name in NUMBERS and not any(isinstance(value, str) for value in values):
            columns[name] = pa.array(map(float, values), pa.float64()).cast(random.choice((pa.float64(), pa.float32())))
        else:
            columns[name] = pa.array(map(str, values), pa.string())
            if random.random() < 0.3:
                columns[name] = random.choice(
                    (
                        columns[name].dictionary_encode(),
                        columns[name].cast(pa.large_string()),
                        columns[name].cast(pa.binary()),
                    )
                )
    return pa.table(columns)


def _parquet(rows: list[dict[str, Any]], random: Random) -> tuple[bytes, str]:
    file = io.BytesIO()
    pq.write_table(
        _table(rows, random),
        file,
        compression=random.choice(_PACKED),
        row_group_size=random.choice((1000, 10)),
        use_dictionary=random.random() < 0.5,
        data_page_version=random.choice(("1.0", "2.0")),
    )
    return file.getvalue(), "application/vnd.apache.parquet"


def _arrow(rows: list[dict[str, Any]], random: Random, is_file: bool) -> bytes:
    table = _table(rows, random)
    file = io.BytesIO()
    make = pa.ipc.new_file if is_file else pa.ipc.new_stream
    options = pa.ipc.IpcWriteOptions(compression=random.choice((None, "lz4", "zstd")))
    with make(file, table.schema, options=options) as writer:
        writer.write_table(table, random.choice((1000, 10)))
    return file.getvalue()


def _flip(contents: bytes, random: Random) -> bytes:
    data = bytearray(contents)
    for _ in range(random.choice((1, 2, 10)) if data else 0):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def _cut(contents: bytes, random: Random) -> bytes:
    return contents[: random.randrange(len(contents) + 1)]


def _part(contents: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(contents) + 1)
    return start, min(len(contents), start + random.choice((1, 2, 4, 8, 50, 1000)))


def _drop(contents: bytes, random: Random) -> bytes:
    start, end = _part(contents, random)
    return contents[:start] + contents[end:]


def _double(contents: bytes, random: Random) -> bytes:
    start, end = _part(contents, random)
    return contents[:end] + contents[start:]


def _insert(contents: bytes, random: Random) -> bytes:
    at = random.randrange(len(contents) + 1)
    return contents[:at] + random.choice(_TOKENS) + contents[at:]


def _overwrite(contents: bytes, random: Random) -> bytes:
    at = random.randrange(len(contents) + 1)
    token = random.choice((*_TOKENS, random.randbytes(4)))
    return contents[:at] + token + contents[at + len(token) :]


def _moved(contents: bytes, random: Random) -> bytes:
    start, end = _part(contents, random)
    rest = contents[:start] + contents[end:]
    at = random.randrange(len(rest) + 1)
    return rest[:at] + contents[start:end] + rest[at:]


def _end(contents: bytes, random: Random) -> bytes:
    return contents + random.choice((*_TOKENS, contents[:100], contents))


_DAMAGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip, _flip, _cut, _drop, _double, _insert, _insert, _overwrite, _overwrite, _moved, _end,
)  # fmt: skip
_MAKERS: dict[str, Callable[[list[dict[str, Any]], Random], tuple[bytes, str]]] = {
    "csv": _csv,
    "json array": _json,
    "json lines": _lines,
    "avro": _avro,
    "parquet": _parquet,
    "arrow file": lambda rows, random: (_arrow(rows, random, True), "application/vnd.apache.arrow.file"),
    "arrow stream": lambda rows, random: (_arrow(rows, random, False), "application/vnd.apache.arrow.stream"),
}
