"""The one place that chooses how a file or a message is read: a plan, and a count of the ways that were taken.

Each way but the last of its list may decline what it is given, with a reason (:class:`Declined`). Then the next way
reads it. All ways give the same records; a test that compares two of them asks :data:`TALLY` which of them ran.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

import pyarrow as pa

from dai_scoring.batch import earlier
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_PREFIX
from dai_scoring.formats import Declined, Fields, Format, Numbers
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, OutputColumns
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer

_logger = logging.getLogger(__name__)


class Way(Enum):
    """The ways to read records: those of a file, quickest first, then those of messages."""

    ENGINE_LINES = "the engine reads lines of CSV"
    MODEL_COLUMNS = "the model's columns of a piece are read in its types"
    PIECES = "all columns of a piece are read"
    READER = "the reader of whole files"
    ONE_BY_ONE = "one record after the other"

    MERGED = "several messages as one piece of a file"
    FEW_ROWS = "few rows as Python's objects"


class Tally:
    """Counts by way how often it was taken, and how often it declined for which reason. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Way] = Counter()
        self._declined: Counter[tuple[Way, str]] = Counter()

    def took(self, way: Way, count: int = 1) -> None:
        """Count pieces of a file, or messages, that a way has read."""
        with self._lock:
            self._taken[way] += count

    def declined(self, way: Way, declined: Declined) -> None:
        """Count a piece of a file or a message that a way has not read; log the first for each reason as an info."""
        with self._lock:
            self._declined[way, declined.reason] += 1
            is_first = self._declined[way, declined.reason] == 1
        level = logging.INFO if is_first else logging.DEBUG
        _logger.log(level, "A slower way reads records, as %s does not: %s.", way.name, declined.reason)

    def counts(self) -> tuple[Counter[Way], Counter[tuple[Way, str]]]:
        """How often each way was taken in this process, and how often it declined, by reason."""
        with self._lock:
            return self._taken.copy(), self._declined.copy()


TALLY = Tally()
"""What all files and messages of this process were read by."""


class Head(Protocol):
    """What is known of records before they are read: a reader has it once it was opened."""

    @property
    def format(self) -> Format:
        """Their format."""
        ...

    @property
    def schema(self) -> pa.Schema | None:
        """Their columns; None where only reading all records tells, as with JSON."""
        ...


@dataclass(frozen=True)
class Plan:
    """How the records of a file are read and passed on.

    ``ways`` are tried in their order, for each piece of the file. ``declined`` says why others are not among them.
    ``wanted`` is what is enough to read: the columns of numbers of CSV, or the model's columns.
    ``passes_lines`` is True where records pass as they stand, and ``rejects_lines`` where rejected ones do.
    ``keeps_digits`` is True where numbers of JSON that are written anew need their digits restored. ``typed`` are
    columns of text that become numbers for an output that has types. ``replaces_reasons`` is True where the reasons of
    an earlier scoring give way.
    """

    ways: tuple[Way, ...]
    declined: Mapping[Way, Declined] = field(repr=False)
    wanted: Numbers | Fields | None
    passes_lines: bool
    rejects_lines: bool
    keeps_digits: bool
    replaces_reasons: bool
    typed: tuple[Column, ...]

    def of_whole_file(self) -> Plan:
        """The plan for a file that is not what a quicker way took it for: it is read again, from its start."""
        return replace(self, ways=(Way.READER,), wanted=None)


_AS_NUMBERS = {
    ColumnType.FLOAT32: pa.float64(),
    ColumnType.FLOAT64: pa.float64(),
    ColumnType.INT32: pa.int64(),
    ColumnType.INT64: pa.int64(),
}
_IN_JSON = {**_AS_NUMBERS, ColumnType.TIME64: pa.string()}
_JSON = (Format.JSON_LINES, Format.JSON_ARRAY)
_PASSING = (Format.CSV, *_JSON, Format.AVRO)

_WRITTEN_ANEW = Declined("columns of the input are written anew")
_MORE_WANTED = Declined("contributions or intervals are wanted")
_NO_LINES = Declined("the engine does not read lines of CSV itself")
_NO_NUMBERS = Declined("the model has no columns of numbers in the file, or their missing literals differ")
_NOT_PASSING = Declined("the records do not pass as they stand")


