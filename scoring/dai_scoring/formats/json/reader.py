"""Reading JSON: an array of objects, one object, objects one after the other, or one a line."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import Chunk, Format, JsonDialect, ParsedPiece, Piece, malformed_table
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.json import split as json_split
from dai_scoring.formats.json.array_pieces import ArrayPieces
from dai_scoring.formats.json.columns import Kind, Record, lines_of, to_table, unite
from dai_scoring.formats.json.line_pieces import LinePieces
from dai_scoring.formats.json.parser import checked, parse, records_of
from dai_scoring.formats.json.split import ArrayElements, Structure, array_pieces, line_pieces, object_pieces
from dai_scoring.formats.records import WantedFields
from dai_scoring.formats.source import DAMAGED, TextSource

_SPACE = b" \t\r\n"
# It is read once more, whole, to see whether it is alone.
_LARGEST_OBJECT = 16 << 20
_BETWEEN = {Format.JSON_LINES: b"}\n", Format.JSON_ARRAY: b"},\n"}
_SEPARATOR = b"\x1e"

_ONE_SCHEMA = Declined("all records of the file need the same columns")
_NEITHER = Declined("the contents are neither an array nor lines of objects")
_SPREAD_OUT = Declined("objects are not one a line")

_Found = tuple[list[Record], list[int], list[str], Sequence[bytes]]
"""Records, the positions and texts of those that are malformed, and the text of each where that is wanted."""

_WORDS = {"True": "true", "False": "false", "None": "null", "'": 'double quotes (")'}
"""What Python writes in place of JSON's."""
_PYTHON = re.compile("True|False|None|'")

_NAMES: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    type(None): "null",
}


