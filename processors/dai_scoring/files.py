"""One file of records scored into another: the whole way, in chunks, for any size.

Three threads work at once: one reads and parses the next chunk, the caller's scores, one writes the last
chunk. Arrow and the runtimes let go of Python's lock while they work, so the slowest of the three sets the
pace. Scoring stays in the caller's thread because Java keeps a record of every thread that ever called it.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from dai_scoring import formats, records, results
from dai_scoring.errors import BadRowsError, MissingColumnsError
from dai_scoring.formats import Chunk, Format
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, MissingColumns, OutputColumns, Wanted
from dai_scoring.relay import ahead, behind
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer

_HEAD_BYTES = 1 << 16
# Below this size a file is one chunk, and threads would cost more than they save.
_SMALL_FILE = 1 << 20


@dataclass(frozen=True)
class FileOptions:
    """How to score a file. A format of None is found out (input) or the same as the input's (output)."""

    input_format: Format | None = None
    output_format: Format | None = None
    output_columns: OutputColumns = OutputColumns.ALL
    id_columns: tuple[str, ...] = ()
    prediction_prefix: str = ""
    missing_columns: MissingColumns = MissingColumns.FAIL
    bad_rows: BadRows = BadRows.REJECT
    batch_rows: int = 20_000
    charset: str | None = None
    delimiter: str | None = None
    wanted: Wanted = PREDICTIONS_ONLY


@dataclass(frozen=True)
class Summary:
    """What became of a file: ``records`` = ``scored`` + ``rejected``; ``seconds`` of wall time."""

    records: int
    scored: int
    rejected: int
    input_format: Format | None
    output_format: Format | None
    seconds: float


@dataclass
class _Sink:
    """A file that is opened when its first table, or only its schema, is known."""

    path: Path
    format: Format
    dialect: formats.Dialect | None
    writer: formats.RecordWriter | None = field(default=None)

    def write(self, table: pa.Table) -> None:
        if self.writer is None:
            self.writer = formats.open_writer(self.path, self.format, table.schema, dialect=self.dialect)
        if table.num_rows:
            self.writer.write(table)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    rejected: Path,
    options: FileOptions | None = None,
    mime_type: str | None = None,
    name: str | None = None,
) -> Summary:
    """Score the records in ``source`` into ``target``; rows that cannot be scored go to ``rejected``.

    ``mime_type`` and ``name`` help to find out the format. ``target`` is always written (empty for an empty
    source), ``rejected`` only when there are any. When this raises, both must be thrown away: what an
    InputError says concerns the whole file.
    """
    options = options or FileOptions()
    began = time.perf_counter()
    with source.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        target.touch()
        return Summary(0, 0, 0, options.input_format, options.output_format, time.perf_counter() - began)
    given = options.input_format or formats.detect(head, mime_type, name)
    wanted = options.output_format or given
    reader = formats.open_reader(
        source,
        given,
        chunk_rows=options.batch_rows,
        charset=options.charset or _charset(mime_type),
        delimiter=options.delimiter,
        fixed_schema=wanted.needs_fixed_schema,
    )
    try:
        job = _Job(
            scorer,
            options,
            reader,
            _Sink(target, wanted, reader.dialect),
            _Sink(rejected, wanted, reader.dialect),
        )
        job.run(threaded=source.stat().st_size > _SMALL_FILE)
    finally:
        reader.close()
    return Summary(job.scored + job.rejected, job.scored, job.rejected, given, wanted, time.perf_counter() - began)


def _charset(mime_type: str | None) -> str:
    for parameter in (mime_type or "").split(";")[1:]:
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "charset" and value:
            return value.strip("\"' ")
    return "utf-8"


