"""Messages that the engine reads and scores itself, many in one call: objects of JSON, and few lines of CSV.

Anything else is Declined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from dai_scoring.batch.messages.csv_messages import CsvMessage, CsvMessages
from dai_scoring.batch.messages.json_messages import NOT_JSON, JsonMessage, JsonMessages
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way, way_for
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.formats import Declined, Format
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.unseen_levels import counts_between

_NO_REQUESTS = Declined("the model's runtime does not read messages itself")
_OTHER_VALUES = Declined("a row of a message has other columns, or a value that could be read in two ways")
_MORE_WANTED = Declined("contributions or intervals are wanted")
_SOME_COLUMNS = Declined("only some columns are written")
QUICKER_AS_FILE = Declined("messages of many rows that are no JSON are read quicker as a file")
_MERGED_ROWS = 20
"""With so many rows in each, messages of CSV cost less as if they were one file."""

_Message: TypeAlias = JsonMessage | CsvMessage


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


class RowMessages:
    """Scores messages with one model and the same options."""

    def __init__(self, scorer: Scorer, options: FileOptions) -> None:
        self._scorer = scorer
        predictions = [column.name for column in scorer.info.outputs]
        names = list(output_names(predictions, (), options.prediction_prefix))
        reasons = list(output_names(REJECT_COLUMNS, names, "")) if options.bad_rows is BadRows.KEEP else []
        added, no_reasons = [*names, *reasons], (None,) * len(reasons)
        self._json = JsonMessages(options, added, no_reasons)
        self._csv = CsvMessages(options, [column.name for column in scorer.info.inputs], added, no_reasons)

    def score(self, given: Sequence[Contents], are_large: bool = False) -> list[Written | Declined]:
        """What is written for each message.

        Large messages of JSON are written as files are, and others are QUICKER_AS_FILE.
        """
        read: list[_Message | Declined] = [self._json.read(one) for one in given]
        others = [index for index, one in enumerate(read) if one is NOT_JSON]
        if others and (are_large or _have_many_rows([given[index].contents for index in others])):
            for index in others:
                read[index] = QUICKER_AS_FILE
        else:
            for index in others:
                read[index] = self._csv.read(given[index])
        answers: list[Written | Declined] = []
        groups: dict[object, list[tuple[int, _Message]]] = {}
        for index, message in enumerate(read):
            if isinstance(message, Declined):
                answers.append(message)
            else:
                answers.append(_OTHER_VALUES)
                groups.setdefault(message.layout, []).append((index, message))
        for group in groups.values():
            self._score_alike(group, answers, are_large)
        return answers

    def _score_alike(
        self, group: Sequence[tuple[int, _Message]], answers: list[Written | Declined], are_large: bool
    ) -> None:
        """Score messages that the engine reads in the same way, in one call."""
        layout = group[0][1].layout
        requests = [one.requests for _, one in group]
        found = self._scorer.predict_requests([request for own in requests for request in own], layout.kind)
        if isinstance(found, Declined):
            for index, _ in group:
                answers[index] = found
            return
        made: Sequence[Any] = layout.prepared(found.rows)
        start = 0
        for (index, message), own in zip(group, requests, strict=True):
            end = start + len(own)
            if all(found.scored[start:end]):
                contents = message.written(made[start:end], keeps_between=are_large)
                answers[index] = Written(contents, message.form, end - start, counts_between(found.unseen, start, end))
            start = end


def _have_many_rows(contents: Sequence[bytes]) -> bool:
    """Whether messages of CSV would better be read as if they were one file."""
    if way_for(contents) is not Way.MERGED or sum(one.count(b"\n") for one in contents) < _MERGED_ROWS * len(contents):
        return False
    # Others are not read so.
    return len({one.partition(b"\n")[0] for one in contents}) == 1 and not any(b'"' in one for one in contents)
