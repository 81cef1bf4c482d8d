"""Scores one piece of a file: parses it, separates rows that cannot be scored, joins predictions to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.batch import far_seconds, reject_columns, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import TALLY, Head, Plan, Way
from dai_scoring.engine import Scored
from dai_scoring.formats import Chunk, Declined, Format, GroupRows, Lines, ParsedPiece, Piece, RecordsPiece
from dai_scoring.formats.json import original_values
from dai_scoring.formats.json import writer as json_writer
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.rejected import REJECT_SCHEMA

_NO_ROWS = np.array([], np.int64)
_REJECTED = Declined("a row is rejected, and all of its columns are needed")


@dataclass(frozen=True)
class ScoredPiece:
    """What became of the records of a piece.

    ``names`` are the columns that they have. ``rows`` are those that were scored, as they are written; where
    ``lines`` has their own columns as they were read, the predictions alone; but all columns where it is a part of a
    row group that is not whole. With BadRows.KEEP they are all rows.
    ``rejected`` are the other rows, and the reasons are their last columns. Where ``rejected_lines`` has these rows as
    they were read, ``rejected`` has only the reasons. None if no row was rejected, or they are in ``rows``.
    ``way`` is by which they were read. ``rejects`` has :data:`dai_scoring.values.rejected.REJECT_SCHEMA`.
    ``unseen`` and ``unseen_rows`` are those of :class:`dai_scoring.scorer.Scored`.
    """

    names: list[str]
    rows: pa.Table
    lines: Lines | None
    rejects: pa.Table
    rejected: pa.Table | None = None
    rejected_lines: pa.Array | None = None
    unseen: Mapping[str, int] | None = None
    unseen_rows: Mapping[str, npt.NDArray[np.int64]] | None = None
    way: Way = Way.READER

    @property
    def count(self) -> int:
        """How many rows were scored."""
        among = self.rejects.num_rows if self.rejected is None else 0
        return int(self.rows.num_rows - among)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the scored rows; of those in lines of text only the names count."""
        if self.lines is None or _are_all(self.lines):
            return self.rows.schema
        if isinstance(self.lines, GroupRows):
            source = self.lines.source
            return pa.schema([*source.schema, *list(self.rows.schema)[len(source.anew) :]])
        return pa.schema([*map(_texts, self.names), *self.rows.schema])


def _texts(name: str) -> pa.Field:
    return pa.field(name, pa.string())


def _are_all(lines: Lines) -> bool:
    """Whether all columns are written anew next to these."""
    return isinstance(lines, GroupRows) and not lines.are_whole


