"""Scores one file of records into another: finds out the format, plans how to read, and runs that."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from dai_scoring import formats
from dai_scoring.batch.file_job import PIECES_BY_THREADS, FileJob, OutputFile
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import plan_for
from dai_scoring.batch.summary import Summary
from dai_scoring.errors import ContentError, InputError, InternalError
from dai_scoring.formats import Declined, Format, charset_of, envelopes, foreign
from dai_scoring.scorer import Scorer

_HEAD_BYTES = 1 << 16
# Below this size a file is one piece: handing it over would cost more than several threads save.
_SMALL_FILE = 1 << 17


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    rejected: Path,
    options: FileOptions | None = None,
    mime_type: str | None = None,
    name: str | None = None,
    *,
    parallel: bool = True,
    on_progress: Callable[[int], None] | None = None,
) -> Summary:
    """Score the records in ``source`` into ``target``; rows that cannot be scored go to ``rejected``.

    ``mime_type`` and ``name`` help to find out the format. ``target`` is always written (empty for an empty
    source), ``rejected`` only when there are any, and never with BadRows.KEEP: they are in ``target`` then. With
    ``parallel`` several threads work on the file. ``on_progress`` is called in this thread after each piece, with the
    number of rows done so far.

    If this raises, both files must be thrown away: an InputError is about the whole file.
    """
    options = options or FileOptions()
    scorer = scorer.with_missing(options.missing_values)
    began = time.perf_counter()
    head = _head(source)
    if not head.removeprefix(codecs.BOM_UTF8).strip() and _is_blank(source):
        target.touch()
        return Summary(0, 0, 0, options.input_format, options.output_format, time.perf_counter() - began)
    if options.input_format is not None:
        foreign.check(head, source)
    given = options.input_format or formats.detect(head, mime_type, name, source)
    if given in (Format.JSON_ARRAY, Format.JSON_LINES):
        envelopes.check(head, [column.name for column in scorer.info.inputs])
    wanted = options.output_format or given
    size = source.stat().st_size
    threaded = parallel and size > _SMALL_FILE
    charset = options.charset or charset_of(mime_type)

    def run(threaded: bool, on_progress: Callable[[int], None] | None, again: bool = False) -> FileJob | Declined:
        reader = formats.open_reader(
            source,
            given,
            chunk_rows=options.batch_rows,
            charset=charset,
            delimiter=options.delimiter,
            fixed_schema=wanted.needs_fixed_schema,
            texts=wanted.is_text_typed,
        )
        try:
            # Of one object comes one object, unless an array is asked for.
            dialect = None if options.output_format is Format.JSON_ARRAY else reader.dialect
            sinks = [OutputFile(path, wanted, dialect) for path in (target, rejected)]
            plan = plan_for(reader, options, scorer, wanted)
            plan = plan.of_whole_file() if again else plan
            job = FileJob(scorer, options, reader, *sinks, plan=plan, size=size, on_progress=on_progress)
            declined = job.run(threaded)
        finally:
            reader.close()
        return job if declined is None else declined

    def run_to_end(threaded: bool, on_progress: Callable[[int], None] | None = None) -> FileJob | Declined:
        job = run(threaded, on_progress)
        if isinstance(job, Declined):
            target.unlink(missing_ok=True)
            rejected.unlink(missing_ok=True)
            job = run(threaded, on_progress, again=True)
        return job

    with _unchanged(source):
        try:
            job = run_to_end(threaded, on_progress)
        except InputError:
            if threaded and size < PIECES_BY_THREADS:
                # The pieces depend on the number of threads, and on them which of several faults is found.
                run_to_end(threaded=False)
            raise
    if isinstance(job, Declined):
        raise InternalError(f"the reader of whole files declined a file: {job.reason}")
    return job.totals.summary(began, given, wanted)


@contextmanager
def _unchanged(source: Path) -> Iterator[None]:
    """Raise ContentError if the file is written to meanwhile: rows could be lost, or torn, and nobody would know."""
    before = source.stat()
    try:
        yield
    except InputError:
        _check_unchanged(source, before)
        raise
    _check_unchanged(source, before)


def _check_unchanged(source: Path, before: os.stat_result) -> None:
    with suppress(FileNotFoundError):  # a file that was deleted is still read to its end
        now = source.stat()
        if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise ContentError(
                f"{source} was changed while it was read.",
                advice=("Score it again when no program writes to it, or score a copy.",),
            )


def _head(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except IsADirectoryError:
        raise ContentError(f"{source} is a folder, not a file of records.", advice=("Name a file in it.",)) from None


def _is_blank(path: Path) -> bool:
    """Whether a file that starts with blanks has nothing else."""
    with path.open("rb") as file:
        file.seek(_HEAD_BYTES)
        return all(block.isspace() for block in iter(partial(file.read, _HEAD_BYTES), b""))
