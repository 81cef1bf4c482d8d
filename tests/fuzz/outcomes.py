"""What must be true of every outcome of scoring a file."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

from dai_nifi.errors import ToolError
from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import Way
from dai_scoring.batch.summary import Summary
from dai_scoring.cli.files.plan import plan
from dai_scoring.cli.files.run import score_job
from dai_scoring.errors import BadRowsError, ScoringError
from dai_scoring.formats import Declined, Format, open_reader
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from tests.fuzz.inputs import Input
from tests.support.files.parquet_files import small_groups_copied
from tests.support.ways import without


class Wrong(AssertionError):  # noqa: N818 - it is what a check finds
    """An outcome that must not be."""


def options(random: Random) -> FileOptions:
    """Some options for a file."""
    return FileOptions(
        output_format=random.choice((None, None, None, *Format)),
        output_columns=random.choice((OutputColumns.ALL, OutputColumns.ALL, OutputColumns.PREDICTIONS)),
        missing_columns=random.choice((MissingColumns.FAIL, MissingColumns.FAIL, MissingColumns.AS_MISSING)),
        missing_values=random.choice(((), (), ("NULL", "?"))),
        bad_rows=random.choice((BadRows.REJECT, BadRows.REJECT, BadRows.FAIL, BadRows.KEEP)),
        batch_rows=random.choice((1, 7, 100, 10_000)),
    )


def check_file(scorer: Scorer, given: Input, chosen: FileOptions, folder: Path) -> str:
    """Score a file and the same in memory; the outcome in a word. Raises Wrong."""
    source, target, rejected = folder / "in", folder / "out", folder / "rejected"
    source.write_bytes(given.contents)
    for file in (target, rejected):
        file.unlink(missing_ok=True)
    try:
        summary: Summary | None = score_file(scorer, source, target, rejected, chosen, given.mime_type)
        said = "scored"
    except ScoringError as error:
        summary, said = None, _code(error)
        if isinstance(error, BadRowsError) and chosen.bad_rows is not BadRows.FAIL:
            raise Wrong("bad rows fail the file, and the options reject them") from error
    if summary is None and given.rows is not None and said != BadRowsError.code:
        _check_refusal_of_good(given, chosen, said)
    if summary is not None:
        _check_counts(summary, given, chosen, target, rejected)
    _check_small(scorer, given, chosen, summary, target)
    if summary is not None and summary.input_format is summary.output_format is Format.PARQUET:
        _check_copied(scorer, given, chosen, source, target)
    return said


def check_command(scorer: Scorer, given: Input, chosen: FileOptions, folder: Path, name: str) -> str:
    """Score a file as the command does; the outcome in a word. Raises Wrong where files are left or lost."""
    source, target = folder / name, folder / "result"
    source.write_bytes(given.contents)
    (job,) = plan([source], target, None, chosen.output_format or Format.CSV)
    try:
        done = score_job(scorer, job, chosen)
    except ToolError as error:
        if error.code == "internal":
            raise Wrong(f"the command says internal: {error}") from error
        left = {file.name for file in folder.iterdir()} - {source.name}
        if left:
            raise Wrong(f"a failure left {left}") from error
        return error.code
    expected = {source.name, target.name} | ({job.rejected.name} if _has_rejected(done.summary, chosen) else set())
    left = {file.name for file in folder.iterdir()}
    if left != expected:
        raise Wrong(f"there is {left}, and should be {expected}")
    _check_counts(done.summary, given, chosen, target, job.rejected)
    return "scored"


def _code(error: ScoringError) -> str:
    if error.code in ("internal", ScoringError.code) or not str(error).strip():
        raise Wrong(f"the error {type(error).__name__} says no reason: {error!r}") from error
    return error.code


def _check_refusal_of_good(given: Input, chosen: FileOptions, said: str) -> None:
    # Contents of an odd text may be refused under another MIME type, or where none tells the format.
    if given.mime_type is not None and said not in ("malformed_content", "unknown_format", "missing_columns"):
        raise Wrong(f"a good file is refused: {said}, {chosen}")


def _check_counts(summary: Summary, given: Input, chosen: FileOptions, target: Path, rejected: Path) -> None:
    if summary.records != summary.scored + summary.rejected:
        raise Wrong(f"{summary} does not add up")
    if chosen.bad_rows is BadRows.FAIL and summary.rejected:
        raise Wrong("rows are rejected, and the options fail the file")
    written = summary.records if chosen.bad_rows is BadRows.KEEP else summary.scored
    if (found := _rows_of(target, summary.output_format)) != written:
        raise Wrong(f"the output has {found} rows, and should have {written}: {summary}")
    if rejected.exists() != _has_rejected(summary, chosen):
        raise Wrong("the file of rejected rows is there without any, or the other way round")
    if rejected.exists() and (found := _rows_of(rejected, summary.output_format)) != summary.rejected:
        raise Wrong(f"the file of rejected rows has {found}, and {summary.rejected} were rejected")
    expected = given.rows if given.rows is not None else _lines(given, summary)
    if expected is not None and expected != summary.records:
        raise Wrong(f"the file has {expected} rows, and {summary.records} came out")


def _has_rejected(summary: Summary, chosen: FileOptions) -> bool:
    """Whether there is a file of rejected rows."""
    return bool(summary.rejected) and chosen.bad_rows is not BadRows.KEEP


def _lines(given: Input, summary: Summary) -> int | None:
    """How many records a text has whose lines are its records; None if that is not plain."""
    contents = given.contents
    if summary.input_format not in (Format.CSV, Format.JSON_LINES) or re.search(rb'[\0\x1a\x1e\r]|^"?sep=', contents):
        return None
    if contents[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    if summary.input_format is Format.CSV:
        if b'"' in contents:
            return None
        return max(0, sum(bool(line) for line in contents.removeprefix(b"\xef\xbb\xbf").split(b"\n")) - 1)
    lines = [line for line in contents.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t")]
    return len(lines) if all(line.startswith(b"{") and line.endswith(b"}") for line in lines) else None


def _rows_of(path: Path, form: Format | None) -> int:
    if form is None or not path.stat().st_size:
        return 0
    reader = open_reader(path, form, chunk_rows=1000)
    try:
        rows = 0
        for chunk in reader.chunks():
            if chunk.malformed is not None:
                raise Wrong(f"{path.name} has rows that are malformed")
            rows += chunk.table.num_rows
        return rows
    finally:
        reader.close()


def _check_small(scorer: Scorer, given: Input, chosen: FileOptions, summary: Summary | None, target: Path) -> None:
    """What is scored in memory must be as from the file."""
    (answer,) = InMemoryScorer(scorer, chosen).score([Contents(given.contents, given.mime_type)])
    if isinstance(answer, Declined):
        return
    if summary is None:
        raise Wrong("scored in memory, and refused as a file")
    if (answer.summary.records, answer.summary.scored) != (summary.records, summary.scored):
        raise Wrong(f"{answer.summary.scored} rows are scored in memory, and {summary.scored} from the file")
    if (answer.summary.unseen or {}) != (summary.unseen or {}):
        raise Wrong("unseen levels are counted otherwise in memory")
    other = target.with_name("small")
    other.write_bytes(answer.contents)
    if _values(other, answer.summary.output_format) != _values(target, summary.output_format):
        raise Wrong("the scores in memory are others than from the file")


def _check_copied(scorer: Scorer, given: Input, chosen: FileOptions, source: Path, target: Path) -> None:
    """The output must be the same without copying row groups."""
    rejected = target.with_name("rejected")
    with small_groups_copied():
        score_file(scorer, source, target, rejected, chosen, given.mime_type)
    found = _values(target, Format.PARQUET)
    with without(Way.ROW_GROUPS):
        score_file(scorer, source, target, rejected, chosen, given.mime_type)
    if str(_values(target, Format.PARQUET)) != str(found):
        raise Wrong("with copied row groups the output has other rows")


def _values(path: Path, form: Format | None) -> Any:
    if form is None:
        return None
    reader = open_reader(path, form, chunk_rows=100_000)
    try:
        return [chunk.table.to_pydict() for chunk in reader.chunks()]
    finally:
        reader.close()
