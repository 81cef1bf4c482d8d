"""Which file is scored into which: decided, and checked, before a model is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dai_scoring.cli.errors import NotFoundError, PrerequisiteError, UsageError
from dai_scoring.formats import Format

STREAM = Path("-")
"""Standard input as IN, standard output as OUT."""

GZIP = ".gz"

SUFFIXES = {
    ".csv": Format.CSV,
    ".json": Format.JSON_ARRAY,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".avro": Format.AVRO,
    ".parquet": Format.PARQUET,
    ".arrows": Format.ARROW_STREAM,
    ".arrow": Format.ARROW_FILE,
    ".feather": Format.ARROW_FILE,
}
_SUFFIX_OF = {format_: suffix for suffix, format_ in reversed(SUFFIXES.items())}


@dataclass(frozen=True)
class Job:
    """One file to score; ``format`` is that of ``target``, None if it is the input's."""

    source: Path
    target: Path
    rejected: Path
    format: Format | None

    @property
    def title(self) -> str:
        """What to call its input."""
        return "standard input" if self.source == STREAM else str(self.source)


def plan(
    sources: Sequence[Path],
    target: Path,
    rejected: Path | None = None,
    output_format: Format | None = None,
    others: Iterable[Path] = (),
) -> list[Job]:
    """What to score into what: one IN into one OUT, or several, or those of a folder, into a folder OUT.

    ``others`` are files that must not be overwritten, such as the model. Folders are not made here.

    Raises:
        NotFoundError: an IN does not exist or cannot be read, or the folder of OUT does not exist.
        UsageError: one file would overwrite another, or OUT does not fit.
        PrerequisiteError: OUT cannot be written.

    """
    found = _files(sources)
    many = len(sources) > 1 or sources[0].is_dir()
    if many and rejected is not None:
        raise UsageError("--rejected names one file, and there are several IN: leave it out.")
    if many and target == STREAM:
        raise UsageError("several files cannot be scored to standard output: give a folder as OUT.")
    if many and target.exists() and not target.is_dir():
        raise UsageError(f"several files are scored into a folder, and {target} is a file: give a folder as OUT.")
    if (many and target != STREAM) or target.is_dir():
        if STREAM in found:
            raise UsageError(f"standard input has no name to take in the folder {target}: give a file as OUT.")
        jobs = [_in_folder(source, target, rejected, output_format) for source in found]
    else:
        jobs = [_single(found[0], target, rejected, output_format)]
    _check_apart(jobs, others)
    for job in jobs:
        for file in (job.target, job.rejected):
            _check_writable(file, target if many else None)
    return jobs


def _files(sources: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for source in sources:
        try:
            if source == STREAM or not source.is_dir():
                inside = [source]
            else:
                inside = sorted(one for one in source.iterdir() if one.is_file() and not one.name.startswith("."))
            if not inside:
                raise NotFoundError(f"there is no file in the folder {source}.")
            for one in inside:
                _check_readable(one)
        except PermissionError as error:
            raise NotFoundError(f"{error.filename or source} cannot be read: {error.strerror}.") from error
        found += inside
    return found


def _check_readable(source: Path) -> None:
    if source == STREAM:
        return
    if not source.exists():
        raise NotFoundError(f"there is no file {source}.")
    if not os.access(source, os.R_OK):
        raise NotFoundError(f"{source} cannot be read: you have no permission.")


def _in_folder(source: Path, folder: Path, rejected: Path | None, output_format: Format | None) -> Job:
    unpacked = Path(source.name.removesuffix(GZIP))
    name = unpacked.name if output_format is None else unpacked.stem + _SUFFIX_OF[output_format]
    return Job(source, folder / name, rejected or folder / _rejected_name(name), output_format or _known(name))


def _single(source: Path, target: Path, rejected: Path | None, output_format: Format | None) -> Job:
    if target == STREAM:
        name = "stdin" if source == STREAM else source.name.removesuffix(GZIP)
        if output_format is not None:
            name = Path(name).stem + _SUFFIX_OF[output_format]
        return Job(source, target, rejected or Path(_rejected_name(name)), output_format)
    chosen = output_format or _known(target.name)
    suffix = Path(target.name.removesuffix(GZIP)).suffix
    of_source = Path(source.name.removesuffix(GZIP)).suffix
    if chosen is None and suffix and suffix != of_source and not is_device(target):
        raise UsageError(
            f"the suffix {suffix} of {target} names no format that can be written. Use one of "
            f"{', '.join(SUFFIXES)}, each with {GZIP} after it if you like, or give --output-format."
        )
    if is_device(target):  # a folder such as /dev is no place for rejected rows
        return Job(source, target, rejected or Path(_rejected_name(source.name.removesuffix(GZIP))), chosen)
    # What a link points to is written, and the link stays.
    place = target.resolve() if target.is_symlink() else target
    return Job(source, place, rejected or target.with_name(_rejected_name(target.name)), chosen)


def _known(name: str) -> Format | None:
    return SUFFIXES.get(Path(name.removesuffix(GZIP)).suffix.lower())


def _rejected_name(name: str) -> str:
    """The name of the file of rejected rows that goes with a file."""
    packed = GZIP if name.endswith(GZIP) else ""
    unpacked = Path(name.removesuffix(GZIP))
    return f"{unpacked.stem}.rejected{unpacked.suffix}{packed}"


def _check_apart(jobs: Sequence[Job], others: Iterable[Path]) -> None:
    """Nothing that is read may be written, and nothing written twice."""
    read = {_identity(job.source): job.source for job in jobs if job.source != STREAM}
    read |= {_identity(one): one for one in others if one.exists()}
    written: dict[object, Job] = {}
    for job in jobs:
        if job.target == job.rejected == STREAM:
            raise UsageError(
                "OUT and the rejected rows cannot both go to standard output: name a file for one of them."
            )
        for what, file in (("OUT", job.target), ("the file of rejected rows", job.rejected)):
            if file == STREAM or is_device(file):
                continue
            key = _identity(file)
            if key in read:
                raise UsageError(f"{what} would overwrite {read[key]}, which is read: give another name.")
            if key in written:
                raise UsageError(_twice(written[key], job, file))
            written[key] = job


def _twice(first: Job, second: Job, file: Path) -> str:
    if first is second:
        return f"OUT and the file of rejected rows would both be {file}: give another name to one of them."
    return f"{first.title} and {second.title} would both be written to {file}: rename one, or score it by itself."


def _identity(file: Path) -> object:
    """The same for all names of a file, links included."""
    try:
        about = file.stat()
    except OSError:
        return str(file.parent.resolve() / file.name)
    return (about.st_dev, about.st_ino)


def is_device(file: Path) -> bool:
    """Whether it is a pipe or a device: written through, and never replaced by a file."""
    return file.exists() and not file.is_file() and not file.is_dir()


def _check_writable(file: Path, new_folder: Path | None) -> None:
    """Raise if it cannot be written; ``new_folder`` will be made beforehand if it does not exist."""
    if file == STREAM:
        return
    if file.is_dir():
        raise UsageError(f"{file} is a folder, and a file is to be written there.")
    folder = file.absolute().parent
    if new_folder is not None and folder == new_folder.absolute() and not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder} to write {file.name} into.")
    for place in (file,) if is_device(file) else (folder, file):
        if place.exists() and not os.access(place, os.W_OK):
            raise PrerequisiteError(f"{place} cannot be written: you have no permission.")
