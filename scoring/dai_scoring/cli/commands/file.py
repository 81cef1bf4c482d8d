"""``dai-score file``: files of records scored into files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dai_scoring import options
from dai_scoring.batch.options import FileOptions
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.commands.words import id_names, jvm_words
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import NotFoundError, RejectedRowsError, ScoringFailedError
from dai_scoring.cli.files import estimate
from dai_scoring.cli.files.plan import STREAM, Job, plan
from dai_scoring.cli.files.run import FileResult, score_job
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import opened
from dai_scoring.formats import Format
from dai_scoring.models import Runtime
from dai_scoring.option_words import Audience, sentences
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.progress import Progress
from dai_scoring.scorer import PipelineSettings, Scorer
from dai_scoring.values import missing
from dai_scoring.values.unseen_levels import counts_as_text


def score(
    model: Annotated[Path, flag(options.MODEL, "-m")],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN", help="Files of records, also gzipped; or a folder of them; or - for standard input."
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The file to write, compressed if it ends in .gz; - for standard output; a folder for several IN.",
        ),
    ],
    runtime: Annotated[Runtime, flag(options.RUNTIME)] = Runtime.AUTO,
    rejected: Annotated[
        Path | None,
        typer.Option(
            help="The file for rows that cannot be scored; - for standard output. Default: OUT with .rejected in its "
            "name. If there are no such rows, an old file of this name is removed."
        ),
    ] = None,
    fail_on_rejects: Annotated[
        bool,
        typer.Option("--fail-on-rejects", help="End with exit code 14 if rows were rejected; all files are written."),
    ] = False,
    output_columns: Annotated[OutputColumns, flag(options.OUTPUT_COLUMNS)] = options.OUTPUT_COLUMNS.default,
    id_columns: Annotated[str, flag(options.ID_COLUMNS)] = "",
    prefix: Annotated[str, flag(options.PREDICTION_PREFIX)] = options.PREDICTION_PREFIX.default,
    contributions: Annotated[Contributions, flag(options.CONTRIBUTIONS)] = options.CONTRIBUTIONS.default,
    intervals: Annotated[bool, flag(options.INTERVALS)] = options.INTERVALS.default,
    missing_columns: Annotated[MissingColumns, flag(options.MISSING_COLUMNS)] = options.MISSING_COLUMNS.default,
    missing_values: Annotated[str, flag(options.MISSING_VALUES)] = "",
    bad_rows: Annotated[BadRows, flag(options.BAD_ROWS)] = options.BAD_ROWS.default,
    input_format: Annotated[Format | None, flag(options.INPUT_FORMAT)] = None,
    output_format: Annotated[Format | None, flag(options.OUTPUT_FORMAT, more="The suffix of OUT counts first.")] = None,
    batch_rows: Annotated[int, flag(options.BATCH_ROWS, min=1)] = options.BATCH_ROWS.default,
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    jvm_options: Annotated[str, flag(options.JVM_OPTIONS)] = "",
    mojo_runtime: Annotated[Path | None, flag(options.MOJO_RUNTIME)] = None,
    python_environment: PythonEnvironmentOption = None,
    python_command: PythonCommandOption = PipelineSettings.python_command,
    as_json: JsonOption = False,
) -> None:
    """Score files of records of any format and size, and write the scores to files.

    If OUT or the file of rejected rows is -, the summary goes to standard error, also with --json.
    """
    output = Output(as_json, data_on_stdout=STREAM in (target, rejected))
    ids = id_names(id_columns, output_columns)
    check_file("--licence-file", licence_file)
    check_folder("--mojo-runtime", mojo_runtime)
    others = [one for one in (model, licence_file) if one is not None]
    jobs = plan(sources, target, rejected, output_format, others)
    chosen = FileOptions(
        input_format=input_format,
        output_columns=output_columns,
        id_columns=ids,
        prediction_prefix=prefix,
        missing_columns=missing_columns,
        missing_values=missing.parse(missing_values),
        bad_rows=bad_rows,
        batch_rows=batch_rows,
        wanted=Wanted(contributions, intervals),
    )
    to_folder = len(sources) > 1 or sources[0].is_dir()
    pipeline = PipelineSettings(python_environment, python_command=python_command)
    jvm = jvm_words(jvm_options)
    with (
        output.progress("Scoring") as progress,
        opened(model, progress, runtime, accept_h2o_licence, licence_file, jvm, mojo_runtime, pipeline) as scorer,
    ):
        if to_folder:
            target.mkdir(exist_ok=True)
        done, failed = _run(scorer, jobs, chosen, _Bar(progress, input_format) if output.is_live else None, progress)
    _end(output, done, failed, to_folder, fail_on_rejects)


class _Bar:
    """Rows, and rows a second, of the file that is being scored."""

    def __init__(self, progress: Progress, input_format: Format | None) -> None:
        self._progress = progress
        self._format = input_format

    def of(self, job: Job) -> Callable[[Path, int], None]:
        began = time.monotonic()
        total: list[int | None] = []

        def show(file: Path, rows: int) -> None:
            if not total:
                total.append(estimate.rows(file, self._format))
            speed = rows / max(time.monotonic() - began, 1e-3)
            share = min(rows / total[0], 0.99) if total[0] else None
            self._progress(f"{job.title}: {rows:,} rows, {speed:,.0f} rows/s", share)

        return show


def _run(
    scorer: Scorer, jobs: list[Job], chosen: FileOptions, bar: _Bar | None, progress: Progress
) -> tuple[list[FileResult], list[tuple[Job, ScoringFailedError | NotFoundError]]]:
    """Score each; where there are several, one that cannot be scored does not keep the others from it."""
    done: list[FileResult] = []
    failed: list[tuple[Job, ScoringFailedError | NotFoundError]] = []
    for job in jobs:
        progress(f"scoring {job.title}", None)
        try:
            done.append(score_job(scorer, job, chosen, bar.of(job)) if bar else score_job(scorer, job, chosen))
        except (ScoringFailedError, NotFoundError) as error:
            if len(jobs) == 1:
                raise
            failed.append((job, error))
    return done, failed


def _end(
    output: Output,
    done: list[FileResult],
    failed: list[tuple[Job, ScoringFailedError | NotFoundError]],
    to_folder: bool,
    fail_on_rejects: bool,
) -> None:
    value = _all(done, failed) if to_folder else _one(done[0])
    rejected = sum(one.summary.rejected for one in done)
    error: ScoringFailedError | RejectedRowsError | None = None
    if failed:
        lines = [f"{job.title}: {why}" for job, why in failed]
        error = ScoringFailedError("\n  ".join([f"{len(failed)} of {len(done) + len(failed)} files failed:", *lines]))
    elif rejected and fail_on_rejects:
        error = RejectedRowsError(f"{rejected:,} row(s) were rejected, and --fail-on-rejects was given.")
    if error is None or not output.as_json:
        output.result(value, lambda console: _render(console, done))
    if error is not None:
        error.details = value
        raise error


def _one(done: FileResult) -> dict[str, Any]:
    summary = done.summary
    return {
        "records": summary.records,
        "scored": summary.scored,
        "rejected": summary.rejected,
        "rejected_file": done.rejected_file,
        "missing_like": [one for one in summary.missing_like if one != missing.DECIMAL_COMMA],
        "decimal_commas": missing.DECIMAL_COMMA in summary.missing_like,
        "unseen": None if summary.unseen is None else dict(summary.unseen),
        "removed_rejected_file": done.removed,
        "output": done.job.target,
        "input_format": summary.input_format and summary.input_format.value,
        "output_format": summary.output_format and summary.output_format.value,
        "seconds": round(summary.seconds, 6),
    }


def _all(done: list[FileResult], failed: list[tuple[Job, ScoringFailedError | NotFoundError]]) -> dict[str, Any]:
    sums = {what: sum(getattr(one.summary, what) for one in done) for what in ("records", "scored", "rejected")}
    return {
        **sums,
        "seconds": round(sum(one.summary.seconds for one in done), 6),
        "files": [{"input": one.job.source, **_one(one)} for one in done],
        "failed": [{"input": job.source, "code": why.code, "message": str(why)} for job, why in failed],
    }


def _render(console: Console, done: list[FileResult]) -> None:
    for one in done:
        console.print(_sentence(one), markup=False, soft_wrap=True)
    if len(done) > 1:
        scored, records = (sum(getattr(one.summary, what) for one in done) for what in ("scored", "records"))
        console.print(f"{len(done)} files: {scored:,} of {records:,} records scored", soft_wrap=True)


def _sentence(done: FileResult) -> str:
    summary = done.summary
    where = "standard output" if done.job.target == STREAM else str(done.job.target)
    text = f"{where}: {summary.scored} of {summary.records} records scored in {summary.seconds:.2f} s"
    if not summary.records:
        text += f"; {done.job.title} has no records"
    if done.rejected_file is not None:
        text += f"; {summary.rejected} rejected, with the reasons: {done.rejected_file}"
    elif summary.rejected:
        text += f"; {summary.rejected} could not be scored, and are among them with the reasons in _reject_code"
    if advice := sentences(missing.advice(summary.missing_like), Audience.COMMAND_LINE):
        text += f". {' '.join(advice)}".removesuffix(".")
    if summary.unseen:
        text += f"; levels that the model has never seen, by column: {counts_as_text(summary.unseen)}"
    if done.removed is not None:
        text += f"; {done.removed} of an earlier run is removed, since this one has no rejected rows to write there"
    return text
