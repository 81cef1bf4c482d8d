"""Small contents, as of a request: several are scored together, and no file and few Arrow arrays are made of them.

Contents in the forms that programs write most, and that fit the model, go this way. The others are Declined; what is
wrong with them, such as a column that is missing, :func:`dai_scoring.batch.files.score_file` says.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer
from dai_scoring.batch.plan import TALLY, Way, plan_for, way_for, why_no_message
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.batch.summary import Summary
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.merged import merge
from dai_scoring.formats.rows import Rows, read_rows
from dai_scoring.formats.text import is_plain
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.schema import Column
from dai_scoring.scorer import Scorer
from dai_scoring.swallowed import swallowed
from dai_scoring.values.few_rows import array_of, values_of
from dai_scoring.values.unseen_levels import counts_between

_ERROR = Declined("an error was raised")
_OTHER_TYPE = Declined("the messages have different MIME types")
_REJECTED = Declined("a row is rejected")
_NOT_PASSING = Declined("the records do not pass as they stand")
_ABSENT_COLUMN = Declined("a column is absent, or may be absent from some of the messages")
_NAME_CLASH = Declined("a column has the name of a prediction")
_OTHER_PREDICTIONS = Declined("the predictions are of types that become other texts as Python's objects")


@dataclass(frozen=True)
class Contents:
    """Some contents and their MIME type."""

    contents: bytes
    mime_type: str | None


@dataclass(frozen=True)
class ScoredContents:
    """The scored records as they are written, and what became of the contents."""

    contents: bytes
    summary: Summary


@dataclass(frozen=True)
class _Request:
    rows: Rows
    kept: Sequence[int]
    """The columns that the output has."""
    inputs: list[Sequence[Any] | pa.Array]
    """The values of each of the model's columns."""


