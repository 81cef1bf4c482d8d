"""Messages of JSON objects, read and scored by the engine, many in one call.

The objects stay as they stand, and their predictions are written behind what they have. Anything else is Declined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import why_no_message
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.engine import RowRequests
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.json.alike import Objects, array_of_objects, lines_of_objects
from dai_scoring.formats.json.columns import opened
from dai_scoring.formats.json.writer import joined
from dai_scoring.formats.rows import is_utf8, json_form
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.unseen_levels import counts_between

_MOST_FORMS = 64

_NO_REQUESTS = Declined("the model's runtime does not read messages itself")
_OTHER_FORM = Declined("the objects of a message are not written alike, or a value could be read in two ways")
_NOT_JSON = Declined("the message is not one JSON object in UTF-8")
_MORE_WANTED = Declined("contributions or intervals are wanted")
_SOME_COLUMNS = Declined("only some columns are written")


def row_messages(scorer: Scorer, options: FileOptions) -> RowMessages | Declined:
    """What scores such messages with a model; Declined if the engine, or the options, do not allow it."""
    if not scorer.reads_requests:
        return _NO_REQUESTS
    if options.wanted != PREDICTIONS_ONLY:
        return _MORE_WANTED
    return _SOME_COLUMNS if options.output_columns is OutputColumns.IDS else RowMessages(scorer, options)


@dataclass(slots=True)
class Written:
    """A message as it is written with its predictions, its format, its rows, and its counts of unseen levels."""

    contents: bytes
    form: Format
    rows: int
    unseen: Mapping[str, int] | None


@dataclass(slots=True)
class _Message:
    """A message that is read here: its format, whether its object is in no array, and its objects if it has many."""

    form: Format
    is_object: bool
    contents: bytes
    objects: Objects | None = None

    @property
    def requests(self) -> Sequence[bytes]:
        return [self.contents] if self.objects is None else self.objects.whole


class RowMessages:
    """Scores messages of JSON objects with one model and the same options."""

    def __init__(self, scorer: Scorer, options: FileOptions) -> None:
        self._scorer = scorer
        self._options = options
        keeps_bad = options.bad_rows is BadRows.KEEP
        predictions = [column.name for column in scorer.info.outputs]
        names = list(output_names(predictions, (), options.prediction_prefix))
        reasons = list(output_names(REJECT_COLUMNS, names, "")) if keeps_bad else []
        self._names = [*names, *reasons]
        self._no_reasons = (None,) * len(reasons)
        self._is_whole = options.output_columns is OutputColumns.ALL
        absent = {*self._names} if self._is_whole else set()
        if options.bad_rows is not BadRows.FAIL:
            absent.update(REJECT_COLUMNS)
        self._kind = RowRequests(absent=frozenset(absent))
        comma = b"," if self._is_whole else b""
        keys = [orjson.dumps(name) + b":" for name in self._names]
        self._keys = [comma + keys[0], *(b"," + key for key in keys[1 : len(names)])]
        self._nulls = b"".join(b",%bnull" % key for key in keys[len(names) :])
        self._forms: dict[tuple[str | None, bytes], tuple[Format, bool] | Declined] = {}

    def score(self, given: Sequence[Contents], keeps_between: bool = False) -> list[Written | Declined]:
        """What is written for each message.

        Between objects stands what the other ways write: of small messages always the same; with ``keeps_between``,
        that of the message, as in a file.
        """
        messages = [self._read(one) for one in given]
        requests = [request for one in messages if not isinstance(one, Declined) for request in one.requests]
        found = self._scorer.predict_requests(requests, self._kind) if requests else _NOT_JSON
        if isinstance(found, Declined):
            return [one if isinstance(one, Declined) else found for one in messages]
        written: list[Written | Declined] = []
        start = 0
        for one in messages:
            if isinstance(one, Declined):
                written.append(one)
                continue
            end = start + (1 if one.objects is None else len(one.objects.texts))
            if all(found.scored[start:end]):
                contents = self._written(one, found.rows[start:end], keeps_between)
                written.append(Written(contents, one.form, end - start, counts_between(found.unseen, start, end)))
            else:
                written.append(_OTHER_FORM)
            start = end
        return written

    def _read(self, message: Contents) -> _Message | Declined:
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
            return _Message(*form, contents)
        if form[0] is Format.JSON_ARRAY:
            objects = array_of_objects(contents)
        else:
            objects = lines_of_objects(contents) if form[0] is Format.JSON_LINES else None
        return _OTHER_FORM if objects is None else _Message(*form, contents, objects)

    def _judged(self, mime_type: str | None, first: bytes) -> tuple[Format, bool] | Declined:
        options = self._options
        if not is_utf8(mime_type, options.charset):
            return _NOT_JSON
        form = json_form(first, options.input_format, mime_type)
        if isinstance(form, Declined):
            return form
        is_object = first == b"{" and form is Format.JSON_ARRAY and options.output_format is None
        return why_no_message(options, form) or (form, is_object)

    def _written(self, message: _Message, rows: Sequence[Sequence[Any]], keeps_between: bool) -> bytes:
        if message.objects is not None:
            return self._many_written(message.form, message.objects, rows, keeps_between)
        written = orjson.dumps(dict(zip(self._names, (*rows[0], *self._no_reasons), strict=True)))
        if self._is_whole:
            contents = message.contents
            text = contents.strip()[1:-1] if contents[:1] == b"[" else contents
            written = opened(text) + b"," + written[1:]
        return joined([written], message.form, is_object=message.is_object)

    def _many_written(
        self, form: Format, objects: Objects, rows: Sequence[Sequence[Any]], keeps_between: bool
    ) -> bytes:
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
