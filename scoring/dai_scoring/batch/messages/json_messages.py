"""Messages of JSON objects: what of them the engine reads, and how they are written.

The objects stay as they stand, and their predictions are written behind what they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import why_no_message
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.engine import RowRequests
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.json.alike import Objects, array_of_objects, lines_of_objects
from dai_scoring.formats.json.columns import opened
from dai_scoring.formats.json.writer import joined
from dai_scoring.formats.rows import is_utf8, json_form
from dai_scoring.options import BadRows, OutputColumns

_MOST_FORMS = 64

NOT_JSON = Declined("the message is not one JSON object in UTF-8")
_NOT_ALIKE = Declined("the objects of a message are not written alike")


@dataclass(slots=True)
class JsonMessage:
    """A message that is read here: its format, whether its object is in no array, and its objects if it has many."""

    layout: JsonMessages
    form: Format
    is_object: bool
    contents: bytes
    objects: Objects | None = None

    @property
    def requests(self) -> Sequence[bytes]:
        """The objects, as the engine reads them."""
        return [self.contents] if self.objects is None else self.objects.whole

    def written(self, rows: Sequence[Sequence[Any]], *, keeps_between: bool) -> bytes:
        """The message with the predictions of its rows.

        Between objects stands what the other ways write: of small messages always the same; with ``keeps_between``,
        that of the message, as in a file.
        """
        if self.objects is None:
            return self.layout.one_written(self, rows[0])
        return self.layout.many_written(self.form, self.objects, rows, keeps_between)


class JsonMessages:
    """Reads and writes messages of JSON objects for the same options.

    ``names`` are the names of what is written for each row: of the predictions, and of reasons if ``no_reasons``, their
    values, has any.
    """

    def __init__(self, options: FileOptions, names: Sequence[str], no_reasons: Sequence[None]) -> None:
        self._options = options
        self._names = names
        self._no_reasons = no_reasons
        self._is_whole = options.output_columns is OutputColumns.ALL
        absent = {*names} if self._is_whole else set()
        if options.bad_rows is not BadRows.FAIL:
            absent.update(REJECT_COLUMNS)
        self.kind = RowRequests(absent=frozenset(absent))
        comma = b"," if self._is_whole else b""
        keys = [orjson.dumps(name) + b":" for name in names]
        count = len(names) - len(no_reasons)
        self._keys = [comma + keys[0], *(b"," + key for key in keys[1:count])]
        self._nulls = b"".join(b",%bnull" % key for key in keys[count:])
        self._forms: dict[tuple[str | None, bytes], tuple[Format, bool] | Declined] = {}

    def read(self, message: Contents) -> JsonMessage | Declined:
        """What of a message the engine reads; NOT_JSON if it is no JSON."""
        contents = message.contents
        key = message.mime_type, contents[:1]
        form = self._forms.get(key)
        if form is None:
            form = self._judged(*key)
            # Clients may say what they like.
            self._forms = {**self._forms, key: form} if len(self._forms) < _MOST_FORMS else {key: form}
        if isinstance(form, Declined):
            return form
        if contents.count(b"{") == 1:
            return JsonMessage(self, *form, contents)
        if form[0] is Format.JSON_ARRAY:
            objects = array_of_objects(contents)
        else:
            objects = lines_of_objects(contents) if form[0] is Format.JSON_LINES else None
        return _NOT_ALIKE if objects is None else JsonMessage(self, *form, contents, objects)

    def prepared(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """What messages need of their rows of predictions to be written: the rows."""
        return rows

    def _judged(self, mime_type: str | None, first: bytes) -> tuple[Format, bool] | Declined:
        options = self._options
        if not is_utf8(mime_type, options.charset):
            return NOT_JSON
        form = json_form(first, options.input_format, mime_type)
        if isinstance(form, Declined):
            return NOT_JSON
        is_object = first == b"{" and form is Format.JSON_ARRAY and options.output_format is None
        return why_no_message(options, form) or (form, is_object)

    def one_written(self, message: JsonMessage, row: Sequence[Any]) -> bytes:
        """A message of one object with its predictions."""
        written = orjson.dumps(dict(zip(self._names, (*row, *self._no_reasons), strict=True)))
        if self._is_whole:
            contents = message.contents
            text = contents.strip()[1:-1] if contents[:1] == b"[" else contents
            written = opened(text) + b"," + written[1:]
        return joined([written], message.form, is_object=message.is_object)

    def many_written(self, form: Format, objects: Objects, rows: Sequence[Sequence[Any]], keeps_between: bool) -> bytes:
        """Objects with the predictions of each; see :meth:`JsonMessage.written`."""
        values = list(chain.from_iterable(rows))
        texts = orjson.dumps(values)[1:-1].split(b",")
        if len(texts) != len(values):
            # A label has a comma.
            texts = list(map(orjson.dumps, values))
        start, between, end = (b"[{", b"},\n{", b"}]") if form is Format.JSON_ARRAY else (b"{", b"}\n{", b"}\n")
        if self._is_whole and keeps_between:
            between = objects.between
        count, keys = len(rows), self._keys
        step = 2 * len(keys) + 2
        parts = [b""] * (count * step)
        if self._is_whole:
            parts[::step] = objects.texts
        for at, key in enumerate(keys):
            parts[2 * at + 1 :: step] = [key] * count
            parts[2 * at + 2 :: step] = texts[at :: len(keys)]
        parts[step - 1 :: step] = [self._nulls + between] * count
        parts[-1] = self._nulls + end
        return start + b"".join(parts)