def plan_for(head: Head, options: FileOptions, scorer: Scorer, target: Format) -> Plan:
    """Choose how to read records, by their head, the options, and what the model's engine can do.

    ``target`` is the format of the output.
    """
    columns = options.output_columns
    inputs = scorer.info.inputs
    is_text = head.format.is_text_typed
    replaces_reasons = earlier.are_replaced(options.bad_rows, columns)
    had = head.schema.names if head.schema is not None else []
    had_reasons = replaces_reasons and earlier.has_reasons(had)
    is_kept = head.format is target
    passes = columns is OutputColumns.ALL and is_kept and target in _PASSING and not had_reasons
    # No more than predictions and what passes as it stands.
    without_table = passes or (columns is OutputColumns.PREDICTIONS and not had_reasons)
    wanted: Numbers | Fields | Declined = _NOT_PASSING
    ways: dict[Way, Declined | None] = {}
    if is_text:
        ways[Way.ENGINE_LINES] = _lines(options, scorer, without_table=without_table)
        wanted = _WRITTEN_ANEW
        if passes or columns is not OutputColumns.ALL:
            ids = options.id_columns if columns is OutputColumns.IDS else ()
            wanted = _numbers([column for column in inputs if column.name not in ids], had)
    elif passes:
        wanted = _fields(options, scorer, replaces_reasons=replaces_reasons)
    if head.format in _PASSING:
        ways[Way.MODEL_COLUMNS] = wanted if isinstance(wanted, Declined) else None
        # Records of JSON and Avro are cut apart only for the columns that are wanted.
        ways[Way.PIECES] = None if is_text else ways[Way.MODEL_COLUMNS]
    plan = Plan(
        (*(way for way, declined in ways.items() if declined is None), Way.READER),
        {way: declined for way, declined in ways.items() if declined is not None},
        None if isinstance(wanted, Declined) else wanted,
        passes_lines=passes,
        rejects_lines=is_kept and target in _JSON,
        keeps_digits=head.format in _JSON and target in (*_JSON, Format.CSV),
        replaces_reasons=replaces_reasons,
        typed=_typed(inputs) if is_text and not target.is_text_typed else (),
    )
    for way, declined in plan.declined.items():
        TALLY.declined(way, declined)
    _logger.debug("Plan for %s: %s; not %s.", head.format.value, _named(plan.ways), _reasons(plan.declined))
    return plan


def _lines(options: FileOptions, scorer: Scorer, *, without_table: bool) -> Declined | None:
    """Why the engine does not read lines of CSV; None if it may."""
    if not without_table:
        return _WRITTEN_ANEW
    if options.wanted != PREDICTIONS_ONLY:
        return _MORE_WANTED
    return None if scorer.reads_lines else _NO_LINES


def _numbers(columns: Sequence[Column], present: Sequence[str]) -> Numbers | Declined:
    names = set(present)
    found = [column for column in columns if column.type in _AS_NUMBERS and column.name in names]
    literals = {column.missing for column in found}
    # Texts mean a missing value in all columns of a file or in none.
    if len(literals) != 1:
        return _NO_NUMBERS
    return Numbers({column.name: _AS_NUMBERS[column.type] for column in found}, literals.pop())


def _fields(options: FileOptions, scorer: Scorer, *, replaces_reasons: bool) -> Fields | Declined:
    if options.wanted != PREDICTIONS_ONLY:
        # What else is added has no names yet.
        return _MORE_WANTED
    types = {column.name: _IN_JSON.get(column.type, column.type.arrow) for column in scorer.info.inputs}
    added = frozenset(options.prediction_prefix + column.name for column in scorer.info.outputs)
    return Fields(types, added, REJECT_PREFIX if replaces_reasons else None)


def _typed(inputs: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(column for column in inputs if column.type.is_number or column.type is ColumnType.BOOL)


def _named(ways: Sequence[Way]) -> str:
    return ", ".join(way.name for way in ways)


def _reasons(declined: Mapping[Way, Declined]) -> str:
    return ", ".join(f"{way.name} ({one.reason})" for way, one in declined.items()) or "any other"


# Fewer are read and written by Python's objects in less time than it takes to begin with Arrow.
_LEAST_MERGED_BYTES = 1 << 14
_LEAST_MERGED_ROWS = 50

_OTHER_OUTPUT = Declined("the output has another format than the records")
_HAD_REASONS = Declined("there are reasons of an earlier scoring")


def way_for(contents: Sequence[bytes]) -> Way:
    """The way to try first for messages that are scored together: few rows are read one message after the other."""
    if sum(map(len, contents)) < _LEAST_MERGED_BYTES:
        return Way.FEW_ROWS
    # Objects within records may count as records.
    marks = (b"{" if one[:1] in (b"[", b"{") else b"\n" for one in contents)
    are_few = sum(one.count(mark) for one, mark in zip(contents, marks, strict=True)) < _LEAST_MERGED_ROWS
    return Way.FEW_ROWS if are_few else Way.MERGED


def why_no_message(options: FileOptions, form: Format, names: Sequence[str] = ()) -> Declined | None:
    """Why the records of a message, of a format and with some columns, are scored as a file; None if they need not."""
    if (options.output_format or form) is not form:
        return _OTHER_OUTPUT
    return _HAD_REASONS if options.bad_rows is not BadRows.FAIL and earlier.has_reasons(names) else None
