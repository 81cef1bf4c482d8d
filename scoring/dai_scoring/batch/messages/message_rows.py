"""The rows of messages, read as Python's objects, and their values for the model.

Messages that have the same columns are judged together: for one row, most of the time goes into the steps that a whole
batch needs once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.batch.messages.judged_rows import JudgedRows, Layout
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import why_no_message
from dai_scoring.formats.base import Format
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.rows import Rows, read_rows
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.few_rows import UNFIT, quick_columns, quick_values
from dai_scoring.values.rejected import REJECT_SCHEMA

_ABSENT_COLUMN = Declined("a column is absent")


@dataclass(slots=True)
class Contents:
    """Some contents and their MIME type."""

    contents: bytes
    mime_type: str | None


@dataclass(slots=True)
class _Message:
    index: int
    rows: Rows


@dataclass(slots=True)
class Batch:
    """Rows of some messages that can be scored, all in one layout, and together their values for the model."""

    messages: Sequence[tuple[int, JudgedRows]]
    columns: Sequence[Sequence[Any] | pa.Array]


def judge(
    given: Sequence[Contents], scorer: Scorer, options: FileOptions
) -> tuple[Sequence[Batch], Mapping[int, Declined]]:
    """The rows that can be scored, in batches, and the messages that have to be scored as files, by their index."""
    found = _Judge(scorer, options)
    found.judge(given)
    return found.batches, found.declined


class _Judge:
    def __init__(self, scorer: Scorer, options: FileOptions) -> None:
        self._scorer = scorer
        self._options = options
        self._inputs = scorer.info.inputs
        self.batches: list[Batch] = []
        self.declined: dict[int, Declined] = {}

    def judge(self, given: Sequence[Contents]) -> None:
        options = self._options
        groups: dict[tuple[Format, tuple[str, ...]], list[_Message]] = {}
        for index, one in enumerate(given):
            rows = read_rows(one.contents, options.input_format, one.mime_type, options.charset, options.delimiter)
            if isinstance(rows, Declined):
                self.declined[index] = rows
                continue
            if options.output_format is not None and rows.is_object:
                rows = replace(rows, is_object=False)
            groups.setdefault((rows.format, rows.names), []).append(_Message(index, rows))
        for messages in groups.values():
            layout = self._layout(messages[0].rows)
            if isinstance(layout, Declined):
                self.declined |= dict.fromkeys([one.index for one in messages], layout)
            else:
                self._judge_group(messages, layout)

    def _layout(self, rows: Rows) -> Layout | Declined:
        options = self._options
        if (why_not := why_no_message(options, rows.format, rows.names)) is not None:
            return why_not
        place = {name: index for index, name in enumerate(rows.names)}
        kept: Sequence[int] = range(len(rows.names))
        if options.output_columns is not OutputColumns.ALL:
            wanted = options.id_columns if options.output_columns is OutputColumns.IDS else ()
            if any(name not in place for name in wanted):
                return _ABSENT_COLUMN
            kept = [place[name] for name in wanted]
        for column in self._inputs:
            if column.name not in place and (
                column.required or options.missing_columns is not MissingColumns.AS_MISSING
            ):
                return _ABSENT_COLUMN
        is_whole = list(kept) == list(range(len(rows.names)))
        return Layout(kept, is_whole, [place.get(column.name) for column in self._inputs])

    def _judge_group(self, messages: Sequence[_Message], layout: Layout) -> None:
        """Judge messages that have the same columns."""
        columns = _columns(messages)
        count = len(columns[0])
        quick = quick_columns(columns, layout.places, self._inputs, count)
        if not isinstance(quick, Declined):
            self.batches.append(Batch([(one.index, JudgedRows(one.rows, layout)) for one in messages], quick))
            return
        are_odd = self._odd(messages, columns, layout)
        if not all(are_odd):
            self._judge_group([one for one, is_odd in zip(messages, are_odd, strict=True) if not is_odd], layout)
        self._judge_odd(list(compress(messages, are_odd)), layout)

    def _odd(self, messages: Sequence[_Message], columns: Sequence[Sequence[Any]], layout: Layout) -> list[bool]:
        """For each message, whether a value has a form that only Arrow's kernels can judge."""
        are_odd = [False] * len(messages)
        for column, place in zip(self._inputs, layout.places, strict=True):
            if place is None or not isinstance(quick_values(columns[place], column), Declined):
                continue
            start = 0
            for at, one in enumerate(messages):
                end = start + one.rows.count
                are_odd[at] = are_odd[at] or isinstance(quick_values(columns[place][start:end], column), Declined)
                start = end
        return are_odd

    def _judge_odd(self, messages: Sequence[_Message], layout: Layout) -> None:
        """Judge messages with values in other forms, or that do not fit: all rows in one table."""
        first = messages[0].rows
        whole = replace(first, records=[record for one in messages for record in one.rows.records])
        present = [place for place in layout.places if place is not None]
        table = pa.table([whole.array(place) for place in present], names=[first.names[place] for place in present])
        found = self._scorer.model_rows(table, self._options.missing_columns)
        numbers = found.rejects.column("row").to_numpy()
        judged: list[tuple[int, JudgedRows]] = []
        start = 0
        for one in messages:
            end = start + one.rows.count
            from_, to = np.searchsorted(numbers, (start, end)).tolist()
            rows = JudgedRows(one.rows, layout)
            if to > from_:
                own = found.rejects.slice(from_, to - from_)
                numbered = pa.array(numbers[from_:to] - start, pa.int64())
                rows.rejects = own.set_column(0, REJECT_SCHEMA.field("row"), numbered)
            judged.append((one.index, rows))
            start = end
        if self._options.bad_rows is BadRows.FAIL and len(numbers):
            fitting = [one for one, (_, rows) in zip(messages, judged, strict=True) if not rows.rejected]
            self.declined |= dict.fromkeys([index for index, rows in judged if rows.rejected], UNFIT)
            if fitting:
                self._judge_odd(fitting, layout)
            return
        self.batches.append(Batch(judged, found.columns))


def _columns(messages: Sequence[_Message]) -> Sequence[Sequence[Any]]:
    return list(zip(*[record for one in messages for record in one.rows.records], strict=True))
