"""Small contents, as of a request: several are scored together, and no file and few Arrow arrays are made of them.

Contents in the forms that programs write most, and that fit the model, go this way. The others are Declined; what is
wrong with them, such as a column that is missing, :func:`dai_scoring.batch.files.score_file` says.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dai_scoring.batch.messages.engine_messages import QUICKER_AS_FILE, row_messages
from dai_scoring.batch.messages.judged_rows import JudgedRows, Write, written_apart, written_in_place
from dai_scoring.batch.messages.message_rows import Batch, Contents, judge
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer
from dai_scoring.batch.plan import TALLY, Way, plan_for, way_for, why_no_message
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.batch.summary import Summary
from dai_scoring.batch.totals import first_reject
from dai_scoring.fallbacks import log_fallback
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.merged import merge
from dai_scoring.formats.text import has_python_text
from dai_scoring.options import PREDICTIONS_ONLY, BadRows
from dai_scoring.scorer import Scorer
from dai_scoring.values import missing
from dai_scoring.values.few_rows import array_of, objects_of
from dai_scoring.values.unseen_levels import counts_between

_ERROR = Declined("an error was raised")
_OTHER_TYPE = Declined("the messages have different MIME types")
_FEW_ROWS = 1000
"""Up to so many rows reach the runtime as Python's objects."""
_REJECTED = Declined("a row is rejected")
_NOT_PASSING = Declined("the records do not pass as they stand")
_ABSENT_COLUMN = Declined("a column is absent, or may be absent from some of the messages")
_NAME_CLASH = Declined("a column has the name of a prediction")
_OTHER_PREDICTIONS = Declined("the predictions are of types that become other texts as Python's objects")


@dataclass(slots=True)
class ScoredContents:
    """The scored records as they are written, and what became of the contents.

    ``rejected`` has the rejected records as they are written. It is None if no row was rejected, or if the rejected
    rows are in ``contents``.
    """

    contents: bytes
    summary: Summary
    rejected: bytes | None = None


@dataclass(slots=True)
class _Predictions:
    """Columns of predictions, and the rows with unseen levels as :class:`~dai_scoring.scorer.Predicted` has them."""

    names: Sequence[str]
    columns: Sequence[Sequence[Any]]
    unseen: Mapping[str, npt.NDArray[np.int64]] | None


_Answers: TypeAlias = "dict[int, ScoredContents | Declined]"
"""The answers to messages, by their index."""


