"""The progress of a job: a row in a table in the target's schema, written in the transaction of the scored rows."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from dai_routes.database.contract import Database, TableName
from dai_routes.database.errors import ConflictError

TABLE = "dai_score_progress"
"""The name of the table."""

_SCHEMA = pa.schema(
    [
        pa.field("target", pa.string()),
        pa.field("job", pa.string()),
        pa.field("last_key", pa.string()),
        pa.field("scored", pa.int64()),
        pa.field("rejected", pa.int64()),
        pa.field("finished", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Progress:
    """The progress of a job. ``last_key`` is the text of the last key that was written; None before the first."""

    job: str
    last_key: str | None = None
    scored: int = 0
    rejected: int = 0
    is_finished: bool = False


class ProgressTable:
    """Reads and writes the progress of one target."""

    def __init__(self, database: Database, target: TableName) -> None:
        self._database = database
        self._target = target
        self._table = target.sibling(TABLE)
        self._seen: Progress | None = None

    def load(self) -> Progress | None:
        """The progress of the last job for the target; None if there was no job."""
        self._seen = self._read()
        return self._seen

    def _read(self) -> Progress | None:
        if self._database.columns(self._table) is None:
            return None
        quoted = self._database.quoted
        names = ", ".join(map(quoted, ("job", "last_key", "scored", "rejected", "finished")))
        found = self._database.run(
            f"SELECT {names} FROM {quoted(self._table)} "  # noqa: S608
            f"WHERE {quoted('target')} = {self._database.parameter(1)}",
            [str(self._target)],
        )
        for job, last_key, scored, rejected, finished in found:
            return Progress(job, last_key, scored, rejected, bool(finished))
        return None

    def begin(self, progress: Progress) -> None:
        """Write the row of a run that begins, in place of the one that was loaded.

        Raises ConflictError if another run has written it since: of the same job, that run has written more rows.
        """
        if self._database.columns(self._table) is None:
            self._database.create(self._table, _SCHEMA, "target")
        if self._seen is not None:
            self._delete(self._seen)
        if self._read() is not None:
            raise self._conflict()
        row = [self._target, progress.job, progress.last_key, progress.scored, progress.rejected, progress.is_finished]
        values = [[str(row[0])], *[[int(one) if isinstance(one, bool) else one] for one in row[1:]]]
        self._database.append(self._table, pa.table(values, schema=_SCHEMA))

    def _delete(self, seen: Progress) -> None:
        """Delete the row if it is still the same. PostgreSQL waits here for a run that is about to commit another."""
        quoted = self._database.quoted
        marks = [self._database.parameter(number) for number in range(1, 5)]
        self._database.change(
            f"DELETE FROM {quoted(self._table)} WHERE {quoted('target')} = {marks[0]} AND {quoted('job')} = {marks[1]} "  # noqa: S608
            f"AND {quoted('scored')} + {quoted('rejected')} = {marks[2]} AND {quoted('finished')} = {marks[3]}",
            [str(self._target), seen.job, seen.scored + seen.rejected, int(seen.is_finished)],
        )

    def _conflict(self) -> ConflictError:
        return ConflictError(
            f"Another run of dai-score writes {self._target}: nothing of this run's last rows was written. "
            "Let one of them end."
        )

    def forget(self) -> None:
        """Delete the row of the last job."""
        if self._database.columns(self._table) is not None:
            quoted, mark = self._database.quoted, self._database.parameter(1)
            where = f"WHERE {quoted('target')} = {mark}"
            self._database.run(f"DELETE FROM {quoted(self._table)} {where}", [str(self._target)])  # noqa: S608

    def move(self, old: Progress, new: Progress) -> None:
        """Replace the progress ``old`` by ``new``. Raises ConflictError if another run has changed it."""
        database = self._database
        columns = ("last_key", "scored", "rejected", "finished")
        marks = [database.parameter(number) for number in range(1, 8)]
        quoted = database.quoted
        changes = ", ".join(f"{quoted(name)} = {mark}" for name, mark in zip(columns, marks, strict=False))
        found = database.change(
            f"UPDATE {quoted(self._table)} SET {changes} WHERE {quoted('target')} = {marks[4]} "  # noqa: S608
            f"AND {quoted('job')} = {marks[5]} AND {quoted('scored')} + {quoted('rejected')} = {marks[6]} "
            f"AND {quoted('finished')} = 0",
            [
                new.last_key,
                new.scored,
                new.rejected,
                int(new.is_finished),
                str(self._target),
                old.job,
                old.scored + old.rejected,
            ],
        )
        if not found:
            raise self._conflict()
