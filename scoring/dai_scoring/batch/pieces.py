"""One piece of a file scored: parsed, the rows that cannot be scored told apart, the others joined with predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.batch import earlier, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.complaints import REJECT_SCHEMA
from dai_scoring.formats import Chunk, Fields, Format, Numbers, Piece, RecordReader
from dai_scoring.formats.csv.pieces import CsvPiece
from dai_scoring.formats.json import original_values
from dai_scoring.formats.json import writer as json_writer
from dai_scoring.formats.merged import Merged
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, MissingColumns, OutputColumns
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scored, Scorer

_AS_NUMBERS = {
    ColumnType.FLOAT32: pa.float64(),
    ColumnType.FLOAT64: pa.float64(),
    ColumnType.INT32: pa.int64(),
    ColumnType.INT64: pa.int64(),
}
_JSON = (Format.JSON_LINES, Format.JSON_ARRAY)
_PASSING = (Format.CSV, Format.JSON_LINES, Format.JSON_ARRAY, Format.AVRO)
_NO_ROWS = np.array([], np.int64)
_IN_JSON = {**_AS_NUMBERS, ColumnType.TIME64: pa.string()}


@dataclass(frozen=True)
class ScoredPiece:
    """What became of the records of a piece.

    ``names`` are the columns that they have. ``rows`` are those that were scored, as they are written; where
    ``lines`` has their own columns as they were read, the predictions alone. With BadRows.KEEP they are all rows.
    ``rejected`` are the other rows, and the reasons are their last columns. Where ``rejected_lines`` has these rows as
    they were read, ``rejected`` has only the reasons. None if no row was rejected, or they are in ``rows``.
    ``is_whole`` is that of the chunk. ``rejects`` has :data:`dai_scoring.complaints.REJECT_SCHEMA`.
    ``unseen`` and ``unseen_rows`` are those of :class:`dai_scoring.scorer.Scored`.
    """

    names: list[str]
    rows: pa.Table
    lines: pa.Array | None
    rejects: pa.Table
    is_whole: bool
    rejected: pa.Table | None = None
    rejected_lines: pa.Array | None = None
    unseen: Mapping[str, int] | None = None
    unseen_rows: Mapping[str, npt.NDArray[np.int64]] | None = None

    @property
    def count(self) -> int:
        """How many rows were scored."""
        among = self.rejects.num_rows if self.rejected is None else 0
        return int(self.rows.num_rows - among)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the scored rows; of those in ``lines`` only the names count."""
        own = [] if self.lines is None else [pa.field(name, pa.string()) for name in self.names]
        return pa.schema([*own, *self.rows.schema])


