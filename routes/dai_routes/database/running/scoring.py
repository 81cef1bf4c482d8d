"""Reads a query, scores its rows in threads, and hands them on in order: the part that all targets share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pyarrow as pa

from dai_routes.database.contract import Database
from dai_routes.database.errors import DatabaseError
from dai_routes.database.running.job import Job, Times
from dai_routes.database.running.outputs import OutputScorer
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import ScoredTable, TableScorer
from dai_scoring.batch.threads import ordered_map, prefetch
from dai_scoring.cli.errors import NotFoundError, UsageError
from dai_scoring.scorer import Scorer


@dataclass(frozen=True)
class Part:
    """Some consecutive rows of the query: how many, their keys if there is a key, and their scores."""

    rows: int
    keys: pa.ChunkedArray | None
    scored: ScoredTable


class QueryScorer:
    """Scores the rows of a job's query."""

    def __init__(self, job: Job, scorer: Scorer, options: FileOptions, source: Database) -> None:
        self._job = job
        self._source = source
        self._scorer = OutputScorer(TableScorer(scorer, options), job.outputs, scorer.info, options)
        self.times = Times()

    def check(self) -> tuple[pa.Schema, pa.Schema]:
        """The schemas of scored and of rejected rows. Raises what can be found before a row is read."""
        job = self._job
        schema = self._source.schema_of(job.query)
        names = schema.names
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DatabaseError(f"The query gives several columns with the name {twice}. Give each a name by AS.")
        if several := [field.name for field in schema if pa.types.is_union(field.type)]:
            raise DatabaseError(
                f"The column {several[0]} of the query has no type, so that each row may have another. Give it one: "
                f"CAST({several[0]} AS ...)."
            )
        if job.key is not None:
            if job.key not in names:
                raise NotFoundError(f"There is no column {job.key}, the key. There are: {', '.join(names)}.")
            self._check_key(job.query, job.key)
        return self._scorer.check(schema)

    def _check_key(self, query: str, key: str) -> None:
        """Check that each row has a key, and that no two have the same. A primary key needs only the first check."""
        # In SQLite a primary key may be null.
        if self._source.has_null(query, key):
            raise DatabaseError(
                f"The key {key} has rows without a value, so they have no place in its order. "
                "Leave them out of the query, or take another key."
            )
        if not self._job.key_is_primary and self._source.has_twice(query, key):
            raise no_key(key)

    def schemas(self) -> tuple[pa.Schema, pa.Schema]:
        """The schemas of scored and of rejected rows."""
        return self._scorer.check(self._source.schema_of(self._job.query))

    def preview(self, rows: int) -> ScoredTable:
        """Score the first rows."""
        with self._source.read(self._job.query, self._job.key, None, rows) as tables:
            for table in tables:
                return self._score(table).scored
        return self._scorer.score(self._source.schema_of(self._job.query).empty_table())

    @contextmanager
    def parts(self, after: str | None = None) -> Iterator[Iterator[Part]]:
        """The rows whose key is above ``after``, in order. Some are read and scored while the caller writes others."""
        job = self._job
        with (
            self._source.read(job.query, job.key, after, job.chunk_rows) as tables,
            prefetch(self._timed(tables)) as coming,
            ThreadPoolExecutor(job.threads, thread_name_prefix="dai-score") as helpers,
            # One more than there are threads: the caller writes one while the threads score the others.
            closing(ordered_map(self._score, coming, helpers, job.threads + 1)) as parts,
        ):
            yield parts

    def _timed(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        while True:
            began = time.perf_counter()
            table = next(tables, None)
            self.times.reading += time.perf_counter() - began
            if table is None:
                return
            yield table

    def _score(self, table: pa.Table) -> Part:
        began = time.perf_counter()
        found = self._scorer.score(table, self._source.model_table(table))
        self.times.scoring += time.perf_counter() - began
        return Part(table.num_rows, None if self._job.key is None else table.column(self._job.key), found)


def no_key(name: str) -> UsageError:
    """The error for a key with a value twice."""
    return UsageError(
        f"The column {name} has the same value in several rows, so it is no key. Take one with a value for each row."
    )