class InMemoryScorer:
    """Scores small contents with one model and the same options."""

    def __init__(self, scorer: Scorer, options: FileOptions) -> None:
        self._scorer = scorer = scorer.with_missing(options.missing_values)
        self._options = options
        self._inputs = scorer.info.inputs

    def score(self, given: Sequence[Contents]) -> list[ScoredContents | Declined]:
        """Score contents together: for each its answer; what is Declined has to be scored as a file."""
        began = time.perf_counter()
        if way_for([one.contents for one in given]) is Way.MERGED:
            merged = self._score_merged(given, began)
            if not isinstance(merged, Declined):
                TALLY.took(Way.MERGED, len(given))
                return list(merged)
            TALLY.declined(Way.MERGED, merged)
        answers = self._score_few([self._read(one) for one in given], began)
        declined = [answer for answer in answers if isinstance(answer, Declined)]
        for answer in declined:
            TALLY.declined(Way.FEW_ROWS, answer)
        TALLY.took(Way.FEW_ROWS, len(answers) - len(declined))
        return answers

    def _score_few(self, requests: Sequence[_Request | Declined], began: float) -> list[ScoredContents | Declined]:
        asked = [request for request in requests if not isinstance(request, Declined)]
        try:
            found = iter(self._answers(asked, began) if asked else [])
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored alone
            swallowed(error)
            return [_ERROR] * len(requests)
        return [request if isinstance(request, Declined) else next(found) for request in requests]

    def _score_merged(self, given: Sequence[Contents], began: float) -> list[ScoredContents] | Declined:
        """The answers to contents that are written alike, read as if they were one file."""
        options, mime_type = self._options, given[0].mime_type
        if any(one.mime_type != mime_type for one in given):
            return _OTHER_TYPE
        contents = [one.contents for one in given]
        try:
            records = merge(contents, options.input_format, mime_type, options.charset, options.delimiter)
            if isinstance(records, Declined):
                return records
            if (why_not := why_no_message(options, records.format)) is not None:
                return why_not
            plan = plan_for(records, options, self._scorer, records.format)
            piece = records.piece(plan.wanted)
            if isinstance(piece, Declined):
                return piece
            found = PieceScorer(self._scorer, options, records, plan).score(piece)
            if isinstance(found, Declined):
                return found
            if found.lines is None:
                return _NOT_PASSING
            if found.rejects.num_rows:
                return _REJECTED
            if found.way is Way.PIECES and records.schema is None:
                # Whether each of the contents has all of the model's columns was not looked at.
                return _ABSENT_COLUMN
            written = records.written(found.schema, found.rows, found.lines)
            if isinstance(written, Declined):
                return written
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored alone
            swallowed(error)
            return _ERROR
        seconds = (time.perf_counter() - began) / len(contents)
        answers, end = [], 0
        for text, count in zip(written, records.counts, strict=True):
            start, end = end, end + count
            unseen = counts_between(found.unseen_rows, start, end)
            answers.append(
                ScoredContents(text, Summary(count, count, 0, records.format, records.format, seconds, unseen))
            )
        return answers

    def _read(self, one: Contents) -> _Request | Declined:
        options = self._options
        rows = read_rows(one.contents, options.input_format, one.mime_type, options.charset, options.delimiter)
        if isinstance(rows, Declined):
            return rows
        if (why_not := why_no_message(options, rows.format, rows.names)) is not None:
            return why_not
        if options.output_format is not None and rows.is_object:
            rows = replace(rows, is_object=False)
        place = {name: index for index, name in enumerate(rows.names)}
        kept: Iterable[int] = range(len(rows.names))
        if options.output_columns is not OutputColumns.ALL:
            wanted = options.id_columns if options.output_columns is OutputColumns.IDS else ()
            if any(name not in place for name in wanted):
                return _ABSENT_COLUMN
            kept = [place[name] for name in wanted]
        inputs: list[Sequence[Any] | pa.Array] = []
        for column in self._inputs:
            index = place.get(column.name)
            values = self._absent(rows, column) if index is None else values_of(rows, index, column)
            if isinstance(values, Declined):
                return values
            inputs.append(values)
        return _Request(rows, list(kept), inputs)

    def _absent(self, rows: Rows, column: Column) -> list[None] | Declined:
        if column.required or self._options.missing_columns is not MissingColumns.AS_MISSING:
            return _ABSENT_COLUMN
        return [None] * rows.count

    def _answers(self, asked: Sequence[_Request], began: float) -> list[ScoredContents | Declined]:
        total = sum(request.rows.count for request in asked)
        columns = [
            array_of(column, [request.inputs[index] for request in asked]) for index, column in enumerate(self._inputs)
        ]
        made = self._scorer.predict(columns, total, self._options.wanted)
        if made.refused:
            return [_REJECTED] * len(asked)
        outputs = made.outputs
        if not all(map(is_plain, outputs.schema.types)):
            return [_OTHER_PREDICTIONS] * len(asked)
        names = output_names(outputs.schema.names, (), self._options.prediction_prefix)
        predictions: list[Sequence[Any]] = [column.to_pylist() for column in outputs.columns]
        if self._options.bad_rows is BadRows.KEEP:
            names += output_names(REJECT_COLUMNS, names, "")
            predictions += [[None] * total] * len(REJECT_COLUMNS)
        written: list[bytes | Declined] = []
        unseen: list[Mapping[str, int] | None] = []
        start = 0
        for request in asked:
            end = start + request.rows.count
            written.append(_written(request, names, [column[start:end] for column in predictions]))
            unseen.append(counts_between(made.unseen, start, end))
            start = end
        # Its share for each, so that the times of all add up.
        seconds = (time.perf_counter() - began) / len(asked)
        return [
            contents
            if isinstance(contents, Declined)
            else ScoredContents(contents, _summary(request.rows, seconds, counts))
            for request, contents, counts in zip(asked, written, unseen, strict=True)
        ]


def _written(request: _Request, names: Sequence[str], predictions: Sequence[Sequence[Any]]) -> bytes | Declined:
    rows = request.rows
    kept = [rows.names[index] for index in request.kept]
    if not set(kept).isdisjoint(names):
        return _NAME_CLASH
    if len(kept) == len(rows.names) and rows.names == tuple(kept):
        return rows.extended(names, predictions)
    return rows.written(request.kept, names, predictions)


def _summary(rows: Rows, seconds: float, unseen: Mapping[str, int] | None) -> Summary:
    return Summary(rows.count, rows.count, 0, rows.format, rows.format, seconds, unseen)
