"""Which format a file has: by its first bytes, its MIME type, its name."""

from __future__ import annotations

import re
from pathlib import Path

from dai_scoring.errors import UnknownFormatError
from dai_scoring.formats import foreign
from dai_scoring.formats.base import Format
from dai_scoring.formats.json.parser import parse
from dai_scoring.formats.json.split import Structure
from dai_scoring.formats.source import END_MARK, mark_of

_MAGIC = (
    (b"Obj\x01", Format.AVRO),
    (b"PAR1", Format.PARQUET),
    (b"ARROW1", Format.ARROW_FILE),
    (b"\xff\xff\xff\xff", Format.ARROW_STREAM),
)
_MAGIC_BYTES = tuple(magic for magic, _ in _MAGIC)
_MIME_TYPES = {
    "text/csv": Format.CSV,
    "application/csv": Format.CSV,
    "text/comma-separated-values": Format.CSV,
    "text/tab-separated-values": Format.CSV,
    "application/json": Format.JSON_ARRAY,
    "text/json": Format.JSON_ARRAY,
    "application/x-ndjson": Format.JSON_LINES,
    "application/ndjson": Format.JSON_LINES,
    "application/jsonl": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "application/jsonlines": Format.JSON_LINES,
    "application/json-lines": Format.JSON_LINES,
    "application/json-seq": Format.JSON_LINES,
    "application/avro-binary": Format.AVRO,
    "application/avro": Format.AVRO,
    "avro/binary": Format.AVRO,
    "application/vnd.apache.avro": Format.AVRO,
    "application/vnd.apache.parquet": Format.PARQUET,
    "application/parquet": Format.PARQUET,
    "application/x-parquet": Format.PARQUET,
    "application/vnd.apache.arrow.stream": Format.ARROW_STREAM,
    "application/vnd.apache.arrow.file": Format.ARROW_FILE,
}
_EXTENSIONS = {
    "csv": Format.CSV,
    "tsv": Format.CSV,
    "json": Format.JSON_ARRAY,
    "jsonl": Format.JSON_LINES,
    "ndjson": Format.JSON_LINES,
    "avro": Format.AVRO,
    "parquet": Format.PARQUET,
    "arrows": Format.ARROW_STREAM,
    "arrow": Format.ARROW_FILE,
    "feather": Format.ARROW_FILE,
}
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20)])
"""Characters that text does not have."""
SEPARATOR_LINE = re.compile(rb'"?sep=([^"\r\n\0])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
"""The first line that tells Excel what separates the fields of CSV."""
_JSON = (Format.JSON_ARRAY, Format.JSON_LINES)
_JSON_START = re.compile(rb'\[\s*[{\]\[]|\[\s*\Z|\{\s*["}]|\{\s*\Z')


def is_binary(head: bytes) -> bool:
    """Whether contents that start so are of a binary format: Avro, Parquet or Arrow."""
    return head.startswith(_MAGIC_BYTES)


def detect(head: bytes, mime_type: str | None, name: str | None = None, path: Path | None = None) -> Format:
    """The format of the file that starts with ``head`` (some KiB; all of a shorter file).

    The first bytes decide for binary formats. For text the MIME type decides, except that content says
    whether JSON is an array or lines; without a useful MIME type the content does, then the name's
    extension. ``path`` is the file, where there is one: it helps to say what contents are that are no records.
    Raises UnknownFormatError if nothing tells.
    """
    text = _text(head)
    # Columns of CSV may be named as binary files begin.
    is_binary = text is None or not re.search(rb"[,;\t|\r\n]", text)
    for magic, binary in _MAGIC:
        if is_binary and head.startswith(magic):
            return binary
    foreign.check(head, path)
    said = format_of_mime_type(mime_type)
    if said in _JSON:
        return _json_shape(text, said)
    if said is not None:
        return said
    if text is not None and text.strip():
        stripped = text.lstrip()
        if _JSON_START.match(stripped):
            return _json_shape(text, Format.JSON_ARRAY)
        first = re.split(rb"[\r\n]", stripped, maxsplit=1)[0]
        if re.search(rb"[,;\t|]", first) or SEPARATOR_LINE.match(stripped):
            return Format.CSV
    extension = (name or "").rpartition(".")[2].lower()
    if extension in _EXTENSIONS:
        found = _EXTENSIONS[extension]
        return _json_shape(text, found) if found in _JSON else found
    raise UnknownFormatError(
        "the format of the records is unknown: neither the MIME type nor the content says it.",
        advice=("Set {mime_type}, such as text/csv or application/json.", "Or choose the {input_format}."),
    )


def format_of_mime_type(mime_type: str | None) -> Format | None:
    """The format that a MIME type stands for; None if it is not one of record files."""
    kind = (mime_type or "").partition(";")[0].strip().lower()
    if kind.endswith("+json"):
        return Format.JSON_ARRAY
    return _MIME_TYPES.get(kind)


def charset_of(mime_type: str | None) -> str:
    """The encoding that a MIME type names, UTF-8 where it names none."""
    for parameter in (mime_type or "").split(";")[1:]:
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "charset" and value:
            return value.strip("\"' ")
    return "utf-8"


def _text(head: bytes) -> bytes | None:
    """The head as UTF-8 if it may be text, else None."""
    mark = mark_of(head)
    if mark is not None:
        mark_bytes, charset = mark
        head = head[len(mark_bytes) :] if charset == "utf-8" else head.decode(charset, "replace").encode()
    head = head.rstrip(END_MARK)
    # To look for them by a regular expression takes ten times as long.
    return head if len(head.translate(None, _CONTROLS)) == len(head) else None


def _json_shape(text: bytes | None, otherwise: Format) -> Format:
    """Array or lines, by the content; ``otherwise`` where both are possible."""
    stripped = (text or b"").lstrip()
    if stripped.startswith(b"["):
        return Format.JSON_ARRAY
    if not stripped.startswith(b"{"):
        return otherwise
    ends = Structure().scan(stripped)[1]
    if ends.size and stripped[int(ends[0]) + 1 :].strip():
        return Format.JSON_LINES
    if not ends.size and b"\n" in stripped:
        # A first line that is no object of its own speaks for one large object; broken lines do not.
        return otherwise if _is_object(stripped.split(b"\n", 1)[0]) else Format.JSON_ARRAY
    return otherwise


def _is_object(line: bytes) -> bool:
    return isinstance(parse(line), dict)
