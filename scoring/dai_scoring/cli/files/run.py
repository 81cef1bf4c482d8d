"""Scores one file into another: unpacked, scored in a private folder, and moved to its place when it is complete."""

from __future__ import annotations

import errno
import gzip
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TextIO

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.cli import signals
from dai_scoring.cli.errors import NotFoundError, PrerequisiteError, ScoringFailedError, UsageError
from dai_scoring.cli.files.plan import GZIP, STREAM, Job, is_device
from dai_scoring.cli.opening import translated
from dai_scoring.scorer import Scorer

_GZIP_MAGIC = b"\x1f\x8b"
# Of zlib's levels: the files are large, and the default takes three times as long for a tenth less.
_LEVEL = 3


@dataclass(frozen=True)
class FileResult:
    """What became of one file."""

    job: Job
    summary: Summary
    rejected_file: Path | None
    """Where its rejected rows are; None if no row was rejected."""
    removed: Path | None = None
    """The file of rejected rows of an earlier run that was removed, since this run rejected none."""


def score_job(
    scorer: Scorer, job: Job, options: FileOptions, on_rows: Callable[[Path, int], None] = lambda _file, _rows: None
) -> FileResult:
    """Score one file; a failure leaves OUT and the file of rejected rows as they were.

    ``on_rows`` is called with the file that is read and the number of rows that were scored or rejected so far.

    Raises:
        ScoringFailedError: the input cannot be scored.
        PrerequisiteError: the disk is full, or something cannot be written.

    """
    options = replace(options, output_format=job.format)
    private = None if job.target == STREAM or is_device(job.target) else job.target.absolute().parent
    with (
        _writing(private),
        signals.temporary_folder(".dai-score-", private) as folder,
        _uncompressed(job, folder) as source,
    ):
        made, bad = folder / "target", folder / "rejected"
        name = job.source.name.removesuffix(GZIP)
        with translated():
            summary = score_file(
                scorer, source, made, bad, options, name=name, on_progress=lambda rows: on_rows(source, rows)
            )
        rejected, removed = None, None
        if bad.exists():
            _put(bad, job.rejected)
            rejected = job.rejected
        elif job.rejected.is_file():
            job.rejected.unlink()
            removed = job.rejected
        _put(made, job.target)
    return FileResult(job, summary, rejected, removed)


@contextmanager
def _writing(folder: Path | None) -> Iterator[None]:
    """Say where the disk is full, or what cannot be written."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        where = folder or Path(tempfile.gettempdir())
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            more = "" if folder else ", or name another folder as TMPDIR"
            raise PrerequisiteError(f"the disk is full where {where} is: make room{more}.") from error
        raise PrerequisiteError(f"{error.filename or where}: {error.strerror or type(error).__name__}.") from error


@contextmanager
def _uncompressed(job: Job, folder: Path) -> Iterator[Path]:
    """The input as a file that can be read twice: not a pipe, and not packed."""
    unpacked = folder / "source"
    if job.source == STREAM:
        _copy(_open_stream(sys.stdin, "standard input"), unpacked)
        packed = unpacked
    elif not job.source.is_file():  # a pipe
        with job.source.open("rb") as stream:
            _copy(stream, unpacked)
        packed = unpacked
    else:
        packed = job.source
    with _opened(packed) as file:
        is_packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    if not is_packed:
        yield packed
        return
    contents = folder / "unpacked"
    try:
        with gzip.open(packed, "rb") as stream:
            _copy(stream, contents)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        # After these words there may be bytes of the file.
        said = str(error).partition(" (")[0]
        raise ScoringFailedError(
            f"{job.title} begins as gzip does, but is damaged or ends too early ({said}). Make it again."
        ) from error
    unpacked.unlink(missing_ok=True)
    yield contents


def _open_stream(stream: TextIO | None, name: str) -> IO[bytes]:
    """A standard stream; whoever started the command may have closed it."""
    if stream is None:
        raise UsageError(f"- is {name}, and that is closed: name a file.")
    return stream.buffer


def _opened(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise NotFoundError(f"{file} cannot be read: {error.strerror}.") from error


def _copy(stream: IO[bytes] | gzip.GzipFile, file: Path) -> None:
    with file.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)


def _put(made: Path, place: Path) -> None:
    """Bring a finished file to its place: moved at once, or written through a pipe or a device."""
    if place == STREAM:
        with made.open("rb") as file, _passing("standard output"):
            stream = _open_stream(sys.stdout, "standard output")
            shutil.copyfileobj(file, stream, 1 << 20)
            stream.flush()
        return
    if place.name.endswith(GZIP):
        packed = made.with_name(made.name + GZIP)
        with made.open("rb") as file, gzip.open(packed, "wb", _LEVEL) as out:
            shutil.copyfileobj(file, out, 1 << 20)
        made = packed
    if is_device(place):
        with made.open("rb") as file, _passing(str(place)), place.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
        return
    if place.is_file():
        # Who may not read the old file may not read the new one.
        shutil.copymode(place, made)
    shutil.move(made, place)


@contextmanager
def _passing(place: str) -> Iterator[None]:
    """Name what cannot be written, which is not the temporary folder."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PrerequisiteError(f"{place} cannot be written: {error.strerror or type(error).__name__}.") from error
