"""Chooses how a file or a message is read, as a plan, and counts which ways were used.

A plan has a list of ways. Each but the last may decline a piece of a file, with a reason (:class:`Declined`); then the
next way reads it. All ways give the same records. A test that compares two ways asks :data:`TALLY` which of them ran.
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

from dai_scoring.batch import far_seconds, reject_columns
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_PREFIX
from dai_scoring.formats import Declined, Format, NumberColumns, WantedColumns, WantedFields, WantedGroups
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, OutputColumns
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer

_logger = logging.getLogger(__name__)


class Way(Enum):
    """The ways to read records: first those for files, quickest first, then those for messages."""

    ENGINE_RECORDS = "the model's runtime reads the records itself"
    MODEL_COLUMNS = "only the model's columns are read"
    PIECES = "a file is read in pieces"
    ROW_GROUPS = "row groups of Parquet are copied"
    READER = "a file is read as a whole"
    ONE_BY_ONE = "each record is read alone"

    ROW_REQUESTS = "the model's runtime reads messages itself"
    MERGED = "several messages are read together"
    FEW_ROWS = "few rows are read without Arrow"


class Tally:
    """Counts for each way how often it was used, and how often it declined for each reason. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Way] = Counter()
        self._declined: Counter[tuple[Way, str]] = Counter()

    def took(self, way: Way, count: int = 1) -> None:
        """Count pieces of a file, or messages, that the way has read."""
        with self._lock:
            self._taken[way] += count

    def declined(self, way: Way, declined: Declined) -> None:
        """Count a piece of a file, or a message, that the way declined. Log the first of each reason at level INFO."""
        with self._lock:
            self._declined[way, declined.reason] += 1
            is_first = self._declined[way, declined.reason] == 1
        level = logging.INFO if is_first else logging.DEBUG
        _logger.log(
            level,
            "Some records take longer to score, with the same results, because %s. The faster way, where it fits: %s.",
            declined.reason,
            way.value,
        )

    def counts(self) -> tuple[Counter[Way], Counter[tuple[Way, str]]]:
        """How often each way was used in this process, and how often it declined, by reason."""
        with self._lock:
            return self._taken.copy(), self._declined.copy()


TALLY = Tally()
"""The counts for all files and messages of this process."""


class Head(Protocol):
    """What is known of records before they are read. An opened reader is one."""

    @property
    def format(self) -> Format:
        """Their format."""
        ...

    @property
    def schema(self) -> pa.Schema | None:
        """Their columns; None if they are known only after reading all records, as with JSON."""
        ...


@dataclass(frozen=True)
class Plan:
    """How the records of a file are read and written.

    ``ways`` are tried in order for each piece of the file. ``declined`` says why other ways are not in the list.
    ``wanted`` are the only columns that have to be read in types: the numbers of CSV, or the model's columns; or whole
    row groups of Parquet.
    ``passes_lines`` is True if records are written unchanged, and ``rejects_lines`` if rejected records are.
    ``keeps_digits`` is True if numbers of JSON that are written again need their original digits. ``typed`` are
    columns of text that become numbers if the output has types. ``replaces_reasons`` is True if the reasons of an
    earlier scoring are removed. ``rejects_far_seconds`` is True if the output has no room for some times in seconds.
    """

    ways: tuple[Way, ...]
    declined: Mapping[Way, Declined] = field(repr=False)
    wanted: WantedColumns | None
    passes_lines: bool
    rejects_lines: bool
    keeps_digits: bool
    replaces_reasons: bool
    typed: tuple[Column, ...]
    rejects_far_seconds: bool = False

    def of_whole_file(self) -> Plan:
        """The plan for a file that a quicker way read wrongly: it is read again from its start."""
        return replace(self, ways=(Way.READER,), wanted=None)


_AS_NUMBERS = {
    ColumnType.FLOAT32: pa.float64(),
    ColumnType.FLOAT64: pa.float64(),
    ColumnType.INT32: pa.int64(),
    ColumnType.INT64: pa.int64(),
}
_IN_JSON = {**_AS_NUMBERS, ColumnType.TIME64: pa.string()}
_JSON = (Format.JSON_LINES, Format.JSON_ARRAY)
_PASSING = (Format.CSV, *_JSON, Format.AVRO, Format.PARQUET)

_WRITTEN_ANEW = Declined("columns of the input are written anew")
_MORE_WANTED = Declined("contributions or intervals are wanted")
_NO_RECORDS = Declined("the model's runtime does not read records itself")
_NO_NUMBERS = Declined("the model has no columns of numbers in the file, or their missing literals differ")
_NOT_PASSING = Declined("the records do not pass as they stand")