class PieceScorer:
    """Scores the pieces of one file, in any thread."""

    def __init__(self, scorer: Scorer, options: FileOptions, reader: RecordReader | Merged, target: Format) -> None:
        self._scorer = scorer
        self._options = options
        # Where each chunk has its own columns, as in JSON without nulls, a column is missing when no record of the
        # whole file has it, which only the end can tell.
        known = reader.schema is not None
        self._missing_columns = options.missing_columns if known else MissingColumns.AS_MISSING
        inputs = scorer.info.inputs
        is_text = reader.format.is_text_typed
        self._typed: tuple[Column, ...] = ()
        if is_text and not target.is_text_typed:
            self._typed = tuple(c for c in inputs if c.type.is_number or c.type is ColumnType.BOOL)
        keeps_all = options.output_columns is OutputColumns.ALL
        self._keeps_bad = options.bad_rows is BadRows.KEEP
        self._passes_lines = keeps_all and reader.format is target and target in _PASSING
        self._replaces_reasons = earlier.are_replaced(options.bad_rows, options.output_columns)
        self._input_names = [column.name for column in inputs]
        had = reader.schema.names if reader.schema is not None else []
        had_reasons = self._replaces_reasons and earlier.has_reasons(had)
        if had_reasons:
            self._passes_lines = False
        # No more than predictions and what passes through as it stands.
        without_table = self._passes_lines or (options.output_columns is OutputColumns.PREDICTIONS and not had_reasons)
        self._keeps_digits = reader.format in _JSON and target in (*_JSON, Format.CSV)
        self._rejects_lines = reader.format is target and target in _JSON
        self._tries_plain = without_table and options.wanted == PREDICTIONS_ONLY
        self.wanted: Numbers | Fields | None = None
        """What is enough to read: numbers as such, or the model's columns."""
        if is_text and (self._passes_lines or not keeps_all):
            kept = options.id_columns if options.output_columns is OutputColumns.IDS else ()
            self.wanted = _numbers([c for c in inputs if c.name not in kept], reader.schema)
        elif self._passes_lines:
            self.wanted = self._fields()

    def _fields(self) -> Fields | None:
        if self._options.wanted != PREDICTIONS_ONLY:
            # What else is added has no names yet.
            return None
        info, prefix = self._scorer.info, self._options.prediction_prefix
        types = {column.name: _IN_JSON.get(column.type, column.type.arrow) for column in info.inputs}
        added = frozenset(prefix + column.name for column in info.outputs)
        return Fields(types, added, results.REJECT_PREFIX if self._replaces_reasons else None)

    def score(self, piece: Piece) -> ScoredPiece:
        """Parse a piece and score its records."""
        if self._tries_plain and isinstance(piece, CsvPiece) and (scored := self._plainly(piece)) is not None:
            return scored
        chunk = piece.parse()
        scored = self._scored(chunk)
        if scored.rejects.num_rows and not chunk.is_whole:
            # They are rejected as they came.
            scored = self._scored(piece.parse_whole())
        return scored

    def _plainly(self, piece: CsvPiece) -> ScoredPiece | None:
        csv = piece.plain()
        made = self._scorer.predict_plain(csv)
        if made is None:
            # Pieces of one file are of one kind, as a rule: further attempts would be for nothing.
            self._tries_plain = False
            return None
        names = list(csv.names)
        kept = names if self._passes_lines else []
        rows = results.named(made.predictions, kept, self._options.prediction_prefix)
        lines = piece.lines() if self._passes_lines else None
        rejects = REJECT_SCHEMA.empty_table()
        if self._keeps_bad:
            rows = results.in_place(rows, rejects, rows.num_rows)
        return ScoredPiece(names, rows, lines, rejects, False, unseen=made.unseen_counts, unseen_rows=made.unseen)

    def _scored(self, chunk: Chunk) -> ScoredPiece:
        table, malformed = chunk.table, chunk.malformed
        whole = table if malformed is None else results.without(table, malformed.column("row").to_numpy())
        scored = self._scorer.score(whole, self._missing_columns, self._options.wanted)
        rejects = scored.rejects if malformed is None else _merged(table.num_rows, scored.rejects, malformed)
        bad = rejects.column("row").to_numpy()
        names = table.schema.names
        # No columns: a file of records without a record, such as the JSON array [].
        kept: list[str] = []
        if names:
            options = self._options
            kept = results.kept_columns(names, options.output_columns, options.id_columns, self._input_names)
        if self._drops(names):
            earlier.check(whole, self._input_names)
            if self._options.output_columns is OutputColumns.ALL:
                kept = [name for name in kept if name not in results.REJECT_COLUMNS]
        if self._keeps_digits and chunk.lines is not None:
            table = original_values.restored(table, chunk.lines, self._shown(names, kept, rejects))
            chunk = replace(chunk, table=table)
        if self._keeps_bad:
            return self._with_bad(chunk, scored, rejects, kept)
        predictions = results.named(scored.outputs, kept, self._options.prediction_prefix)
        lines = chunk.lines if self._passes_lines and not self._drops(names) else None
        if lines is not None:
            rows = predictions
            lines = results.without(lines, bad)
        else:
            rows = results.joined(table, predictions, bad, kept, self._typed)
        rejected, rejected_lines = self._rejected(chunk, rejects) if rejects.num_rows else (None, None)
        return ScoredPiece(
            names,
            rows,
            lines,
            rejects,
            chunk.is_whole,
            rejected=rejected,
            rejected_lines=rejected_lines,
            unseen=scored.unseen,
            unseen_rows=scored.unseen_rows,
        )

    def _shown(self, names: list[str], kept: list[str], rejects: pa.Table) -> list[str]:
        """The columns of a table that may be written, of those that do not pass through with their lines."""
        has_reasons = self._drops(names)
        if rejects.num_rows and (has_reasons or not self._rejects_lines):
            return names
        return [] if self._passes_lines and not has_reasons else kept

    def _drops(self, names: list[str]) -> bool:
        """Whether some of the columns are reasons of an earlier scoring, which give way."""
        return self._replaces_reasons and earlier.has_reasons(names)

    def _with_bad(self, chunk: Chunk, scored: Scored, rejects: pa.Table, kept: list[str]) -> ScoredPiece:
        """All rows, those that cannot be scored in their place with the reason."""
        table, names = chunk.table, chunk.table.schema.names
        results.output_names(results.REJECT_COLUMNS, kept, "")
        predictions = results.named(scored.outputs, kept, self._options.prediction_prefix)
        rows = results.in_place(predictions, rejects, table.num_rows)
        lines = self._lines_of_all(chunk) if self._passes_lines else None
        if lines is None:
            rows = results.joined(table, rows, _NO_ROWS, kept, self._typed)
        return ScoredPiece(
            names, rows, lines, rejects, chunk.is_whole, unseen=scored.unseen, unseen_rows=scored.unseen_rows
        )

    def _lines_of_all(self, chunk: Chunk) -> pa.Array | None:
        """The rows as they stand, where predictions can come behind each of them."""
        if chunk.lines is None or self._drops(chunk.table.schema.names):
            return None
        if chunk.malformed is None:
            return chunk.lines
        if not self._rejects_lines:
            return None
        malformed = np.isin(np.arange(chunk.table.num_rows), chunk.malformed.column("row").to_numpy())
        return json_writer.emptied(chunk.lines, pa.array(malformed))

    def _rejected(self, chunk: Chunk, rejects: pa.Table) -> tuple[pa.Table, pa.Array | None]:
        names = chunk.table.schema.names
        if chunk.lines is None or not self._rejects_lines or self._drops(names):
            return results.with_reasons(chunk.table, rejects), None
        # A table of records of JSON does not tell a key that is absent from one that is null.
        numbers = rejects.column("row").to_numpy()
        malformed = [] if chunk.malformed is None else chunk.malformed.column("row").to_numpy()
        lines = results.only(chunk.lines, numbers)
        code, *further = results.REJECT_COLUMNS
        why = results.reasons(rejects)
        codes = why.column(code).combine_chunks()
        return why.select(further), json_writer.with_codes(lines, codes, pa.array(np.isin(numbers, malformed)), code)


def _numbers(columns: list[Column], schema: pa.Schema | None) -> Numbers | None:
    present = set(schema.names) if schema is not None else set()
    found = [column for column in columns if column.type in _AS_NUMBERS and column.name in present]
    literals = {column.missing for column in found}
    # Texts mean a missing value in all columns of a file or in none.
    return Numbers({c.name: _AS_NUMBERS[c.type] for c in found}, literals.pop()) if len(literals) == 1 else None


def _merged(count: int, rejects: pa.Table, malformed: pa.Table) -> pa.Table:
    """Rejects numbered in the table without its malformed rows, and those rows, numbered in the whole table."""
    whole = np.delete(np.arange(count), malformed.column("row").to_numpy())
    numbered = rejects.set_column(
        0, REJECT_SCHEMA.field("row"), pa.array(whole[rejects.column("row").to_numpy()], pa.int64())
    )
    return pa.concat_tables([numbered, malformed]).sort_by("row")
