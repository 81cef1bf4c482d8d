"""Several contents that are written alike, as one piece of records."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from dai_scoring.formats.base import Dialect, Format, Piece
from dai_scoring.formats.csv import writer as csv_writer
from dai_scoring.formats.csv.dialect import Layout
from dai_scoring.formats.csv.pieces import CsvPieces
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.json import array_pieces, line_pieces
from dai_scoring.formats.json import writer as json_writer
from dai_scoring.formats.records import NumberColumns, WantedColumns, WantedFields
from dai_scoring.formats.rows import format_of, is_lines, read_rows
from dai_scoring.formats.source import END_MARK, HeldText

_OTHER_FORMATS = Declined("the contents have different formats")
_ONE_OBJECT = Declined("one of the contents is a single object")
_OTHER_CHARSET = Declined("the text is not in UTF-8")
_END_MARK = Declined("one of the contents ends with DOS's mark for the end of a text")
_OTHER_HEADER = Declined("the contents have different headers")
_NO_FIELDS = Declined("the records do not pass through as they stand")
_QUOTES = Declined("there are quotes among the text")
_PIECES = Declined("the contents are not one piece")


class MergedContents:
    """Contents of one format; those of CSV have the same header."""

    def __init__(self, contents: Sequence[bytes], form: Format, layout: Layout | None) -> None:
        self._contents = contents
        self._layout = layout
        self.format = form
        self.dialect: Dialect | None = layout.dialect if layout is not None else None
        self.schema: pa.Schema | None = None
        """As :attr:`dai_scoring.formats.base.RecordReader.schema`."""
        if layout is not None:
            self.schema = pa.schema([pa.field(name, pa.string()) for name in layout.names])
        self.counts: list[int] = []
        """How many records each content has, once there is a piece."""

    def piece(self, wanted: WantedColumns | None) -> Piece | Declined:
        """All records."""
        if self._layout is not None and (wanted is None or isinstance(wanted, NumberColumns)):
            return self._lines(self._layout, wanted)
        if not isinstance(wanted, WantedFields):
            return _NO_FIELDS
        together = array_pieces.merged_piece if self.format is Format.JSON_ARRAY else line_pieces.merged_piece
        found = together(self._contents, wanted)
        if isinstance(found, Declined):
            return found
        piece, self.counts = found
        return piece

    def _lines(self, layout: Layout, numbers: NumberColumns | None) -> Piece | Declined:
        end = layout.dialect.line_end.encode()
        bodies = [one[layout.start :] for one in self._contents]
        bodies = [one if one.endswith(end) else one + end for one in bodies]
        data = b"".join(bodies)
        if b'"' in data:
            # Which line ends are records' in each of them was not kept.
            return _QUOTES
        lines = CsvPieces(HeldText(data), layout, len(data), numbers, len(data) + 1)
        pieces = list(lines.pieces())
        self.counts = [one.count(b"\n") for one in bodies]
        if lines.rest is not None:
            return lines.rest
        return pieces[0] if len(pieces) == 1 else _PIECES

    def written(self, schema: pa.Schema, rows: pa.Table, lines: pa.Array) -> list[bytes] | Declined:
        """For each content what the writer of its format makes of its rows; see :meth:`RecordWriter.encode`."""
        if self.dialect is not None:
            return csv_writer.of_lines(schema, self.dialect, rows, lines, self.counts)
        return json_writer.of_lines(self.format, rows, lines, self.counts)


def merge(
    contents: Sequence[bytes],
    given: Format | None = None,
    mime_type: str | None = None,
    charset: str | None = None,
    delimiter: str | None = None,
) -> MergedContents | Declined:
    """Some contents with the same MIME type, if they are alike; Declined where it takes a reader of files to tell.

    The arguments are those of :func:`dai_scoring.formats.rows.read_rows`.
    """
    forms = {format_of(one, given, mime_type, charset) for one in contents}
    form = forms.pop()
    if forms:
        return _OTHER_FORMATS
    if isinstance(form, Declined):
        return form
    is_said = given is not None or is_lines(mime_type)
    if form is Format.JSON_LINES and not is_said and not all(b"\n" in one.strip() for one in contents):
        # One object, of which one comes, and not lines.
        return _ONE_OBJECT
    try:
        for one in contents:
            one.decode()
    except UnicodeDecodeError:
        return _OTHER_CHARSET
    if any(one.endswith(END_MARK) for one in contents):
        return _END_MARK
    if form is not Format.CSV:
        return MergedContents(contents, form, None)
    start = contents[0].find(b"\n") + 1
    header = contents[0][:start]
    # Its first row, which may be all of it and have no line end.
    end = contents[0].find(b"\n", start) + 1 or None
    first = read_rows(contents[0][:end], form, None, charset, delimiter)
    if isinstance(first, Declined):
        return first
    if first.dialect is None or not all(one.startswith(header) for one in contents):
        return _OTHER_HEADER
    return MergedContents(contents, form, Layout(first.names, first.dialect, start, 1.0))
