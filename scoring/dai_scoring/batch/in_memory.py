"""Small contents, as of a request: several are scored together, and no file and few Arrow arrays are made of them.

Contents in the forms that programs write most, and that fit the model, go this way. The others are Declined; what is
wrong with them, such as a column that is missing, :func:`dai_scoring.batch.files.score_file` says.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.batch.judged_rows import JudgedRows, written_apart, written_in_place
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer
from dai_scoring.batch.plan import TALLY, Way, plan_for, way_for, why_no_message
from dai_scoring.batch.results import output_names
from dai_scoring.batch.summary import Summary
from dai_scoring.formats.base import Format
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.merged import merge
from dai_scoring.formats.rows import Rows, read_rows
from dai_scoring.formats.text import is_plain
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.schema import Column
from dai_scoring.scorer import Scorer
from dai_scoring.swallowed import swallowed
from dai_scoring.values import missing
from dai_scoring.values.few_rows import UNFIT, array_of, values_of
from dai_scoring.values.rejected import REJECT_SCHEMA
from dai_scoring.values.unseen_levels import counts_between

_ERROR = Declined("an error was raised")
_OTHER_TYPE = Declined("the messages have different MIME types")
_REJECTED = Declined("a row is rejected")
_NOT_PASSING = Declined("the records do not pass as they stand")
_ABSENT_COLUMN = Declined("a column is absent, or may be absent from some of the messages")
_OTHER_PREDICTIONS = Declined("the predictions are of types that become other texts as Python's objects")


@dataclass(frozen=True)
class Contents:
    """Some contents and their MIME type."""

    contents: bytes
    mime_type: str | None


@dataclass(frozen=True)
class ScoredContents:
    """The scored records as they are written, and what became of the contents.

    ``rejected`` has the rejected records as they are written. It is None if no row was rejected, or if the rejected
    rows are in ``contents``.
    """

    contents: bytes
    summary: Summary
    rejected: bytes | None = None


@dataclass(frozen=True)
class _Unfit:
    """Rows of which one has a value that does not fit its column, or that only the model can read."""

    rows: Rows
    kept: Sequence[int]


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

    def _score_few(
        self, read: Sequence[JudgedRows | _Unfit | Declined], began: float
    ) -> list[ScoredContents | Declined]:
        requests: Sequence[JudgedRows | Declined]
        try:
            judged = iter(self._judged([one for one in read if isinstance(one, _Unfit)]))
            requests = [next(judged) if isinstance(one, _Unfit) else one for one in read]
            asked = [request for request in requests if not isinstance(request, Declined)]
            found = iter(self._answers(asked, began) if asked else [])
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored alone
            swallowed(error)
            return [_ERROR] * len(read)
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

    def _read(self, one: Contents) -> JudgedRows | _Unfit | Declined:
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
            if values is UNFIT and options.bad_rows is not BadRows.FAIL:
                return _Unfit(rows, list(kept))
            if isinstance(values, Declined):
                return values
            inputs.append(values)
        return JudgedRows(rows, list(kept), inputs)

    def _judged(self, unfit: Sequence[_Unfit]) -> list[JudgedRows | Declined]:
        """What of these rows can be scored, and what is rejected: for all of one layout at once."""
        groups: dict[tuple[Format, tuple[str, ...]], list[_Unfit]] = {}
        for one in unfit:
            groups.setdefault((one.rows.format, one.rows.names), []).append(one)
        found: dict[int, JudgedRows | Declined] = {}
        for together in groups.values():
            found |= zip(map(id, together), self._judged_alike([one.rows for one in together], together), strict=True)
        return [found[id(one)] for one in unfit]

    def _judged_alike(self, parts: Sequence[Rows], unfit: Sequence[_Unfit]) -> list[JudgedRows | Declined]:
        names = parts[0].names
        present = [column.name for column in self._inputs if column.name in names]
        if len(present) < len(self._inputs) and self._options.missing_columns is not MissingColumns.AS_MISSING:
            return [_ABSENT_COLUMN] * len(parts)
        columns = [list(chain.from_iterable(values)) for values in zip(*(one.columns for one in parts), strict=True)]
        whole = replace(parts[0], columns=columns)
        table = pa.table([whole.array(names.index(name)) for name in present], names=present)
        found = self._scorer.model_rows(table, self._options.missing_columns)
        numbers = found.rejects.column("row").to_numpy()
        requests: list[JudgedRows | Declined] = []
        start = 0
        for one in unfit:
            end = start + one.rows.count
            first, last = np.searchsorted(numbers, (start, end)).tolist()
            own = found.rejects.slice(first, last - first)
            own = own.set_column(0, REJECT_SCHEMA.field("row"), pa.array(numbers[first:last] - start, pa.int64()))
            # Rejected rows are not among these.
            scored = slice(start - first, end - last)
            inputs: list[Sequence[Any] | pa.Array] = [column[scored] for column in found.columns]
            requests.append(JudgedRows(one.rows, one.kept, inputs, own))
            start = end
        return requests

    def _absent(self, rows: Rows, column: Column) -> list[None] | Declined:
        if column.required or self._options.missing_columns is not MissingColumns.AS_MISSING:
            return _ABSENT_COLUMN
        return [None] * rows.count

    def _answers(self, asked: Sequence[JudgedRows], began: float) -> list[ScoredContents | Declined]:
        total = sum(request.scored for request in asked)
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
        writes = written_in_place if self._options.bad_rows is BadRows.KEEP else written_apart
        # Its share for each, so that the times of all add up.
        seconds = (time.perf_counter() - began) / len(asked)
        answers: list[ScoredContents | Declined] = []
        start = 0
        for request in asked:
            end = start + request.scored
            contents = writes(request, names, [column[start:end] for column in predictions])
            if isinstance(contents, Declined):
                answers.append(contents)
            else:
                unseen = counts_between(made.unseen, start, end)
                answers.append(ScoredContents(contents[0], _summary(request, seconds, unseen), contents[1]))
            start = end
        return answers


def _summary(request: JudgedRows, seconds: float, unseen: Mapping[str, int] | None) -> Summary:
    rows, rejects = request.rows, request.rejects
    like = tuple(sorted(missing.among(rejects))) if rejects.num_rows else ()
    return Summary(rows.count, request.scored, rejects.num_rows, rows.format, rows.format, seconds, unseen, like)
