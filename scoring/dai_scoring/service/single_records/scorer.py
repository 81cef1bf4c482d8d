"""Scores records that come one by one, those that are written alike in one call, and the others together."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way, way_for
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.errors import (
    MissingColumnsError,
    MissingIdColumnsError,
    ModelError,
    NameClashError,
    ScoringError,
    StorageError,
)
from dai_scoring.fallbacks import log_fallback
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.base import MALFORMED_ROW
from dai_scoring.formats.json.parser import parse
from dai_scoring.option_words import Audience
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.service.requests import Request
from dai_scoring.service.service import ScoringService
from dai_scoring.service.single_records.alike_lines import score_alike
from dai_scoring.service.single_records.odd_lines import odd_lines
from dai_scoring.service.single_records.outcomes import EMPTY, Failed, Outcome, Rejected, Scored

_MOST_VALUE = 1000

_MISSING = type(None)
_REASONS = frozenset(REJECT_COLUMNS)
_NO_REASONS = b"," + orjson.dumps(dict.fromkeys(REJECT_COLUMNS))[1:]


class RecordScorer:
    """Scores records with a service. ``options`` say what the output has; the formats and bad_rows are chosen here.

    With ``csv_columns`` records are lines of CSV that have these columns, and otherwise JSON objects. In any thread.
    """

    def __init__(
        self, service: ScoringService, options: FileOptions | None = None, csv_columns: Sequence[str] | None = None
    ) -> None:
        self._service = service
        options = options or FileOptions()
        self._csv = None if csv_columns is None else list(csv_columns)
        self._checks_columns = options.missing_columns is not MissingColumns.AS_MISSING
        self._keeps_all = options.output_columns is OutputColumns.ALL
        self._ids = options.id_columns if options.output_columns is OutputColumns.IDS else ()
        source = Format.JSON_LINES if csv_columns is None else Format.CSV
        options = replace(options, input_format=source, output_format=Format.JSON_LINES)
        self._alike = replace(options, bad_rows=BadRows.REJECT)
        self._keeping = replace(options, bad_rows=BadRows.KEEP)
        # Where some records were bad, those that come next often are too: then it is not tried without looking.
        self._saw_odd = False

    def score(self, records: Sequence[bytes | None]) -> list[Outcome]:
        """The outcomes of records, in their order. None and blanks are rejected as :data:`EMPTY`."""
        texts = [record.strip() if record else b"" for record in records]
        is_tried = self._csv is None and not self._saw_odd and all(texts)
        if is_tried and (found := self._scored_alike(texts)) is not None:
            return found
        there = {index: text for index, text in enumerate(texts) if text}
        outcomes: dict[int, Outcome] = {
            index: Rejected(EMPTY, reason="The message is empty.") for index, text in enumerate(texts) if not text
        }
        if self._csv is not None:
            self._score_csv(there, self._csv, outcomes)
        elif there:
            self._score_unlike(there, outcomes, is_tried)
        return [outcomes[index] for index in range(len(texts))]

    def _score_unlike(self, texts: Mapping[int, bytes], outcomes: dict[int, Outcome], is_tried: bool) -> None:
        """Score objects that are written alike in one call, if most seem to be, and the others with care.

        ``is_tried``: that was tried with all of them.
        """
        try:
            with self._service.scorer() as scorer:
                inputs = [column.name for column in scorer.info.inputs]
                outputs = [self._alike.prediction_prefix + column.name for column in scorer.info.outputs]
        except ModelError as error:
            outcomes.update(dict.fromkeys(texts, Failed(error)))
            return
        found = odd_lines(_joined(texts.values()), inputs)
        odd = [] if isinstance(found, Declined) else found
        self._saw_odd = bool(odd)
        rest = texts
        if odd or not is_tried:
            indexes = list(texts)
            rest = {indexes[number]: texts[indexes[number]] for number in odd}
            if not self._score_alike({index: text for index, text in texts.items() if index not in rest}, outcomes):
                rest = texts
        if rest:
            self._score_json(rest, inputs, outputs, outcomes)

    def _score_json(
        self, texts: Mapping[int, bytes], inputs: list[str], outputs: list[str], outcomes: dict[int, Outcome]
    ) -> None:
        """Score objects that differ, looking at each."""
        needed = frozenset(inputs) if self._checks_columns else frozenset()
        ids = frozenset(self._ids)
        taken = frozenset(outputs) if self._keeps_all else frozenset()
        parsed: dict[int, dict[str, Any]] = {}
        for index, text in texts.items():
            record = parse(text)
            if type(record) is not dict:
                outcomes[index] = _malformed(text)
            elif not needed <= record.keys():
                outcomes[index] = _lacking(record, inputs)
            elif not ids <= record.keys():
                absent = [name for name in self._ids if name not in record]
                outcomes[index] = _rejected(MissingIdColumnsError(absent, list(record), inputs))
            elif not taken.isdisjoint(record):
                outcomes[index] = _rejected(NameClashError([name for name in outputs if name in record]))
            else:
                parsed[index] = record
        if not parsed:
            return
        usual = {index: texts[index] for index in _usual(parsed, inputs)}
        if len(usual) == len(texts) or not self._score_alike(usual, outcomes):
            usual = {}
        rest = [index for index in parsed if index not in usual]
        # Records with reasons of an earlier scoring are written anew, and those beside them too.
        with_reasons = {index for index in rest if not _REASONS.isdisjoint(parsed[index])}
        for some in ([index for index in rest if index not in with_reasons], sorted(with_reasons)):
            self._judge(some, [_line(texts[index]) for index in some], b"", outcomes)

    def _score_csv(self, texts: Mapping[int, bytes], columns: Sequence[str], outcomes: dict[int, Outcome]) -> None:
        lines: dict[int, bytes] = {}
        for index, text in texts.items():
            row = _fields(text)
            if row is None or len(row) != len(columns):
                outcomes[index] = _malformed(text)
            else:
                lines[index] = _csv_line(row)
        self._judge(list(lines), list(lines.values()), _csv_line(columns), outcomes)

    def _score_alike(self, texts: Mapping[int, bytes], outcomes: dict[int, Outcome]) -> bool:
        """As _scored_alike; False, and nothing is done, if that gives None."""
        found = self._scored_alike(texts.values())
        if found is not None:
            outcomes.update(zip(texts, found, strict=True))
        return found is not None

    def _scored_alike(self, texts: Collection[bytes]) -> list[Outcome] | None:
        """The outcomes of objects that are scored in one call; None if they are few, differ, or one is bad."""
        lines = _joined(texts)
        if way_for([lines]) is not Way.MERGED:
            return None
        try:
            with self._service.scorer() as scorer:
                found = score_alike(scorer, self._alike, lines, len(texts))
        except ModelError:
            return None  # it is raised again, and becomes an outcome, when they are judged
        except Exception as error:  # noqa: BLE001 - whichever record is at fault: it is found when they are judged
            log_fallback(error)
            return None
        return None if isinstance(found, Declined) else list(map(Scored, found))

    def _judge(self, indexes: Sequence[int], lines: Sequence[bytes], head: bytes, outcomes: dict[int, Outcome]) -> None:
        """Score lines that may hold bad values, together; if that fails, by halves."""
        if not indexes:
            return
        response = self._service.respond(Request(head + b"".join(lines), options=self._keeping))
        contents = response.contents
        found = contents.split(b"\n")[:-1] if isinstance(contents, bytes) else []
        if response.failure is None and len(found) == len(indexes):
            outcomes.update((index, _outcome(line)) for index, line in zip(indexes, found, strict=True))
        elif response.failure is not None and isinstance(response.failure.error, ModelError | StorageError):
            outcomes.update(dict.fromkeys(indexes, Failed(response.failure.error)))
        elif len(indexes) > 1:
            half = len(indexes) // 2
            self._judge(indexes[:half], lines[:half], head, outcomes)
            self._judge(indexes[half:], lines[half:], head, outcomes)
        elif response.failure is not None:
            outcomes[indexes[0]] = _rejected(response.failure.error)
        else:
            outcomes[indexes[0]] = Rejected(MALFORMED_ROW, reason="The message is not one record.")


def _joined(texts: Collection[bytes]) -> bytes:
    """Records as lines."""
    lines = b"\n".join(texts) + b"\n"
    return lines if lines.count(b"\n") == len(texts) else b"".join(map(_line, texts))


def _line(text: bytes) -> bytes:
    # In JSON, a line end outside of a text is white space, and inside it is an error.
    return (text.replace(b"\n", b" ") if b"\n" in text else text) + b"\n"


def _usual(records: Mapping[int, Mapping[str, Any]], inputs: Sequence[str]) -> list[int]:
    """The records whose values have the types that most of the records have."""
    types = [tuple(map(type, map(record.get, inputs))) for record in records.values()]
    # Few records differ, so the rest is done once for all that have the same types.
    alike = Counter(types)
    unusual: set[tuple[type, ...]] = set()
    for column in range(len(inputs)):
        counts: Counter[type] = Counter()
        for one, count in alike.items():
            counts[_kind(one[column])] += count
        del counts[_MISSING]
        most = counts.most_common(1)[0][0] if counts else None
        if len(counts) > 1 or most not in (None, float, str, bool):
            unusual.update(one for one in alike if _kind(one[column]) not in (_MISSING, most))
    return [index for index, one in zip(records, types, strict=True) if one not in unusual]


def _kind(one: type) -> type:
    return float if one is int else one


def _fields(text: bytes) -> list[str] | None:
    """The fields of a message that is one row of CSV; None if it is not."""
    # The module refuses longer fields: a limit of the process.
    if len(text) > csv.field_size_limit():
        csv.field_size_limit(len(text))
    try:
        rows = list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    return rows[0] if len(rows) == 1 else None


def _csv_line(fields: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()


def _outcome(line: bytes) -> Outcome:
    """The outcome of a record that was written with the reasons behind it."""
    if line.endswith(_NO_REASONS):
        return Scored(line[: -len(_NO_REASONS)] + b"}")
    # Not orjson's: what else the record has may be a number that is beyond a double.
    record = parse(line)
    code, column, value = map(record.get, REJECT_COLUMNS)
    return Rejected(code, column, None if value is None else str(value)[:_MOST_VALUE])


def _malformed(text: bytes) -> Rejected:
    return Rejected(MALFORMED_ROW, value=text[:_MOST_VALUE].decode(errors="replace"))


def _lacking(record: Mapping[str, Any], inputs: Sequence[str]) -> Rejected:
    return _rejected(MissingColumnsError([name for name in inputs if name not in record], list(record), inputs))


def _rejected(error: ScoringError) -> Rejected:
    return Rejected(error.code, error.column, reason=error.text_for(Audience.CLIENT))
