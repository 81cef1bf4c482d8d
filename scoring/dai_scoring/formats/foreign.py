"""What contents are that are no records of a format that is read here, so that the error can name it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from dai_scoring.errors import UnknownFormatError

_UNPACK = ("Uncompress it first.", "{unpack_contents} do that.")
_SHEET = ("Save the sheet as CSV (in Excel: 'CSV UTF-8') and send that.",)
_RECORDS = "Send the records as CSV, JSON, Avro, Parquet or Arrow."
_OTHER = (_RECORDS,)
_XML = (_RECORDS, "Or {read_xml} reads it.")
_PAGE = (_RECORDS, "Look at what was fetched: such a page is often an error or a login.")
_ENCRYPTED = ("Write it without encryption.",)
_MODEL = ("Give it as {model}, and send records here.",)

_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"\x1f\x8b", "compressed (gzip)", _UNPACK),
    (b"BZh", "compressed (bzip2)", _UNPACK),
    (b"\xfd7zXZ", "compressed (xz)", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", _UNPACK),
    (b"\x04\x22\x4d\x18", "compressed (lz4)", _UNPACK),
    (b"\xff\x06\x00\x00sNaPpY", "compressed (snappy)", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z)", _UNPACK),
    (b"Rar!\x1a\x07", "an archive (RAR)", _UNPACK),
    (_COMPOUND, "an old Excel or Office file (.xls)", _SHEET),
    (b"ORC", "an ORC file", _OTHER),
    (b"PARE", "an encrypted Parquet file", _ENCRYPTED),
    (b"\x89PNG\r\n", "an image (PNG)", _OTHER),
    (b"\xff\xd8\xff", "an image (JPEG)", _OTHER),
    (b"GIF8", "an image (GIF)", _OTHER),
    (b"SQLite format 3\0", "an SQLite database", _OTHER),
    (b"\x89HDF\r\n", "an HDF5 file", _OTHER),
    (b"\x93NUMPY", "a NumPy array", _OTHER),
    (b"RDX", "a file of R (RData)", _OTHER),
    (b"\x7fELF", "a program", _OTHER),
    (b"\xca\xfe\xba\xbe", "a Java class", _OTHER),
)
_BEGINNINGS = tuple(magic for magic, _, _ in _BINARY)
# Pickles of protocol 2 and later begin with its number and end an opcode later.
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x8a\x95(}\]c]")
# A record that print() or str() wrote: JSON has double quotes alone.
_PYTHON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*'")
_SPELLING = ("Write each with json.dumps(record), not with print(record) or str(record).",)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_PDF = re.compile(rb"%PDF-[0-9]\.[0-9]")
_TAR = (257, b"ustar")
_MARKUP = re.compile(rb"\s*<(?:(!doctype\s+html|html[\s>])|\?xml)", re.IGNORECASE)
# XML without a declaration: an element within another one, and the end of one. A column of CSV may be named "<x>".
_ELEMENTS = re.compile(rb"\s*<[a-z_][\w.:-]*(?:\s[^<>]*)?>\s*<[a-z_!].*</", re.IGNORECASE | re.DOTALL)
_ZIPPED = (
    (re.compile(r"xl/|\[Content_Types\]\.xml"), "an Excel workbook (.xlsx)", _SHEET),
    (re.compile(r"word/|ppt/"), "an Office document", _OTHER),
    (re.compile(r"content\.xml"), "an OpenDocument file (.ods)", _SHEET),
    (re.compile(r"(.*/)?pipeline\.(mojo|pb|toml)|model\.ini|(.*/)?scoring_h2oai_experiment"), "a model (MOJO)", _MODEL),
    (re.compile(r".*\.npy"), "a file of NumPy arrays (.npz)", _OTHER),
    (re.compile(r"META-INF/"), "a Java archive (.jar)", _OTHER),
)


def check(head: bytes, path: Path | None = None) -> None:
    """Raise UnknownFormatError, with the name of what it is, if contents that begin so are no records.

    ``path`` has all of them; it is looked at only if they are a ZIP archive.
    """
    found = _described(head, path)
    if found is not None:
        what, advice = found
        raise UnknownFormatError(f"the content is {what}{'' if ', not ' in what else ', not records'}.", advice=advice)


def _described(head: bytes, path: Path | None) -> tuple[str, tuple[str, ...]] | None:
    if head.startswith(_ZIP):
        return _zipped(head, path)
    # Columns of CSV may be named as other files begin.
    if head.startswith(_BEGINNINGS) and _CONTROL.search(head.rstrip(b"\x1a")):
        return next((what, advice) for magic, what, advice in _BINARY if head.startswith(magic))
    if _PDF.match(head):
        return "a PDF", _OTHER
    if _PICKLE.match(head):
        return "a pickle of Python", _OTHER
    if _PYTHON.match(head):
        return "records in Python's own spelling (with ' for \" around names), not JSON", _SPELLING
    place, word = _TAR
    if head[place : place + len(word)] == word and b"\0" in head[:place]:
        return "an archive (tar)", _UNPACK
    if head.lstrip()[:1] == b"<":
        markup = _MARKUP.match(head)
        if markup and markup[1]:
            return "an HTML page", _PAGE
        if markup or _ELEMENTS.match(head):
            return "XML", _XML
    return None


def _zipped(head: bytes, path: Path | None) -> tuple[str, tuple[str, ...]]:
    names = list(_names(head, path))
    for pattern, what, advice in _ZIPPED:
        if any(map(pattern.match, names)):
            return what, advice
    return "compressed (zip)", _UNPACK


def _names(head: bytes, path: Path | None) -> Iterable[str]:
    """The names of what is in a ZIP archive, as far as they are known."""
    if path is not None:
        try:
            with zipfile.ZipFile(path) as archive:
                return archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            pass  # damaged, or cut off
    # Each file's header has the length of its name 26 bytes after its start, and the name 30 bytes after it.
    starts = [match.start() for match in re.finditer(re.escape(_ZIP), head)]
    return [
        head[at + 30 : at + 30 + int.from_bytes(head[at + 26 : at + 28], "little")].decode("latin-1") for at in starts
    ]
