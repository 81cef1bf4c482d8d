"""Scores the rows of a query into a table: all in one transaction, or ordered by a key, one transaction per chunk."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

from dai_routes.database.contract import Database, TableName
from dai_routes.database.errors import ConflictError, DatabaseError
from dai_routes.database.progress import Progress, ProgressTable
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import ScoredTable, TableScorer
from dai_scoring.batch.threads import prefetch
from dai_scoring.cli.errors import NotFoundError, UsageError
from dai_scoring.scorer import Scorer
from dai_scoring.values.unseen_levels import sum_counts


class Mode(Enum):
    """What to do with the target."""

    FAIL = "fail"
    APPEND = "append"
    REPLACE = "replace"
    UPDATE = "update"


@dataclass(frozen=True)
class Job:
    """What to score, and where the scores go."""

    query: str
    target: TableName
    rejected: TableName
    mode: Mode = Mode.FAIL
    key: str | None = None
    key_is_primary: bool = False
    chunk_rows: int = 50_000
    before: str | None = None
    after: str | None = None

    @property
    def by_chunks(self) -> bool:
        """Whether each chunk is committed separately. A table that is replaced is written in one transaction."""
        return self.key is not None and self.mode is not Mode.REPLACE

    def id_with(self, model: str, options: FileOptions) -> str:
        """An id of the job, by its query, model and options: other jobs for the same target have other ids."""
        parts = [self.query, self.key, str(self.rejected), self.mode is Mode.UPDATE, model, repr(options)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """The counts of a run. ``earlier`` is the number of rows that earlier runs of the same job have written."""

    scored: int
    rejected: int
    earlier: int
    seconds: float
    unseen: Mapping[str, int] | None = None

    @property
    def records(self) -> int:
        """How many rows this run has read."""
        return self.scored + self.rejected


class Run:
    """One run of a job. If it fails, its last transaction is rolled back."""

    def __init__(self, job: Job, scorer: Scorer, options: FileOptions, source: Database, target: Database) -> None:
        """``source`` and ``target`` may be the same connection."""
        self._job = job
        self._scorer = TableScorer(scorer, options)
        self._source = source
        self._target = target
        self._job_id = job.id_with(scorer.info.sha256, options)
        self._progress = Progress(self._job_id)
        self._table = ProgressTable(target, job.target)
        self._made: set[TableName] = set()
        self._is_cleared = False
        self._scored = 0
        self._rejected = 0
        self._unseen: Mapping[str, int] | None = None

    def check(self) -> None:
        """Raise an error for everything that can be checked before a row is read."""
        job = self._job
        schema = self._source.schema_of(job.query)
        names = schema.names
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DatabaseError(f"The query gives several columns with the name {twice}. Give each a name by AS.")
        if job.key is not None:
            if job.key not in names:
                raise NotFoundError(f"There is no column {job.key}, the key. There are: {', '.join(names)}.")
            self._check_key(job.query, job.key)
        self._scorer.check(schema)
        columns = self._target.columns(job.target)
        if job.mode is Mode.UPDATE and job.key not in (columns or ()):
            lacking = f"table {job.target}" if columns is None else f"column {job.key} in {job.target}"
            raise NotFoundError(f"There is no {lacking} to update. Its name counts as it is written there.")

    def _check_key(self, query: str, key: str) -> None:
        """Check that each row has a key, and that no two have the same. A primary key needs no check."""
        if self._job.key_is_primary:
            return
        if self._source.has_null(query, key):
            raise DatabaseError(
                f"The key {key} has rows without a value, so they have no place in its order. "
                "Leave them out of the query, or take another key."
            )
        if self._source.has_twice(query, key):
            raise _no_key(key)

    def preview(self, rows: int) -> ScoredTable:
        """Score the first rows, and write nothing."""
        with self._source.read(self._job.query, self._job.key, None, rows) as tables:
            for table in tables:
                return self._score(table)
        return self._scorer.score(self._source.schema_of(self._job.query).empty_table())

    def run(self, note: Callable[[int], None] = lambda rows: None) -> Outcome:
        """Score the remaining rows. ``note`` is called after each chunk with the number of rows done."""
        began = time.perf_counter()
        with self._undone_on_failure():
            earlier = self._begin()
            if not self._progress.is_finished:
                self._move(note)
            self._end()
        seconds = time.perf_counter() - began
        return Outcome(self._scored, self._rejected, earlier, seconds, self._unseen)

    @contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._target.rollback()
            raise

    def _begin(self) -> int:
        """Prepare the target; returns the number of rows that earlier runs have written."""
        job = self._job
        if job.mode is Mode.UPDATE:
            # Before anything reads the table: adding a column waits for all readers.
            columns = self._target.columns(job.target) or {}
            scores = self._scorer.check(self._source.schema_of(job.query))[0]
            self._target.add_columns(job.target, [field for field in scores if field.name not in columns])
        exists = self._target.columns(job.target) is not None
        # If the target was dropped, all rows are scored again.
        found = self._table.load() if job.by_chunks and exists else None
        if found is not None and found.job == self._job_id and not (found.is_finished and job.mode is Mode.FAIL):
            # Also if the job was finished: rows with higher keys may have been added since.
            self._progress = replace(found, is_finished=False)
            self._table.begin(self._progress)
            # Before anything is read: until this commit, readers wait for the added column.
            self._target.commit()
            return found.scored + found.rejected
        if found is not None and not found.is_finished:
            raise ConflictError(
                f"{job.target} is half written by a run with another query, model or options. Run that to its end with "
                "the same command, or drop the table, and its row in dai_score_progress."
            )
        if job.before:
            self._target.run(job.before)
        if exists and job.mode is Mode.FAIL:
            raise ConflictError(
                f"There is a table {job.target} already. Name another, or choose --mode append, replace or update."
            )
        if job.mode is Mode.REPLACE and self._target.creates_in_transaction:
            for table in self._existing():
                self._target.drop(table)
            self._table.forget()
        if job.by_chunks:
            self._table.begin(self._progress)
            self._target.commit()
        return 0

    def _move(self, note: Callable[[int], None]) -> None:
        job = self._job
        with (
            self._source.read(job.query, job.key, self._progress.last_key, job.chunk_rows) as tables,
            prefetch(tables) as coming,
        ):
            last: pa.Scalar | None = None
            for table in coming:
                if job.key is not None:
                    last = _checked_key(table.column(job.key), job.key, last)
                found = self._score(table)
                self._write(found)
                self._scored += table.num_rows - found.rejects.num_rows
                self._rejected += found.rejects.num_rows
                self._unseen = sum_counts(self._unseen, found.unseen)
                if job.by_chunks:
                    self._commit(last, table.num_rows, found.rejects.num_rows)
                note(self._scored + self._rejected)
        if not self._scored + self._rejected:
            self._make_tables(*self._scorer.check(self._source.schema_of(job.query)), 1, 0)

    def _score(self, table: pa.Table) -> ScoredTable:
        return self._scorer.score(table, self._source.model_table(table))

    def _existing(self) -> list[TableName]:
        return [one for one in (self._job.target, self._job.rejected) if self._target.columns(one) is not None]

    def _write(self, found: ScoredTable) -> None:
        job = self._job
        self._make_tables(found.rows.schema, found.rejected.schema, found.rows.num_rows, found.rejected.num_rows)
        if job.mode is Mode.UPDATE:
            self._update(found.rows)
        elif found.rows.num_rows:
            self._target.append(job.target, found.rows)
        if found.rejected.num_rows:
            self._target.append(job.rejected, found.rejected)

    def _make_tables(self, scored: pa.Schema, rejected: pa.Schema, scored_rows: int, rejected_rows: int) -> None:
        """Make the tables for so many rows, before any row is written.

        In some databases a CREATE TABLE commits all that was written before it. There, if all rows are one transaction,
        both tables are made now, and the rows of tables that are replaced are deleted after that.
        """
        job = self._job
        at_once = not self._target.creates_in_transaction and not job.by_chunks
        if job.mode is not Mode.UPDATE and (scored_rows or at_once):
            self._make(job.target, scored)
        if rejected_rows or at_once:
            self._make(job.rejected, rejected)
        if at_once and job.mode is Mode.REPLACE and not self._is_cleared:
            for table in self._existing():
                self._target.clear(table)
            self._table.forget()
            self._is_cleared = True

    def _make(self, table: TableName, schema: pa.Schema) -> None:
        """Create a table, or check that the existing one has the columns."""
        if table in self._made:
            return
        columns = self._target.columns(table)
        if columns is None:
            key = self._job.key if self._job.key in schema.names and table == self._job.target else None
            self._target.create(table, schema, key)
        elif lacking := [name for name in schema.names if name not in columns]:
            raise ConflictError(
                f"The table {table} has no column {', '.join(lacking)}. It has: {', '.join(columns)}. Add what it "
                "lacks, choose other --output-columns, or name another table."
            )
        self._made.add(table)

    def _update(self, rows: pa.Table) -> None:
        job = self._job
        assert job.key is not None  # noqa: S101 - the command sees to it
        changed = self._target.update(job.target, job.key, rows)
        if changed != rows.num_rows:
            raise DatabaseError(
                f"{rows.num_rows:,} scores were to be written into {job.target} by {job.key}, which has {changed:,} "
                "rows for them. Take a key with one value for each row of both. Nothing of this chunk was written."
            )

    def _commit(self, last: pa.Scalar | None, rows: int, rejected: int) -> None:
        old = self._progress
        key = None if last is None else self._source.key_text(last)
        self._progress = replace(
            old, last_key=key, scored=old.scored + rows - rejected, rejected=old.rejected + rejected
        )
        self._table.move(old, self._progress)
        self._target.commit()

    def _end(self) -> None:
        if self._job.by_chunks:
            self._table.move(self._progress, replace(self._progress, is_finished=True))
        if self._job.after:
            self._target.run(self._job.after)
        self._target.commit()


def _checked_key(keys: pa.ChunkedArray, name: str, before: pa.Scalar | None) -> pa.Scalar:
    """The last of the sorted keys. Raises UsageError if two rows have the same, which are then next to each other."""
    values = keys.combine_chunks()
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    twice = before is not None and before.equals(keys[0])
    if twice or (len(values) > 1 and pc.any(pc.equal(values[1:], values[:-1])).as_py()):
        raise _no_key(name)
    return keys[-1]


def _no_key(name: str) -> UsageError:
    return UsageError(
        f"The column {name} has the same value in several rows, so it is no key. Take one with a value for each row."
    )