class PieceScorer:
    """Scores the pieces of one file as its plan says, in any thread."""

    def __init__(self, scorer: Scorer, options: FileOptions, head: Head, plan: Plan) -> None:
        self._scorer = scorer
        self._options = options
        self._plan = plan
        self._ways = frozenset(plan.ways)
        # In Avro a single text may be odd. Pieces of other formats are of one kind, as a rule: if a way declines one,
        # further attempts would only cost time.
        self._gives_up = head.format is not Format.AVRO
        # Where each chunk has its own columns, as in JSON without nulls, a column is missing when no record of the
        # whole file has it, which only the end can tell.
        known = head.schema is not None
        self._missing_columns = options.missing_columns if known else MissingColumns.AS_MISSING
        self._keeps_bad = options.bad_rows is BadRows.KEEP
        self._input_names = [column.name for column in scorer.info.inputs]

    def score(self, piece: Piece) -> ScoredPiece | Declined:
        """Parse a piece and score its records.

        Declined where the reader of whole files has to read the file from its start.
        """
        if isinstance(piece, ParsedPiece):
            first = Way.ROW_GROUPS if Way.ROW_GROUPS in self._ways else Way.PIECES
            for way, declined in zip((first, Way.READER), piece.declined, strict=False):
                TALLY.declined(way, declined)
            scored = self.of_chunk(piece.chunk)
            if isinstance(scored.lines, GroupRows):
                if scored.lines.are_whole:
                    return self._taken(Way.ROW_GROUPS, scored)
                TALLY.declined(Way.ROW_GROUPS, _REJECTED)
            return self._taken(Way.READER if len(piece.declined) < 2 else Way.ONE_BY_ONE, scored)
        if Way.ENGINE_RECORDS in self._ways and isinstance(piece, RecordsPiece):
            by_engine = self._by_engine(piece)
            if not isinstance(by_engine, Declined):
                return self._taken(Way.ENGINE_RECORDS, by_engine)
            self._declined(Way.ENGINE_RECORDS, by_engine)
        if Way.MODEL_COLUMNS in self._ways:
            chunk = piece.parse()
            if isinstance(chunk, Declined):
                self._declined(Way.MODEL_COLUMNS, chunk)
            elif (scored := self.of_chunk(chunk)).rejects.num_rows:
                # They are rejected as they came.
                TALLY.declined(Way.MODEL_COLUMNS, _REJECTED)
            else:
                return self._taken(Way.MODEL_COLUMNS, scored)
        chunk = piece.parse_whole()
        if isinstance(chunk, Declined):
            TALLY.declined(Way.PIECES, chunk)
            return chunk
        return self._taken(Way.PIECES, self.of_chunk(chunk))

    def _is_written(self, name: str) -> bool:
        columns = self._options.output_columns
        return columns is OutputColumns.ALL or (columns is OutputColumns.IDS and name in self._options.id_columns)

    def _taken(self, way: Way, scored: ScoredPiece) -> ScoredPiece:
        TALLY.took(way)
        return replace(scored, way=way)

    def _declined(self, way: Way, declined: Declined) -> None:
        TALLY.declined(way, declined)
        if self._gives_up:
            self._ways -= {way}

    def _by_engine(self, piece: RecordsPiece) -> ScoredPiece | Declined:
        """Have the engine read the records of a piece."""
        made = self._scorer.predict_records(piece.records())
        if isinstance(made, Declined):
            return made
        names = piece.names
        passes = self._plan.passes_lines
        rows = results.named(made.predictions, names if passes else [], self._options.prediction_prefix)
        rejects = REJECT_SCHEMA.empty_table()
        if self._keeps_bad:
            rows = results.in_place(rows, rejects, rows.num_rows)
        lines = piece.lines_until(made.ends) if passes else None
        return ScoredPiece(names, rows, lines, rejects, unseen=made.unseen_counts, unseen_rows=made.unseen)

    def of_chunk(self, chunk: Chunk) -> ScoredPiece:
        """Score rows that were read."""
        if self._plan.rejects_far_seconds and chunk.lines is None:
            chunk = far_seconds.rejected(chunk, self._is_written)
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
            reject_columns.check(whole, self._input_names)
            if self._options.output_columns is OutputColumns.ALL:
                kept = [name for name in kept if name not in results.REJECT_COLUMNS]
        if self._plan.keeps_digits and chunk.lines is not None and not isinstance(chunk.lines, GroupRows):
            table = original_values.restored(table, chunk.lines, self._shown(names, kept, rejects))
            chunk = replace(chunk, table=table)
        if self._keeps_bad:
            return self._with_bad(chunk, scored, rejects, kept)
        predictions = results.named(scored.outputs, kept, self._options.prediction_prefix)
        lines = chunk.lines if self._plan.passes_lines and not self._drops(names) else None
        if isinstance(lines, GroupRows):
            lines = lines.written_anew() if len(bad) else lines
        elif lines is not None:
            lines = results.without(lines, bad)
        rows = self._joined(table, predictions, bad, kept, lines)
        rejected, rejected_lines = self._rejected(chunk, rejects) if rejects.num_rows else (None, None)
        return ScoredPiece(
            names,
            rows,
            lines,
            rejects,
            rejected=rejected,
            rejected_lines=rejected_lines,
            unseen=scored.unseen,
            unseen_rows=scored.unseen_rows,
        )

    def _shown(self, names: list[str], kept: list[str], rejects: pa.Table) -> list[str]:
        """The columns of a table that may be written, of those that do not pass through with their lines."""
        has_reasons = self._drops(names)
        if rejects.num_rows and (has_reasons or not self._plan.rejects_lines):
            return names
        return [] if self._plan.passes_lines and not has_reasons else kept

    def _drops(self, names: list[str]) -> bool:
        """Whether some of the columns are reasons of an earlier scoring, which are dropped."""
        return self._plan.replaces_reasons and reject_columns.are_in(names)

    def _with_bad(self, chunk: Chunk, scored: Scored, rejects: pa.Table, kept: list[str]) -> ScoredPiece:
        """All rows, those that cannot be scored in their place with the reason."""
        table, names = chunk.table, chunk.table.schema.names
        results.output_names(results.REJECT_COLUMNS, kept, "")
        predictions = results.named(scored.outputs, kept, self._options.prediction_prefix)
        rows = results.in_place(predictions, rejects, table.num_rows)
        lines = self._lines_of_all(chunk) if self._plan.passes_lines else None
        rows = self._joined(table, rows, _NO_ROWS, kept, lines)
        return ScoredPiece(names, rows, lines, rejects, unseen=scored.unseen, unseen_rows=scored.unseen_rows)

    def _joined(
        self, table: pa.Table, added: pa.Table, bad: npt.NDArray[np.int64], kept: list[str], lines: Lines | None
    ) -> pa.Table:
        """What is written next to ``lines``: the added columns, after all or some of the ``kept`` ones."""
        if lines is None or _are_all(lines):
            return results.joined(table, added, bad, kept, self._plan.typed)
        anew = lines.source.anew if isinstance(lines, GroupRows) else ()
        return results.joined(table, added, bad, anew) if anew else added

    def _lines_of_all(self, chunk: Chunk) -> Lines | None:
        """The rows as they stand, where predictions can come after each of them."""
        if chunk.lines is None or self._drops(chunk.table.schema.names):
            return None
        if chunk.malformed is None:
            return chunk.lines
        if isinstance(chunk.lines, GroupRows):
            return chunk.lines.written_anew()
        if not self._plan.rejects_lines:
            return None
        malformed = np.isin(np.arange(chunk.table.num_rows), chunk.malformed.column("row").to_numpy())
        return json_writer.emptied(chunk.lines, pa.array(malformed))

    def _rejected(self, chunk: Chunk, rejects: pa.Table) -> tuple[pa.Table, pa.Array | None]:
        names = chunk.table.schema.names
        lines = chunk.lines
        if lines is None or isinstance(lines, GroupRows) or not self._plan.rejects_lines or self._drops(names):
            return results.with_reasons(chunk.table, rejects), None
        # A table of records of JSON does not tell a key that is absent from one that is null.
        numbers = rejects.column("row").to_numpy()
        malformed = [] if chunk.malformed is None else chunk.malformed.column("row").to_numpy()
        lines = results.only(lines, numbers)
        code, *further = results.REJECT_COLUMNS
        why = results.reasons(rejects)
        codes = why.column(code).combine_chunks()
        return why.select(further), json_writer.with_codes(lines, codes, pa.array(np.isin(numbers, malformed)), code)


def _merged(count: int, rejects: pa.Table, malformed: pa.Table) -> pa.Table:
    """Rejects numbered in the table without its malformed rows, and those rows, numbered in the whole table."""
    whole = np.delete(np.arange(count), malformed.column("row").to_numpy())
    numbered = rejects.set_column(
        0, REJECT_SCHEMA.field("row"), pa.array(whole[rejects.column("row").to_numpy()], pa.int64())
    )
    return pa.concat_tables([numbered, malformed]).sort_by("row")