def plan_for(head: Head, options: FileOptions, scorer: Scorer, target: Format) -> Plan:
    """Choose how to read records by their head, the options, and the abilities of the model's engine.

    ``target`` is the format of the output.
    """
    columns = options.output_columns
    inputs = scorer.info.inputs
    is_text = head.format.is_text_typed
    replaces_reasons = reject_columns.are_replaced(options.bad_rows, columns)
    had = head.schema.names if head.schema is not None else []
    had_reasons = replaces_reasons and reject_columns.are_in(had)
    is_kept = head.format is target
    passes = columns is OutputColumns.ALL and is_kept and target in _PASSING and not had_reasons
    # The output needs only predictions, and perhaps unchanged lines.
    without_table = passes or (columns is OutputColumns.PREDICTIONS and not had_reasons)
    wanted: WantedColumns | Declined = _NOT_PASSING
    ways: dict[Way, Declined | None] = {}
    if is_text:
        ways[Way.ENGINE_RECORDS] = _records(options, scorer, without_table=without_table)
        wanted = _WRITTEN_ANEW
        if passes or columns is not OutputColumns.ALL:
            ids = options.id_columns if columns is OutputColumns.IDS else ()
            wanted = _numbers([column for column in inputs if column.name not in ids], had)
    elif head.format is Format.PARQUET:
        wanted = WantedGroups() if passes else _WRITTEN_ANEW
        ways[Way.ROW_GROUPS] = None if passes else _WRITTEN_ANEW
    elif passes:
        ways[Way.ENGINE_RECORDS] = _records(options, scorer, without_table=True)
        wanted = _fields(options, scorer, replaces_reasons=replaces_reasons)
    if head.format in _PASSING and head.format is not Format.PARQUET:
        ways[Way.MODEL_COLUMNS] = wanted if isinstance(wanted, Declined) else None
        # JSON and Avro are read in pieces only if just the wanted columns are read.
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
        rejects_far_seconds=target in far_seconds.IN_MILLISECONDS,
    )
    for way, declined in plan.declined.items():
        TALLY.declined(way, declined)
    _logger.debug("Plan for %s: %s; not %s.", head.format.value, _named(plan.ways), _reasons(plan.declined))
    return plan


def _records(options: FileOptions, scorer: Scorer, *, without_table: bool) -> Declined | None:
    """Why the engine may not read the records; None if it may."""
    if not without_table:
        return _WRITTEN_ANEW
    if options.wanted != PREDICTIONS_ONLY:
        return _MORE_WANTED
    return None if scorer.reads_records else _NO_RECORDS


def _numbers(columns: Sequence[Column], present: Sequence[str]) -> NumberColumns | Declined:
    names = set(present)
    found = [column for column in columns if column.type in _AS_NUMBERS and column.name in names]
    literals = {column.missing for column in found}
    # The parser has one list of missing texts for all columns of a file.
    if len(literals) != 1:
        return _NO_NUMBERS
    return NumberColumns({column.name: _AS_NUMBERS[column.type] for column in found}, literals.pop())


def _fields(options: FileOptions, scorer: Scorer, *, replaces_reasons: bool) -> WantedFields | Declined:
    if options.wanted != PREDICTIONS_ONLY:
        # The names of other added columns are not known yet.
        return _MORE_WANTED
    types = {column.name: _IN_JSON.get(column.type, column.type.arrow) for column in scorer.info.inputs}
    added = frozenset(options.prediction_prefix + column.name for column in scorer.info.outputs)
    return WantedFields(types, added, REJECT_PREFIX if replaces_reasons else None)


def _typed(inputs: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(column for column in inputs if column.type.is_number or column.type is ColumnType.BOOL)


def _named(ways: Sequence[Way]) -> str:
    return ", ".join(way.name for way in ways)


def _reasons(declined: Mapping[Way, Declined]) -> str:
    return ", ".join(f"{way.name} ({one.reason})" for way, one in declined.items()) or "any other"


# For less than this, Python objects are faster than setting up Arrow.
_LEAST_MERGED_BYTES = 1 << 14
_LEAST_MERGED_ROWS = 50

_OTHER_OUTPUT = Declined("the output has another format than the records")
_HAD_REASONS = Declined("there are reasons of an earlier scoring")


def way_for(contents: Sequence[bytes]) -> Way:
    """The way to try first for messages that are scored together. If they have few rows, each is read separately."""
    if sum(map(len, contents)) < _LEAST_MERGED_BYTES:
        return Way.FEW_ROWS
    rows = 0
    for one in contents:
        # This counts objects inside records too, which does no harm.
        rows += one.count(b"{" if one[:1] in (b"[", b"{") else b"\n")
        if rows >= _LEAST_MERGED_ROWS:
            return Way.MERGED
    return Way.FEW_ROWS


def why_no_message(options: FileOptions, form: Format, names: Sequence[str] = ()) -> Declined | None:
    """Why a message of a format, with the columns ``names``, must be scored as a file; None if it need not be."""
    if (options.output_format or form) is not form:
        return _OTHER_OUTPUT
    return _HAD_REASONS if options.bad_rows is not BadRows.FAIL and reject_columns.are_in(names) else None
