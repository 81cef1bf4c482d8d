"""Moves the pieces of one file through reading, scoring and writing, in several threads or in one.

One thread reads, several parse, score and prepare what is written, one writes. Each piece stays with one thread, and
the pieces are put together again in their order. Arrow and the runtimes release Python's lock while they work. Java
keeps a record of every thread that ever called it, so the threads that score are the same for all files.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pyarrow as pa

from dai_scoring import formats
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer, ScoredPiece
from dai_scoring.batch.plan import TALLY, Plan, Way
from dai_scoring.batch.threads import ordered_map, prefetch, write_behind
from dai_scoring.batch.totals import Totals, bad_rows_error
from dai_scoring.errors import InputError, MissingColumnsError
from dai_scoring.formats import Chunk, Declined, Encoded, Format, Piece
from dai_scoring.formats.base import MAX_CHUNK_BYTES
from dai_scoring.options import BadRows, MissingColumns
from dai_scoring.scorer import Scorer

THREADS = min(4, os.cpu_count() or 1)
"""How many threads score, of all files together: reading and writing keep few more than this busy."""

# What a piece costs in itself, about a millisecond, is noticeable in smaller files.
FEW_BYTES = 2 << 20
"""Smaller files are cut into one piece for each thread, others into two, so that no thread waits long for another."""
PIECES_BY_THREADS = 2 * THREADS * MAX_CHUNK_BYTES // 4
"""A file of so many bytes is cut into the same pieces whatever the number of threads."""


@dataclass
class OutputFile:
    """A file that is opened when its first table, or only its schema, is known."""

    path: Path
    format: Format
    dialect: formats.AnyDialect | None
    writer: formats.RecordWriter | None = field(default=None)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self, schema: pa.Schema) -> formats.RecordWriter:
        """The writer, which the first call makes."""
        with self.lock:
            if self.writer is None:
                self.writer = formats.open_writer(self.path, self.format, schema, dialect=self.dialect)
            return self.writer

    def put(self, encoded: Encoded) -> None:
        """Append rows."""
        if self.writer is not None:
            self.writer.put(encoded)

    def close(self) -> None:
        """Finish the file, if it was opened."""
        if self.writer is not None:
            self.writer.close()


@dataclass(frozen=True)
class _Outcome:
    """A piece that was scored, as it is written."""

    piece: ScoredPiece
    scored: Encoded
    rejected: Encoded | None


def _has_more(outcomes: Iterator[_Outcome | Declined]) -> bool:
    """Whether another piece follows."""
    try:
        return next(outcomes, None) is not None
    except InputError:
        return True


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, "dai-scoring-file")


class FileJob:
    """One run of :func:`dai_scoring.batch.files.score_file`; ``size`` is that of the file, in bytes."""

    def __init__(
        self,
        scorer: Scorer,
        options: FileOptions,
        reader: formats.RecordReader,
        target: OutputFile,
        rejected: OutputFile,
        *,
        plan: Plan,
        size: int,
        on_progress: Callable[[int], None] | None,
    ) -> None:
        self._size = size
        self._on_progress = on_progress
        self._pieces = PieceScorer(scorer, options, reader, plan)
        self._plan = plan
        self._reader = reader
        self._target = target
        self._rejected = rejected
        self._fails = options.bad_rows is BadRows.FAIL
        self._present: set[str] = set()
        self._inputs = [column.name for column in scorer.info.inputs]
        self._absent: list[str] = []
        if reader.schema is None and options.missing_columns is MissingColumns.FAIL:
            self._absent = self._inputs
        self.totals = Totals()

    def run(self, threaded: bool) -> Declined | None:
        """Move all pieces; afterwards both files are complete.

        Declined where the reader of whole files has to read the file from its start. Then neither file is of use.
        """
        try:
            return self._move(threaded)
        finally:
            self._target.close()
            self._rejected.close()

    def _move(self, threaded: bool) -> Declined | None:
        parts = 1 if not threaded else THREADS if self._size < FEW_BYTES else 2 * THREADS
        # A large file has chunks enough, the same for any number of threads; and Parquet makes each a row group.
        is_cut = self._size < PIECES_BY_THREADS and self._target.format is not Format.PARQUET
        pieces: Iterator[Piece | Declined] = formats.chunks(self._reader, parts if is_cut else 1)
        if not {Way.PIECES, Way.ROW_GROUPS}.isdisjoint(self._plan.ways):
            by_engine = Way.ENGINE_RECORDS in self._plan.ways
            pieces = formats.pieces(self._reader, self._plan.wanted, parts, as_records=by_engine)
        if threaded:
            with prefetch(pieces) as coming, write_behind(self._write) as write:
                outcomes = ordered_map(self._score, coming, _threads(), THREADS + 1)
                with closing(outcomes):
                    declined = self._account(outcomes, write)
        else:
            declined = self._account(map(self._score, pieces), self._write)
        if declined is not None:
            return declined
        if self._target.writer is None:
            empty = (self._reader.schema or pa.schema([])).empty_table()
            self._encoded(self._pieces.of_chunk(Chunk(empty)))
        if self._absent and (self._present or self.totals.scored):
            raise MissingColumnsError(self._absent, sorted(self._present), self._inputs)
        return None

    def _score(self, piece: Piece | Declined) -> _Outcome | Declined:
        """Score a piece and prepare what is written of it; in any thread."""
        if isinstance(piece, Declined):
            TALLY.declined(Way.ROW_GROUPS if Way.ROW_GROUPS in self._plan.ways else Way.PIECES, piece)
            return piece
        found = self._pieces.score(piece)
        return found if isinstance(found, Declined) else self._encoded(found)

    def _encoded(self, found: ScoredPiece) -> _Outcome | Declined:
        scored = self._target.opened(found.schema).encode(found.rows, found.lines)
        if isinstance(scored, Declined):
            TALLY.declined(Way.PIECES, scored)
            return scored
        if found.rejected is None or self._fails:
            return _Outcome(found, scored, None)
        rejected = self._rejected.opened(found.rejected.schema).encode(found.rejected, found.rejected_lines)
        return _Outcome(found, scored, rejected)

    def _account(self, outcomes: Iterator[_Outcome | Declined], write: Callable[[_Outcome], None]) -> Declined | None:
        for outcome in outcomes:
            if isinstance(outcome, Declined):
                return outcome
            piece = outcome.piece
            self._note(piece)
            if piece.rejects.num_rows and self._fails:
                # A column that no record has is the better reason, and may not be known yet.
                for later in outcomes if self._absent else ():
                    if isinstance(later, Declined):
                        return later
                    self._note(later.piece)
                if self._absent:
                    raise MissingColumnsError(self._absent, sorted(self._present), self._inputs)
                raise bad_rows_error(piece.rejects, self.totals.records, at_least=_has_more(outcomes))
            self.totals.add(piece.count, piece.rejects, piece.unseen)
            write(outcome)
            if self._on_progress is not None:
                self._on_progress(self.totals.records)
        return None

    def _note(self, piece: ScoredPiece) -> None:
        """Mark the columns that there are: where each piece has its own, only the end tells which are missing."""
        if self._absent:
            self._present.update(piece.names)
            self._absent = [name for name in self._absent if name not in self._present]

    def _write(self, outcome: _Outcome) -> None:
        self._target.put(outcome.scored)
        if outcome.rejected is not None:
            self._rejected.put(outcome.rejected)