class InMemoryScorer:
    """Scores small contents with one model and the same options."""

    def __init__(self, scorer: Scorer, options: FileOptions) -> None:
        self._scorer = scorer = scorer.with_missing(options.missing_values)
        self.options = options
        self._inputs = scorer.info.inputs
        self._row_messages = row_messages(scorer, options)

    def score(self, given: Sequence[Contents], only_by_engine: bool = False) -> list[ScoredContents | Declined]:
        """Score contents together: for each its answer; what is Declined has to be scored as a file.

        ``only_by_engine`` is for larger contents: if the engine does not read them itself, a file is the quicker way.
        """
        began = time.perf_counter()
        answers = self._score_row_messages(given, began, only_by_engine)
        if only_by_engine:
            return answers
        left = [one for one, answer in zip(given, answers, strict=True) if isinstance(answer, Declined)]
        if not left:
            return answers
        others = iter(self._score_others(left, began))
        return [next(others) if isinstance(answer, Declined) else answer for answer in answers]

    def _score_row_messages(
        self, given: Sequence[Contents], began: float, are_large: bool
    ) -> list[ScoredContents | Declined]:
        """The answers to messages that the engine reads itself."""
        messages = self._row_messages
        if isinstance(messages, Declined):
            return [messages] * len(given)
        try:
            written = messages.score(given, are_large)
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored in another way
            log_fallback(error)
            return [_ERROR] * len(given)
        seconds = (time.perf_counter() - began) / len(given)
        answers: list[ScoredContents | Declined] = []
        for one in written:
            if isinstance(one, Declined):
                if one is not QUICKER_AS_FILE:
                    TALLY.declined(Way.ROW_REQUESTS, one)
                answers.append(one)
            else:
                summary = Summary(one.rows, one.rows, 0, one.form, one.form, seconds, one.unseen)
                answers.append(ScoredContents(one.contents, summary))
        TALLY.took(Way.ROW_REQUESTS, sum(isinstance(one, ScoredContents) for one in answers))
        return answers

    def _score_others(self, given: Sequence[Contents], began: float) -> list[ScoredContents | Declined]:
        if way_for([one.contents for one in given]) is Way.MERGED:
            merged = self._score_merged(given, began)
            if not isinstance(merged, Declined):
                TALLY.took(Way.MERGED, len(given))
                return list(merged)
            TALLY.declined(Way.MERGED, merged)
        answers = self._score_few(given, began)
        taken = 0
        for answer in answers:
            if isinstance(answer, Declined):
                TALLY.declined(Way.FEW_ROWS, answer)
            else:
                taken += 1
        TALLY.took(Way.FEW_ROWS, taken)
        return answers

    def _score_few(self, given: Sequence[Contents], began: float) -> list[ScoredContents | Declined]:
        try:
            batches, declined = judge(given, self._scorer, self.options)
            answers: _Answers = {**declined}
            if batches:
                self._answer(batches, began, answers)
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored alone
            log_fallback(error)
            return [_ERROR] * len(given)
        return [answers[index] for index in range(len(given))]

    def _score_merged(self, given: Sequence[Contents], began: float) -> list[ScoredContents] | Declined:
        """The answers to contents that are written alike, read as if they were one file."""
        options, mime_type = self.options, given[0].mime_type
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
            log_fallback(error)
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

    def _answer(self, batches: Sequence[Batch], began: float, answers: _Answers) -> None:
        """Score the rows of all batches in one call, and write the answers to their messages."""
        messages = [one for batch in batches for one in batch.messages]
        made = self._predictions(batches, sum(judged.scored for _, judged in messages))
        if isinstance(made, Declined):
            answers |= dict.fromkeys([index for index, _ in messages], made)
            return
        names = list(output_names(made.names, (), self.options.prediction_prefix))
        write: Write = written_apart
        if self.options.bad_rows is BadRows.KEEP:
            write = written_in_place
            names += output_names(REJECT_COLUMNS, names, "")
        predictions = list(zip(*made.columns, strict=True))
        # Its share for each, so that the times of all add up.
        seconds = (time.perf_counter() - began) / len(messages)
        start = 0
        for batch in batches:
            first = batch.messages[0][1]
            clashes = not {first.rows.names[place] for place in first.layout.kept}.isdisjoint(names)
            for index, judged in batch.messages:
                end = start + judged.scored
                if clashes:
                    answers[index] = _NAME_CLASH
                else:
                    contents, rejected = write(judged, names, predictions[start:end])
                    unseen = counts_between(made.unseen, start, end)
                    answers[index] = ScoredContents(contents, _summary(judged, seconds, unseen), rejected)
                start = end

    def _predictions(self, batches: Sequence[Batch], rows: int) -> _Predictions | Declined:
        wanted = self.options.wanted
        if 0 < rows <= _FEW_ROWS and wanted == PREDICTIONS_ONLY:
            values = [
                [value for one in batches for value in objects_of(column, one.columns[at])]
                for at, column in enumerate(self._inputs)
            ]
            found = self._scorer.predict_values(values, rows)
            if not isinstance(found, Declined):
                names = [column.name for column in self._scorer.info.outputs]
                return _Predictions(names, found.columns, found.unseen)
        arrays = [array_of(column, [one.columns[at] for one in batches]) for at, column in enumerate(self._inputs)]
        made = self._scorer.predict(arrays, rows, wanted)
        if made.refused:
            return _REJECTED
        outputs = made.outputs
        if not all(map(has_python_text, outputs.schema.types)):
            return _OTHER_PREDICTIONS
        return _Predictions(outputs.schema.names, [column.to_pylist() for column in outputs.columns], made.unseen)


def _summary(request: JudgedRows, seconds: float, unseen: Mapping[str, int] | None) -> Summary:
    rows, rejected = request.rows, request.rejected
    summary = Summary(rows.count, rows.count - rejected, rejected, rows.format, rows.format, seconds, unseen)
    if rejected:
        summary.missing_like = tuple(sorted(missing.among(request.rejects)))
        summary.first_reject = first_reject(request.rejects)
    return summary
