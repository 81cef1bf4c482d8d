"""Scores the rows of a query into a table: all in one transaction, or ordered by a key, one transaction per chunk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from dai_routes.database.contract import Database, TableName
from dai_routes.database.errors import ConflictError, DatabaseError, LostConnectionError
from dai_routes.database.running.job import Job, Mode, Outcome
from dai_routes.database.running.progress import Progress, ProgressTable
from dai_routes.database.running.scoring import Part, QueryScorer, no_key
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import ScoredTable
from dai_scoring.cli.errors import NotFoundError
from dai_scoring.scorer import Scorer
from dai_scoring.values.unseen_levels import sum_counts


class Run:
    """One run of a job. If it fails, its last transaction is rolled back."""

    def __init__(self, job: Job, scorer: Scorer, options: FileOptions, source: Database, target: Database) -> None:
        """``source`` and ``target`` may be the same connection."""
        self._job = job
        self._rows = QueryScorer(job, scorer, options, source)
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

    @property
    def names(self) -> tuple[str, str]:
        """What scored and rejected rows are written to."""
        return str(self._job.target), str(self._job.rejected)

    def check(self) -> None:
        """Raise an error for everything that can be checked before a row is read."""
        job = self._job
        scored, _ = self._rows.check()
        columns = self._target.columns(job.target)
        if job.mode is Mode.UPDATE:
            if job.key not in (columns or ()):
                lacking = f"table {job.target}" if columns is None else f"column {job.key} in {job.target}"
                raise NotFoundError(
                    f"There is no {lacking} to update. Write the name as the database has it, in the same case."
                )
            self._check_fit(job.target, pa.schema([one for one in scored if one.name in (columns or ())]))
        elif columns is not None and job.mode is not Mode.REPLACE:
            self._earlier(exists=True)
            self._check_fit(job.target, scored)

    def _check_fit(self, table: TableName, schema: pa.Schema) -> None:
        """Check that a table that is there has the columns, with types that take their values."""
        columns = self._target.columns(table) or {}
        if lacking := [name for name in schema.names if name not in columns]:
            raise ConflictError(
                f"The table {table} has no column {', '.join(lacking)}. It has: {', '.join(columns)}. Add what it "
                "lacks, choose other --output-columns, or name another table."
            )
        if misfit := self._target.misfit(table, schema):
            raise ConflictError(f"The table {table} does not take {misfit} Change its type, or name another table.")

    def preview(self, rows: int) -> ScoredTable:
        """Score the first rows, and write nothing."""
        return self._rows.preview(rows)

    def run(self, note: Callable[[int], None] = lambda rows: None) -> Outcome:
        """Score the remaining rows. ``note`` is called after each chunk with the number of rows done."""
        began = time.perf_counter()
        with self._undone_on_failure():
            earlier = self._begin()
            if not self._progress.is_finished:
                self._move(note)
            self._end()
        seconds = time.perf_counter() - began
        return Outcome(self._scored, self._rejected, earlier, seconds, self._rows.times, self._unseen)

    @contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except LostConnectionError as error:
            # Of two connections one may have broken; a database undoes by itself what a broken one has not committed.
            with suppress(DatabaseError):
                self._target.rollback()
            done = self._progress.scored + self._progress.rejected
            what = f"{done:,} rows are written" if self._job.by_chunks else "No row is written"
            then = "it continues after them" if self._job.by_chunks else "it begins again"
            raise LostConnectionError(f"{error} {what}. Run the same command again: {then}.") from None
        except BaseException:
            with suppress(LostConnectionError):
                self._target.rollback()
            raise

    def _earlier(self, exists: bool) -> Progress | None:
        """The progress of this job, if it goes on. Raises ConflictError if the target belongs to another one."""
        job = self._job
        found = self._table.load() if job.by_chunks else None
        if not exists:
            # If the target was dropped, all rows are scored again.
            found = None
        if found is not None and found.job == self._job_id and not (found.is_finished and job.mode is Mode.FAIL):
            # Also if the job was finished: rows with higher keys may have been added since.
            return replace(found, is_finished=False)
        if found is not None and not found.is_finished:
            raise ConflictError(
                f"{job.target} is half written by a run with another source, query, model or options. Run that to its "
                "end with the same command, or drop the table, and its row in dai_score_progress."
            )
        if exists and job.mode is Mode.FAIL:
            raise ConflictError(
                f"There is a table {job.target} already. Name another, or choose --mode append, replace or update."
            )
        return None

    def _begin(self) -> int:
        """Prepare the target; returns the number of rows that earlier runs have written."""
        job = self._job
        if job.mode is Mode.UPDATE:
            # Before anything reads the table: adding a column waits for all readers.
            columns = self._target.columns(job.target) or {}
            scores = self._rows.schemas()[0]
            self._target.add_columns(job.target, [field for field in scores if field.name not in columns])
        found = self._earlier(self._target.columns(job.target) is not None)
        if found is not None:
            self._progress = found
            self._table.begin(found)
            # Before anything is read: until this commit, readers wait for the added column.
            self._target.commit()
            return found.scored + found.rejected
        for statement in job.before:
            self._target.run(statement)
        if job.mode is Mode.REPLACE and self._target.creates_in_transaction:
            for table in self._existing():
                self._target.drop(table)
            self._table.forget()
        if job.by_chunks:
            self._table.begin(self._progress)
            self._target.commit()
        return 0

    def _move(self, note: Callable[[int], None]) -> None:
        last: pa.Scalar | None = None
        with self._rows.parts(self._progress.last_key) as parts:
            for part in parts:
                if part.keys is not None:
                    last = _checked_key(part.keys, str(self._job.key), last)
                began = time.perf_counter()
                self._put(part, last)
                self._rows.times.writing += time.perf_counter() - began
                note(self._scored + self._rejected)
        if not self._scored + self._rejected:
            self._make_tables(*self._rows.schemas(), 0)

    def _put(self, part: Part, last: pa.Scalar | None) -> None:
        found = part.scored
        rejected = found.rejects.num_rows
        self._write(found)
        self._scored += part.rows - rejected
        self._rejected += rejected
        self._unseen = sum_counts(self._unseen, found.unseen)
        if self._job.by_chunks:
            self._commit(last, part.rows, rejected)

    def _existing(self) -> list[TableName]:
        return [one for one in (self._job.target, self._job.rejected) if self._target.columns(one) is not None]

    def _write(self, found: ScoredTable) -> None:
        job = self._job
        self._make_tables(found.rows.schema, found.rejected.schema, found.rejected.num_rows)
        if job.mode is Mode.UPDATE:
            self._update(found.rows)
        elif found.rows.num_rows:
            self._target.append(job.target, found.rows)
        if found.rejected.num_rows:
            self._target.append(job.rejected, found.rejected)

    def _make_tables(self, scored: pa.Schema, rejected: pa.Schema, rejected_rows: int) -> None:
        """Make the target, and the other table if it gets rows, before any row is written.

        The target also if all rows are rejected: without it the next run takes no progress, and rejects them again.

        In some databases a CREATE TABLE commits all that was written before it. There, if all rows are one transaction,
        both tables are made now, and the rows of tables that are replaced are deleted after that.
        """
        job = self._job
        at_once = not self._target.creates_in_transaction and not job.by_chunks
        if job.mode is not Mode.UPDATE:
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
        if self._target.columns(table) is None:
            key = self._job.key if self._job.key in schema.names and table == self._job.target else None
            self._target.create(table, schema, key)
        else:
            self._check_fit(table, schema)
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
        moved = replace(old, last_key=key, scored=old.scored + rows - rejected, rejected=old.rejected + rejected)
        self._table.move(old, moved)
        self._target.commit()
        self._progress = moved

    def _end(self) -> None:
        if self._job.by_chunks:
            self._table.move(self._progress, replace(self._progress, is_finished=True))
        for statement in self._job.after:
            self._target.run(statement)
        self._target.commit()


def _checked_key(keys: pa.ChunkedArray, name: str, before: pa.Scalar | None) -> pa.Scalar:
    """The last of the sorted keys. Raises UsageError if two rows have the same, which are then next to each other."""
    values = keys.combine_chunks()
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    twice = before is not None and before.equals(keys[0])
    if twice or (len(values) > 1 and pc.any(pc.equal(values[1:], values[:-1])).as_py()):
        raise no_key(name)
    return keys[-1]
