"""Scores the rows of a query into a file of CSV, and rejected rows into a second one."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from dai_routes.database.contract import Database
from dai_routes.database.running.job import Job, Outcome
from dai_routes.database.running.scoring import QueryScorer
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import ScoredTable
from dai_scoring.cli.errors import NotFoundError, ToolError, UsageError
from dai_scoring.formats.csv.writer import CsvWriter
from dai_scoring.scorer import Scorer
from dai_scoring.values.unseen_levels import sum_counts

_GZIP = ".gz"


@dataclass(frozen=True)
class Files:
    """The file of the scores, and the one of rejected rows, which is written if there are any."""

    scored: Path
    rejected: Path

    @classmethod
    def of(cls, scored: Path, rejected: Path | None) -> Files:
        """``rejected`` is by default SCORED with .rejected in its name."""
        packed = _GZIP if scored.name.endswith(_GZIP) else ""
        name = Path(scored.name.removesuffix(_GZIP))
        files = cls(scored, rejected or scored.with_name(f"{name.stem}.rejected{name.suffix}{packed}"))
        for path in (files.scored, files.rejected):
            if not path.parent.is_dir():
                raise NotFoundError(f"There is no folder {path.parent} for {path.name}: make it, or name another.")
            if path.is_dir():
                raise UsageError(f"{path} is a folder: name a file.")
        if files.scored.resolve() == files.rejected.resolve():
            raise UsageError(f"--csv and --rejected name the same file, {scored}: name two.")
        return files


class FileRun:
    """One run of a job into files. They appear under their names at its end, or not at all."""

    def __init__(self, job: Job, files: Files, scorer: Scorer, options: FileOptions, source: Database) -> None:
        self._job = job
        self._files = files
        self._rows = QueryScorer(job, scorer, options, source)
        self._source = source

    @property
    def names(self) -> tuple[str, str]:
        """What scored and rejected rows are written to."""
        return str(self._files.scored), str(self._files.rejected)

    def check(self) -> None:
        """Raise an error for everything that can be checked before a row is read."""
        self._rows.check()

    def preview(self, rows: int) -> ScoredTable:
        """Score the first rows, and write nothing."""
        return self._rows.preview(rows)

    def run(self, note: Callable[[int], None] = lambda rows: None) -> Outcome:
        """Score all rows. ``note`` is called after each chunk with the number of rows done."""
        began = time.perf_counter()
        self._do(self._job.before)
        scored = rejected = 0
        unseen: Mapping[str, int] | None = None
        with ExitStack() as stack:
            writing = stack.enter_context(_Writing(self._files.scored, self._rows.schemas()[0], self._source))
            refused: _Writing | None = None
            with self._rows.parts() as parts:
                for part in parts:
                    start = time.perf_counter()
                    found = part.scored
                    writing.put(found.rows)
                    if found.rejected.num_rows:
                        if refused is None:
                            refused = _Writing(self._files.rejected, found.rejected.schema, self._source)
                            stack.enter_context(refused)
                        refused.put(found.rejected)
                    self._rows.times.writing += time.perf_counter() - start
                    scored += part.rows - found.rejects.num_rows
                    rejected += found.rejects.num_rows
                    unseen = sum_counts(unseen, found.unseen)
                    note(scored + rejected)
        if not rejected:
            self._files.rejected.unlink(missing_ok=True)
        self._do(self._job.after)
        return Outcome(scored, rejected, 0, time.perf_counter() - began, self._rows.times, unseen)

    def _do(self, statements: tuple[str, ...]) -> None:
        for statement in statements:
            self._source.run(statement)
        self._source.commit()


class _Writing:
    """A file that gets its name at the end."""

    def __init__(self, path: Path, schema: pa.Schema, source: Database) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._source = source
        try:
            file = self._part.open("wb")
        except OSError as error:
            raise NotFoundError(f"{path} cannot be written: {error.strerror}.") from error
        opened = cast("BinaryIO", gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.name.endswith(_GZIP) else file)
        self._file = file
        self._writer = CsvWriter(opened, source.text_table(schema.empty_table()).schema)

    def put(self, rows: pa.Table) -> None:
        """Append rows."""
        encoded = self._writer.encode(self._source.text_table(rows)) if rows.num_rows else []
        try:
            self._writer.put(encoded)
        except OSError as error:
            raise ToolError(f"{self._path} cannot be written: {error.strerror}. No file is made.") from error

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._writer.close()
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)
