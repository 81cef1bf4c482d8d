"""A few rows, read in memory as Python objects: for few rows this is many times faster than the readers of files.

Only simple CSV and JSON is read here. Everything else :func:`read_rows` declines. Then use the readers of files: they
know every way to write records, and can say what is wrong with bad ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson
import pyarrow as pa

from dai_scoring.errors import UnknownFormatError
from dai_scoring.formats.base import Dialect, Format
from dai_scoring.formats.csv import writer as csv_writer
from dai_scoring.formats.csv.dialect import DELIMITERS
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.detect import charset_of, detect, format_of_mime_type
from dai_scoring.formats.json import original_values
from dai_scoring.formats.json import split as json_split
from dai_scoring.formats.json import writer as json_writer
from dai_scoring.formats.json.columns import kind_of, opened, to_array
from dai_scoring.formats.text import MAX_PYTHON_ROWS

_JSON = (Format.JSON_ARRAY, Format.JSON_LINES)
# Quotes, control characters but for tabs and line ends, a byte order mark, and what stands for NUL in the reader.
_ODD = re.compile('["\x00-\x08\x0b\x0c\x0e-\x1f\ufeff\ufdd0]')
_TOO_LARGE = float(1 << 63)
_NESTS = (dict, list)

_OTHER_FORMAT = Declined("the contents are neither CSV nor JSON")
_OTHER_CHARSET = Declined("the text is not in UTF-8")
_MANY_ROWS = Declined("there are too many rows, or none")
_NOT_OBJECTS = Declined("the JSON is not an array or lines of objects, or not valid")
_OTHER_COLUMNS = Declined("the records have different columns, or none")
_NESTED = Declined("a value is nested, or a very large number")
_CHARACTERS = Declined("there are quotes or control characters among the text")
_LINE_ENDS = Declined("lines end in different ways")
_DELIMITER = Declined("it takes more than the header to tell the delimiter")
_DIFFERENT_COLUMNS = Declined("rows have different numbers of fields, or columns the same name")


@dataclass(frozen=True)
class Rows:
    """Some rows. ``records`` has for each row its values of ``names``, None for null; of CSV they are text."""

    format: Format
    names: tuple[str, ...]
    records: Sequence[Sequence[Any]]
    dialect: Dialect | None = None
    texts: Sequence[bytes] = ()
    """Of JSON the text of each object."""
    is_object: bool = False
    """Whether that is one object in no array."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.records)

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """The values of each of ``names``."""
        return list(zip(*self.records, strict=True)) or [()] * len(self.names)

    def array(self, index: int) -> pa.Array:
        """A column as the reader of the format gives it."""
        values = [record[index] for record in self.records]
        return pa.array(values, pa.string()) if self.format is Format.CSV else to_array(values, kind_of(values))

    def take(self, places: Sequence[int]) -> Rows:
        """The rows at some places, in that order; there may be none."""
        records = [self.records[place] for place in places]
        return replace(self, records=records, texts=[self.texts[place] for place in places] if self.texts else ())

    def extended(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
        """The contents with further columns after what each row has, which stays as it stands."""
        if self.format is Format.CSV:
            return self.written(range(len(self.names)), names, rows)
        objects = [
            opened(text) + b"," + orjson.dumps(dict(zip(names, row, strict=True)))[1:]
            for text, row in zip(self.texts, rows, strict=True)
        ]
        return json_writer.joined(objects, self.format, is_object=self.is_object)

    def written(self, kept: Sequence[int], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
        """The contents that the writer of the format makes of the columns that are ``kept``, and further ones."""
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        names = [*(self.names[index] for index in kept), *names]
        own = self.columns
        own = [own[index] for index in kept]
        if self.format is Format.CSV:
            return csv_writer.write_rows(names, [*own, *columns], self.dialect or Dialect())
        if any(type(value) is float for values in own for value in values):
            texts = original_values.original_texts(self.texts, names[: len(own)])
            if not isinstance(texts, Declined):
                own = [[orjson.Fragment(text or "null") for text in values] for values in texts]
        objects = [orjson.dumps(dict(zip(names, row, strict=True))) for row in zip(*own, *columns, strict=True)]
        return json_writer.joined(objects, self.format, is_object=self.is_object)


def read_rows(
    contents: bytes,
    given: Format | None = None,
    mime_type: str | None = None,
    charset: str | None = None,
    delimiter: str | None = None,
) -> Rows | Declined:
    """The rows of some contents, at most :data:`~dai_scoring.formats.text.MAX_PYTHON_ROWS`.

    ``given`` is the format, or None if the MIME type and the contents are to say it. Declined for contents with more
    rows or without a row, and for those that only the readers of files can read.
    """
    form = format_of(contents, given, mime_type, charset)
    if isinstance(form, Declined):
        return form
    if form not in _JSON:
        return _csv(contents, delimiter)
    found = json_form(contents[:1], given, mime_type)
    return found if isinstance(found, Declined) else _json(contents, given, found)


def is_lines(mime_type: str | None) -> bool:
    """Whether a MIME type says that each line has an object of its own."""
    return _said(mime_type)[0] is Format.JSON_LINES


def format_of(contents: bytes, given: Format | None, mime_type: str | None, charset: str | None) -> Format | Declined:
    """The format, of CSV and JSON, that contents seem to have; other formats and encodings are Declined.

    The MIME type of the array also stands for lines of JSON.
    """
    if not is_utf8(mime_type, charset):
        return _OTHER_CHARSET
    if not isinstance(json_form(contents[:1], given, mime_type), Declined):
        return given or (Format.JSON_ARRAY if contents[:1] == b"[" else Format.JSON_LINES)
    try:
        form = given or detect(contents, mime_type)
    except UnknownFormatError:
        return _OTHER_FORMAT
    return form if form is Format.CSV else _OTHER_FORMAT


def is_utf8(mime_type: str | None, charset: str | None) -> bool:
    """Whether contents are in UTF-8; ``charset`` is what the options say."""
    return (charset or _said(mime_type)[1]).lower() == "utf-8"


def json_form(first: bytes, given: Format | None, mime_type: str | None) -> Format | Declined:
    """The format of JSON in which contents are answered that begin with the byte ``first``.

    An object that is in no array is answered as one if this is the format of arrays.
    """
    said = _said(mime_type)[0]
    if first not in (b"[", b"{") or (given or said or Format.JSON_ARRAY) not in _JSON:
        return _OTHER_FORMAT
    return given or (Format.JSON_ARRAY if first == b"[" else said or Format.JSON_ARRAY)


# Bounded, because clients may say what they like.
@lru_cache(64)
def _said(mime_type: str | None) -> tuple[Format | None, str]:
    return format_of_mime_type(mime_type), charset_of(mime_type)


def _json(contents: bytes, given: Format | None, form: Format) -> Rows | Declined:
    texts: Sequence[bytes] = ()
    try:
        records = orjson.loads(contents)
    except orjson.JSONDecodeError:
        texts = [line for line in contents.split(b"\n") if line]
        records, form = _lines(texts), given or Format.JSON_LINES
    is_object = type(records) is dict
    if is_object:
        records, texts = [records], [contents]
    elif form is not (Format.JSON_ARRAY if contents[:1] == b"[" else Format.JSON_LINES):
        return _NOT_OBJECTS
    if isinstance(records, Declined) or type(records) is not list:
        return _NOT_OBJECTS
    if not 0 < len(records) <= MAX_PYTHON_ROWS:
        return _MANY_ROWS
    if set(map(type, records)) != {dict}:
        return _NOT_OBJECTS
    names = tuple(records[0])
    if not names or any(tuple(record) != names for record in records):
        return _OTHER_COLUMNS
    values = [tuple(record.values()) for record in records]
    if not all(map(_are_scalars, values)):
        return _NESTED
    if not texts:
        texts = _elements(contents.strip()[1:-1], len(records))
    return Rows(form, names, values, texts=texts, is_object=is_object and form is Format.JSON_ARRAY)


def _elements(text: bytes, count: int) -> Sequence[bytes]:
    """The texts of so many objects, none within another, with commas between."""
    if count == 1:
        return [text]
    if text.count(b"}") == count:
        # Each ends an object, then: none is within a text.
        return [one.lstrip(b", \t\r\n") + b"}" for one in text.split(b"}")[:-1]]
    return list(json_split.elements_of(text))


def _are_scalars(values: Sequence[Any]) -> bool:
    kinds = set(map(type, values))
    if not kinds.isdisjoint(_NESTS):
        return False
    # An integer of more than 64 bits has become a double.
    return float not in kinds or all(abs(value) < _TOO_LARGE for value in values if type(value) is float)


def _lines(lines: Sequence[bytes]) -> list[Any] | Declined:
    """The objects on the lines; Declined where one is not alone on its line."""
    if not all(line.startswith(b"{") for line in lines):
        return _NOT_OBJECTS
    try:
        records: list[Any] = orjson.loads(b"[" + b",".join(lines) + b"]")
    except orjson.JSONDecodeError:
        return _NOT_OBJECTS
    return records if len(records) == len(lines) else _NOT_OBJECTS


def _csv(contents: bytes, delimiter: str | None) -> Rows | Declined:
    try:
        text = contents.decode()
    except UnicodeDecodeError:
        return _OTHER_CHARSET
    if _ODD.search(text):
        return _CHARACTERS
    if text.count("\n") > MAX_PYTHON_ROWS + 1:
        return _MANY_ROWS
    end = "\n"
    if "\r" in text:
        end = "\r\n"
        if not text.count("\r") == text.count("\n") == text.count(end):
            return _LINE_ENDS
    header, *lines = text.split(end)
    if header[:4].lower() == "sep=":
        return _DELIMITER
    found = [delimiter] if delimiter else [one for one in DELIMITERS if one in header]
    # Several that are possible, or none: the choice needs more than a look.
    if len(found) != 1 or found[0] not in header:
        return _DELIMITER
    names = tuple(header.split(found[0]))
    rows = [line.split(found[0]) for line in lines if line]
    if not 0 < len(rows) <= MAX_PYTHON_ROWS:
        return _MANY_ROWS
    unnamed = sum(not name.strip() for name in names)
    if unnamed > 1 or len(set(names)) < len(names) or any(len(row) != len(names) for row in rows):
        return _DIFFERENT_COLUMNS
    return Rows(Format.CSV, names, rows, Dialect(found[0], line_end=end))