class _Job:
    """One run of :func:`score_file`."""

    def __init__(
        self,
        scorer: Scorer,
        options: FileOptions,
        reader: formats.RecordReader,
        target: _Sink,
        rejected: _Sink,
    ) -> None:
        self._scorer = scorer
        self._options = options
        self._reader = reader
        self._target = target
        self._rejected = rejected
        self._typed = _typed_columns(scorer, reader.format, target.format)
        self._seen: set[str] = set()
        self._unseen: list[str] = []
        if reader.schema is None and options.missing_columns is MissingColumns.FAIL:
            self._unseen = [column.name for column in scorer.info.inputs]
        self.scored = 0
        self.rejected = 0

    def run(self, threaded: bool) -> None:
        """Move all chunks; afterwards both files are complete."""
        try:
            self._move(threaded)
        finally:
            self._target.close()
            self._rejected.close()

    def _move(self, threaded: bool) -> None:
        chunks = self._reader.chunks()
        if threaded:
            with ahead(chunks) as coming, behind(self._write) as write:
                for chunk in coming:
                    write(self._score_or_say_why(chunk, coming))
        else:
            for chunk in chunks:
                self._write(self._score_or_say_why(chunk, chunks))
        if self._target.writer is None:
            self._write(self._score(Chunk((self._reader.schema or pa.schema([])).empty_table())))
        if self._unseen and (self._seen or self.scored):
            raise MissingColumnsError(self._unseen, sorted(self._seen))

    def _score_or_say_why(self, chunk: Chunk, coming: Iterator[Chunk]) -> tuple[pa.Table, pa.Table | None]:
        try:
            return self._score(chunk)
        except BadRowsError:
            # A column that no record has is the better reason, and may not be known yet.
            for later in coming if self._unseen else ():
                self._check_columns(later.table)
            if self._unseen:
                raise MissingColumnsError(self._unseen, sorted(self._seen)) from None
            raise

    def _check_columns(self, table: pa.Table) -> MissingColumns:
        """How the missing columns of this chunk are taken; raises MissingColumnsError where that is known.

        Where each chunk has its own columns, as in JSON without nulls, a column is missing when no record
        of the whole file has it, which only the end can tell.
        """
        if self._options.missing_columns is MissingColumns.FAIL:
            if self._reader.schema is not None:
                return MissingColumns.FAIL
            self._seen.update(table.schema.names)
            self._unseen = [name for name in self._unseen if name not in self._seen]
        return MissingColumns.AS_MISSING

    def _score(self, chunk: Chunk) -> tuple[pa.Table, pa.Table | None]:
        """The scored rows of a chunk as they are written, and the rejected ones, or None."""
        table, malformed = chunk.table, chunk.malformed
        whole = table if malformed is None else _without(table, malformed.column("row").to_numpy())
        scored = self._scorer.score(whole, self._check_columns(table), self._options.wanted)
        rejects = scored.rejects if malformed is None else _merged(table.num_rows, scored.rejects, malformed)
        if rejects.num_rows and self._options.bad_rows is BadRows.FAIL:
            first = rejects.slice(0, 1).to_pylist()[0]
            where = f", column {first['column']}" if first["column"] else ""
            raise BadRowsError(
                f"{rejects.num_rows} row(s) cannot be scored, the first of them record "
                f"{self.scored + first['row'] + 1}{where} ({first['code']}). Mend them, or set Bad Rows to "
                "'route to rejected' to score the others."
            )
        names = table.schema.names
        # No columns: a file of records without a record, such as the JSON array [].
        kept = results.kept_columns(names, self._options.output_columns, self._options.id_columns) if names else []
        rows = results.joined(
            table,
            scored.outputs,
            rejects.column("row").to_numpy(),
            kept,
            self._options.prediction_prefix,
            self._typed,
        )
        self.scored += rows.num_rows
        self.rejected += rejects.num_rows
        return rows, results.with_reasons(table, rejects) if rejects.num_rows else None

    def _write(self, outcome: tuple[pa.Table, pa.Table | None]) -> None:
        rows, bad = outcome
        self._target.write(rows)
        if bad is not None:
            self._rejected.write(bad)


def _typed_columns(scorer: Scorer, source: Format, target: Format) -> tuple[Column, ...]:
    if not source.is_text_typed or target.is_text_typed:
        return ()
    return tuple(c for c in scorer.info.inputs if c.type.is_number or c.type is ColumnType.BOOL)


def _without(table: pa.Table, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Table:
    keep = np.ones(table.num_rows, dtype=bool)
    keep[rows] = False
    return table.filter(pa.array(keep))


def _merged(count: int, rejects: pa.Table, malformed: pa.Table) -> pa.Table:
    """Rejects numbered in the table without its malformed rows, and those rows, numbered in the whole table."""
    whole = np.delete(np.arange(count), malformed.column("row").to_numpy())
    numbered = rejects.set_column(
        0, records.REJECT_SCHEMA.field("row"), pa.array(whole[rejects.column("row").to_numpy()], pa.int64())
    )
    return pa.concat_tables([numbered, malformed]).sort_by("row")
