"""Small contents, as of a request: several are scored together, and no file and few Arrow arrays are made of them.

What is written plainly and fits the model goes this way. Whatever else there is to say of some contents, of a value
that is no number or of a column that is missing, :func:`dai_scoring.batch.files.score_file` says it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dai_scoring.batch.earlier import has_reasons
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer
from dai_scoring.batch.results import REJECT_COLUMNS, output_names
from dai_scoring.batch.row_values import array_of, values_of
from dai_scoring.batch.summary import Summary
from dai_scoring.formats.merged import merge
from dai_scoring.formats.rows import Rows, read_rows
from dai_scoring.formats.text import is_plain
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.schema import Column
from dai_scoring.scorer import Scorer
from dai_scoring.swallowed import swallowed
from dai_scoring.unseen_levels import counts_between

# Fewer are read and written by Python's objects in less time than it takes to begin with Arrow.
_LEAST_MERGED_BYTES = 1 << 14
_LEAST_MERGED_ROWS = 50


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

    def score(self, given: Sequence[Contents]) -> list[ScoredContents | None]:
        """Score contents together: for each its answer, or None for what has to be scored as a file."""
        began = time.perf_counter()
        if _are_worth_merging(given) and (answers := self._score_merged(given, began)) is not None:
            return list(answers)
        requests = [self._read(one) for one in given]
        asked = [request for request in requests if request is not None]
        try:
            found = iter(self._answers(asked, began) if asked else [])
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored alone
            swallowed(error)
            return [None] * len(given)
        return [None if request is None else next(found) for request in requests]

    def _score_merged(self, given: Sequence[Contents], began: float) -> list[ScoredContents] | None:
        """The answers to contents that are written alike, read as if they were one file; None where it is not so."""
        options, mime_type = self._options, given[0].mime_type
        if any(one.mime_type != mime_type for one in given):
            return None
        try:
            records = merge(
                [one.contents for one in given], options.input_format, mime_type, options.charset, options.delimiter
            )
            if records is None or (options.output_format or records.format) is not records.format:
                return None
            scorer = PieceScorer(self._scorer, options, records, records.format)
            piece = records.piece(scorer.wanted)
            found = scorer.score(piece) if piece is not None else None
            if found is None or found.lines is None or found.rejects.num_rows:
                return None
            if found.is_whole and records.schema is None:
                # Whether each of the contents has all of the model's columns was not looked at.
                return None
            written = records.written(found.schema, found.rows, found.lines)
        except Exception as error:  # noqa: BLE001 - whichever is at fault: each will be scored alone
            swallowed(error)
            return None
        seconds = (time.perf_counter() - began) / len(given)
        answers, end = [], 0
        for contents, count in zip(written, records.counts, strict=True):
            start, end = end, end + count
            unseen = counts_between(found.unseen_rows, start, end)
            answers.append(
                ScoredContents(contents, Summary(count, count, 0, records.format, records.format, seconds, unseen))
            )
        return answers

    def _read(self, one: Contents) -> _Request | None:
        options = self._options
        rows = read_rows(one.contents, options.input_format, one.mime_type, options.charset, options.delimiter)
        if rows is None or (options.output_format or rows.format) is not rows.format:
            return None
        if options.output_format is not None and rows.is_object:
            rows = replace(rows, is_object=False)
        if options.bad_rows is not BadRows.FAIL and has_reasons(rows.names):
            return None
        place = {name: index for index, name in enumerate(rows.names)}
        kept: Iterable[int] = range(len(rows.names))
        if options.output_columns is not OutputColumns.ALL:
            wanted = options.id_columns if options.output_columns is OutputColumns.IDS else ()
            if any(name not in place for name in wanted):
                return None
            kept = [place[name] for name in wanted]
        inputs: list[Sequence[Any] | pa.Array] = []
        for column in self._inputs:
            index = place.get(column.name)
            values = self._absent(rows, column) if index is None else values_of(rows, index, column)
            if values is None:
                return None
            inputs.append(values)
        return _Request(rows, list(kept), inputs)

    def _absent(self, rows: Rows, column: Column) -> list[None] | None:
        if column.required:
            return None
        return [None] * rows.count if self._options.missing_columns is MissingColumns.AS_MISSING else None

    def _answers(self, asked: Sequence[_Request], began: float) -> list[ScoredContents | None]:
        total = sum(request.rows.count for request in asked)
        columns = [
            array_of(column, [request.inputs[index] for request in asked]) for index, column in enumerate(self._inputs)
        ]
        made = self._scorer.predict(columns, total, self._options.wanted)
        if made.refused:
            return [None] * len(asked)
        outputs = made.outputs
        if not all(map(is_plain, outputs.schema.types)):
            return [None] * len(asked)
        names = output_names(outputs.schema.names, (), self._options.prediction_prefix)
        predictions: list[Sequence[Any]] = [column.to_pylist() for column in outputs.columns]
        if self._options.bad_rows is BadRows.KEEP:
            names += output_names(REJECT_COLUMNS, names, "")
            predictions += [[None] * total] * len(REJECT_COLUMNS)
        written: list[bytes | None] = []
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
            None if contents is None else ScoredContents(contents, _summary(request.rows, seconds, counts))
            for request, contents, counts in zip(asked, written, unseen, strict=True)
        ]


def _are_worth_merging(given: Sequence[Contents]) -> bool:
    """Whether contents have more rows together than the least; objects within records may count as such."""
    if sum(len(one.contents) for one in given) < _LEAST_MERGED_BYTES:
        return False
    marks = (b"{" if one.contents[:1] in (b"[", b"{") else b"\n" for one in given)
    return sum(one.contents.count(mark) for one, mark in zip(given, marks, strict=True)) >= _LEAST_MERGED_ROWS


def _written(request: _Request, names: Sequence[str], predictions: Sequence[Sequence[Any]]) -> bytes | None:
    rows = request.rows
    kept = [rows.names[index] for index in request.kept]
    if not set(kept).isdisjoint(names):
        return None
    if len(kept) == len(rows.names) and rows.names == tuple(kept):
        return rows.extended(names, predictions)
    return rows.written(request.kept, names, predictions)


def _summary(rows: Rows, seconds: float, unseen: Mapping[str, int] | None) -> Summary:
    return Summary(rows.count, rows.count, 0, rows.format, rows.format, seconds, unseen)