class _JsonText(TextSource):
    """Text whose record separators, those of JSON text sequences (RFC 7464), are blanks: JSON has no use for them."""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of UTF-8; empty only at the end."""
        return super().read(size).replace(_SEPARATOR, b" ")


class JsonReader:
    """JSON records; each chunk has the keys of its records as columns, in order of first appearance.

    A column is boolean, int64, float64 or string if all its values are; all null is ``pa.null()``;
    everything else (nested or mixed values, integers beyond 64 bits) is JSON text, of type ``arrow.json``,
    so that it can be written as it was. A missing key is a null.

    ``fixed_schema`` reads the file twice: first for the columns and types of all chunks, which ``schema``
    then says. There integers and doubles in one column are doubles if that changes no value. ``texts`` gives chunks
    their ``lines`` there too; without, they always have them.

    ``single`` is True for a file that starts with an object where an array was expected: its objects, one
    as a rule, are the records; ``dialect`` says where it is one, unless that is very large. In JSON lines a line
    that is no object is a malformed row with all null.
    """

    dialect: JsonDialect | None

    def __init__(
        self,
        path: Path,
        format: Format,  # noqa: A002 - the word of the contract
        chunk_rows: int,
        charset: str = "utf-8",
        *,
        fixed_schema: bool = False,
        texts: bool = False,
    ) -> None:
        self.format = format
        self._texts = texts or not fixed_schema
        self.schema: pa.Schema | None = None
        self._path, self._rows, self._charset = path, chunk_rows, charset
        self._source: TextSource | None = None
        self._kinds: dict[str, Kind] | None = None
        source = _JsonText(path, charset)
        try:
            self._first = _first_byte(source)[:1]
        finally:
            source.close()
        self.single = format is Format.JSON_ARRAY and self._first == b"{"
        self.dialect = JsonDialect() if self.single and self._is_one_object() else None
        if fixed_schema and self._first:
            kinds: dict[str, Kind] = {}
            for records, *_ in self._read(texts=False):
                unite(kinds, records)
            if kinds:
                self._kinds = kinds
                self.schema = pa.schema([pa.field(name, kind.arrow) for name, kind in kinds.items()])

    def chunks(self) -> Iterator[Chunk]:
        """The records in order."""
        if self._first:
            yield from map(self._chunk, self._read(texts=self._texts))

    def pieces(self, fields: WantedFields, parts: int = 1) -> Iterator[Piece | Declined]:
        """The records in order; only these columns are read, as long as the records are written as usual.

        Declined, at last, where an array is not what its start promised.
        """
        if self._kinds is not None:
            yield from self._parsed(_ONE_SCHEMA)
        elif self.format is Format.JSON_ARRAY and self._first == b"[":
            yield from self._array_pieces(fields, parts)
        elif self.format is Format.JSON_LINES and self._first == b"{":
            yield from self._line_pieces(fields, parts)
        else:
            yield from self._parsed(_NEITHER)

    def _parsed(self, declined: Declined) -> Iterator[Piece]:
        for chunk in self.chunks():
            yield ParsedPiece(chunk, (declined,))

    def _line_pieces(self, fields: WantedFields, parts: int) -> Iterator[Piece]:
        source = self._source = _JsonText(self._path, self._charset)
        try:
            objects = LinePieces(source, _first_byte(source), self._rows, fields, self._path.stat().st_size // parts)
            if not _is_spread_out(objects.rest):
                declined = yield from objects.pieces()
                for found in _lines(source, objects.rest, self._rows, objects.rows):
                    yield ParsedPiece(self._chunk(found), (declined,))
                return
        finally:
            source.close()
        yield from self._parsed(_SPREAD_OUT)

    def _array_pieces(self, fields: WantedFields, parts: int) -> Iterator[Piece | Declined]:
        source = self._source = _JsonText(self._path, self._charset)
        try:
            share = self._path.stat().st_size // parts
            elements = ArrayPieces(source, _first_byte(source), self._rows, fields, share)
            declined = elements.declined
            if declined is None:
                yield from elements.pieces()
                return
        finally:
            source.close()
        yield from self._parsed(declined)

    def _is_one_object(self) -> bool:
        if self._path.stat().st_size > _LARGEST_OBJECT:
            return False
        source = _JsonText(self._path, self._charset)
        try:
            return isinstance(parse(b"".join(iter(lambda: source.read(json_split.BLOCK), b""))), dict)
        finally:
            source.close()

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _chunk(self, found: _Found) -> Chunk:
        records, rows, texts, objects = found
        lines = lines_of(objects, rows, _BETWEEN[self.format]) if self._texts else None
        return Chunk(to_table(records, self._kinds), malformed_table(rows, texts), lines)

    def _read(self, *, texts: bool) -> Iterator[_Found]:
        source = self._source = _JsonText(self._path, self._charset)
        try:
            head = _first_byte(source)
            if self.format is Format.JSON_LINES and not _is_spread_out(head):
                yield from _lines(source, head, self._rows)
            elif head.startswith(b"{"):
                yield from _elements(object_pieces(source, head, self._rows), texts=texts)
            elif head.startswith(b"["):
                yield from _elements(array_pieces(source, head, self._rows), texts=texts)
            else:
                raise ContentError(
                    "the content is not JSON records: it starts with neither [ nor {.",
                    advice=DAMAGED[1:],
                )
        finally:
            source.close()


def _first_byte(source: TextSource) -> bytes:
    """The first block that is not blank, from its first character on; empty if the file is blank."""
    while block := source.read(json_split.BLOCK):
        if block := block.lstrip(_SPACE):
            return block
    return b""


def _is_spread_out(head: bytes) -> bool:
    """True if objects do not keep to lines: the first spans several, or shares one with the second."""
    line = head.split(b"\n", 1)[0]
    if not head.startswith(b"{") or parse(line) is not None:
        return False
    ends = Structure().scan(head)[1]
    return bool(ends.size) and isinstance(parse(head[: int(ends[0]) + 1]), dict)


def _elements(pieces: Iterator[ArrayElements], *, texts: bool) -> Iterator[_Found]:
    done = 0
    for piece in pieces:
        records = parse(b"[" + piece.text + b"]")
        if records is None or len(records) != piece.count:
            raise _fault(piece, done)
        if set(map(type, records)) != {dict}:
            index = next(index for index, record in enumerate(records) if type(record) is not dict)
            raise ContentError(
                f"element {done + index + 1} is {_NAMES[type(records[index])]}, not an object. "
                "Records are JSON objects with column names as keys.",
                row=done + index + 1,
            )
        yield records, [], [], [one.strip() for one in json_split.elements_of(piece.text)] if texts else []
        done += piece.count


def _fault(piece: ArrayElements, done: int) -> ContentError:
    """What is wrong with a piece that does not parse, by its elements one by one."""
    for number, element in enumerate(json_split.elements_of(piece.text), done + 1):
        if not element.strip(_SPACE):
            return ContentError(f"element {number} of the JSON is missing: a comma too many.", row=number)
        try:
            checked(element)
        except orjson.JSONDecodeError as error:
            return ContentError(f"element {number} is not valid JSON: {_reason(element, error)}", row=number)
    return ContentError(
        f"the JSON is not valid within elements {done + 1} to {done + piece.count}.",
        advice=("Fix what writes it.",),
    )


def _reason(text: bytes, error: orjson.JSONDecodeError) -> str:
    constants: list[str] = []
    with contextlib.suppress(ValueError, RecursionError):
        json.loads(text, parse_constant=constants.append)
    if constants:
        return f"JSON has no {constants[0]}; write null for a missing number."
    word = _PYTHON.match(text.decode("utf-8", "replace"), error.pos)
    if word is not None:
        return f"{word[0]} is Python's spelling; JSON has {_WORDS[word[0]]}. Python's json.dumps writes JSON."
    return f"{error.msg} at its character {error.pos + 1}. Fix what writes it."


def _lines(source: TextSource, head: bytes, rows: int, done: int = 0) -> Iterator[_Found]:
    for lines, cut in line_pieces(source, head, rows):
        records, bad, texts = records_of(lines)
        if cut and bad and bad[-1] == len(lines) - 1:
            raise ContentError(
                f"the content stops in the middle of record {done + len(lines)}, its last line: it is truncated.",
                advice=("Send it again.",),
                row=done + len(lines),
            )
        yield records, bad, texts, lines
        done += len(lines)
