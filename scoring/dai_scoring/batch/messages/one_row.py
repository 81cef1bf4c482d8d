"""Messages that are one JSON object each, read and scored by the engine, many in one call.

The object stays as it stands, and its predictions are written behind what it has. Anything else is Declined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import why_no_message
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.engine import RowRequests
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.json.columns import opened
from dai_scoring.formats.json.writer import joined
from dai_scoring.formats.rows import is_utf8, json_form
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.unseen_levels import counts_between

_MOST_FORMS = 64

_NO_REQUESTS = Declined("the model's runtime does not read messages itself")
_OTHER_FORM = Declined("the message is not one object, or has a value that could be read in two ways")
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
    """A message as it is written with its predictions, its format, and its counts of unseen levels."""

    contents: bytes
    form: Format
    unseen: Mapping[str, int] | None


class RowMessages:
    """Scores messages of one JSON object with one model and the same options."""

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
        self._forms: dict[tuple[str | None, bytes], tuple[Format, bool] | Declined] = {}

    def score(self, given: Sequence[Contents]) -> list[Written | Declined]:
        """What is written for each message."""
        forms = [self._form(one) for one in given]
        read = [one.contents for one, form in zip(given, forms, strict=True) if not isinstance(form, Declined)]
        found = self._scorer.predict_requests(read, self._kind) if read else _NOT_JSON
        if isinstance(found, Declined):
            return [form if isinstance(form, Declined) else found for form in forms]
        written: list[Written | Declined] = []
        at = 0
        for form in forms:
            if isinstance(form, Declined):
                written.append(form)
                continue
            if found.scored[at]:
                contents = self._written(form, read[at], found.rows[at])
                written.append(Written(contents, form[0], counts_between(found.unseen, at, at + 1)))
            else:
                written.append(_OTHER_FORM)
            at += 1
        return written

    def _form(self, message: Contents) -> tuple[Format, bool] | Declined:
        """The format of a message, and whether its object is in no array."""
        contents = message.contents
        if contents.count(b"{") != 1:
            return _OTHER_FORM
        key = message.mime_type, contents[:1]
        form = self._forms.get(key)
        if form is None:
            form = self._judged(*key)
            # Clients may say what they like.
            self._forms = {**self._forms, key: form} if len(self._forms) < _MOST_FORMS else {key: form}
        return form

    def _judged(self, mime_type: str | None, first: bytes) -> tuple[Format, bool] | Declined:
        options = self._options
        if not is_utf8(mime_type, options.charset):
            return _NOT_JSON
        form = json_form(first, options.input_format, mime_type)
        if isinstance(form, Declined):
            return form
        is_object = first == b"{" and form is Format.JSON_ARRAY and options.output_format is None
        return why_no_message(options, form) or (form, is_object)

    def _written(self, form: tuple[Format, bool], contents: bytes, row: Sequence[Any]) -> bytes:
        written = orjson.dumps(dict(zip(self._names, (*row, *self._no_reasons), strict=True)))
        if self._is_whole:
            text = contents.strip()[1:-1] if contents[:1] == b"[" else contents
            written = opened(text) + b"," + written[1:]
        return joined([written], form[0], is_object=form[1])
