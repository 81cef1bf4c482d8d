"""``dai-score table``: scores rows of a database into a table or a file. Imports drivers only when it runs."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from dai_routes.database import rendering, suggestions
from dai_routes.database.addresses import open_database, place_of, without_password
from dai_routes.database.contract import Database
from dai_routes.database.jdbc.settings import DRIVER_VARIABLE, JdbcSettings
from dai_routes.database.planning import SOURCE_VARIABLE, TARGET_VARIABLE, check_no_password, job_of, table_name
from dai_routes.database.running.file_run import FileRun, Files
from dai_routes.database.running.job import Job, Mode
from dai_routes.database.running.outputs import Outputs
from dai_routes.database.running.run import Run
from dai_routes.database.running.scoring import QueryScorer
from dai_scoring import options
from dai_scoring.batch.options import FileOptions
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.commands.words import id_names, jvm_words
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import opened, translated
from dai_scoring.models import Runtime
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.progress import Progress
from dai_scoring.scorer import PipelineSettings, RuntimeSettings, Scorer
from dai_scoring.values import missing

app = typer.Typer(add_completion=False, **group.SETTINGS)

_ADDRESS = "postgresql://USER@HOST:PORT/DATABASE, sqlite:///FILE, duckdb:///FILE, grpc://HOST:PORT or jdbc:..."


@app.command()
def table(
    context: typer.Context,
    model: Annotated[Path, flag(options.MODEL, "-m")],
    source: Annotated[
        str | None,
        typer.Option(
            envvar=SOURCE_VARIABLE,
            help=f"The database: {_ADDRESS}. Set user and password in {SOURCE_VARIABLE}_USER and "
            f"{SOURCE_VARIABLE}_PASSWORD or {SOURCE_VARIABLE}_PASSWORD_FILE, or as psql takes them; or in the address "
            f"in {SOURCE_VARIABLE}.",
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The table to write: TABLE or SCHEMA.TABLE, spelled exactly as in the database.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write a file of CSV instead of a table; gzipped if its name ends in .gz.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="What to score: a SELECT.")] = None,
    from_table: Annotated[str | None, typer.Option("--table", help="What to score: all rows of a table.")] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="A column with a different value in each row. Each chunk is then committed separately, and the same "
            "command continues after an interruption. Default: the primary key of --table, if it is one column."
        ),
    ] = None,
    target_address: Annotated[
        str | None,
        typer.Option("--target-db", envvar=TARGET_VARIABLE, help="The database of the target. Default: the source."),
    ] = None,
    jdbc_driver: Annotated[
        list[Path] | None,
        typer.Option(
            envvar=DRIVER_VARIABLE,
            help=f"The jar of a JDBC driver, or several joined by {os.pathsep}; may be repeated.",
        ),
    ] = None,
    rejected: Annotated[
        str | None,
        typer.Option(
            help="The table, or with --csv the file, for rows that cannot be scored. Default: the target's name with "
            "_rejected, or .rejected."
        ),
    ] = None,
    mode: Annotated[
        Mode,
        typer.Option(
            help="fail: the target must not exist; append: rows are added if it exists; replace: it is created again, "
            "in one transaction; update: the scores are written into its rows with the same key.",
            case_sensitive=False,
        ),
    ] = Mode.FAIL,
    chunk: Annotated[int, typer.Option(min=1, help="How many rows are read, scored and written together.")] = 50_000,
    threads: Annotated[
        int, typer.Option(min=1, help="How many chunks are scored at once, while others are read and written.")
    ] = 1,
    before: Annotated[
        list[str] | None, typer.Option(help="A statement to run before the first row; may be repeated.")
    ] = None,
    after: Annotated[
        list[str] | None, typer.Option(help="A statement to run after the last row; may be repeated.")
    ] = None,
    predictions: Annotated[
        str,
        typer.Option(
            help="Which of the model's columns are written, separated by commas, and under which names: "
            "COLUMN or COLUMN=NAME. Default: all."
        ),
    ] = "",
    threshold: Annotated[
        str | None,
        typer.Option(
            help="COLUMN=NUMBER: add a column with a label, the class of COLUMN if its value is at least NUMBER, and "
            "the other class otherwise."
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The name of the column of --threshold. Default: label.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Two texts for the column of --threshold instead of the classes, as in yes,no.")
    ] = None,
    inspect: Annotated[
        bool,
        typer.Option("--inspect", help="Show the SELECT and the commands for this model, and --table if it is given."),
    ] = False,
    preview: Annotated[
        int | None,
        typer.Option(min=1, help="Score this many rows, show them, and write nothing; no --target is needed."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Check everything, --target too if it is given, count the rows, and write nothing."
        ),
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Show rows a second, and how long reading, scoring and writing took.")
    ] = False,
    fail_on_rejects: Annotated[
        bool,
        typer.Option("--fail-on-rejects", help="End with exit code 14 if rows were rejected; all rows are written."),
    ] = False,
    runtime: Annotated[Runtime, flag(options.RUNTIME)] = Runtime.AUTO,
    output_columns: Annotated[OutputColumns, flag(options.OUTPUT_COLUMNS)] = options.OUTPUT_COLUMNS.default,
    id_columns: Annotated[str, flag(options.ID_COLUMNS)] = "",
    prefix: Annotated[str, flag(options.PREDICTION_PREFIX)] = options.PREDICTION_PREFIX.default,
    contributions: Annotated[Contributions, flag(options.CONTRIBUTIONS)] = options.CONTRIBUTIONS.default,
    intervals: Annotated[bool, flag(options.INTERVALS)] = options.INTERVALS.default,
    missing_columns: Annotated[MissingColumns, flag(options.MISSING_COLUMNS)] = options.MISSING_COLUMNS.default,
    missing_values: Annotated[str, flag(options.MISSING_VALUES)] = "",
    bad_rows: Annotated[BadRows, flag(options.BAD_ROWS)] = options.BAD_ROWS.default,
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    jvm_options: Annotated[str, flag(options.JVM_OPTIONS)] = "",
    mojo_runtime: Annotated[Path | None, flag(options.MOJO_RUNTIME)] = None,
    python_environment: PythonEnvironmentOption = None,
    python_command: PythonCommandOption = PipelineSettings.python_command,
    as_json: JsonOption = False,
) -> None:
    """Score rows of a database into a table of the same database or another one, or into a file.

    Rows that cannot be scored go to a separate table, with the reasons. If the command is interrupted, run it again:
    with a key it continues, and no row is written twice.
    """
    output = Output(as_json)
    for parameter, url in (("source", source), ("target_address", target_address)):
        check_no_password(context, parameter, url)
    check_file("--licence-file", licence_file)
    check_folder("--mojo-runtime", mojo_runtime)
    ids = id_names(id_columns, output_columns)
    drivers = tuple(Path(one) for jars in jdbc_driver or () for one in str(jars).split(os.pathsep) if one)
    jvm = jvm_words(jvm_options)
    jdbc = JdbcSettings(
        drivers,
        RuntimeSettings(jvm_options=jvm, mojo_runtime=mojo_runtime, accept_h2o_licence=accept_h2o_licence),
    )
    outputs = Outputs.parse(predictions, threshold, label, labels)
    wished = Job(
        mode=mode,
        chunk_rows=chunk,
        threads=threads,
        before=tuple(before or ()),
        after=tuple(after or ()),
        outputs=outputs,
        source=_other_place(source, target_address),
    )
    pipeline = PipelineSettings(python_environment, python_command=python_command)
    with ExitStack() as stack:

        def connected(url: str, variable: str, writes: bool) -> Database:
            found = open_database(url, jdbc, variable, writes=writes)
            stack.callback(found.close)
            return found

        def scorer_of(progress: Progress) -> Scorer:
            return stack.enter_context(
                opened(model, progress, runtime, accept_h2o_licence, licence_file, jvm, mojo_runtime, pipeline)
            )

        if source is None and not inspect:
            raise UsageError(f"Give --source, the address of the database: {_ADDRESS}.")
        reading = None if source is None else connected(source, SOURCE_VARIABLE, False)
        if inspect or reading is None:
            named = None if from_table is None else table_name("--table", from_table)
            with output.progress("Loading the model") as progress:
                found = suggestions.suggest(
                    model, scorer_of(progress).info, source and without_password(source), reading, named, drivers
                )
            output.result(vars(found), lambda console: suggestions.render(console, found))
            return
        if csv is not None and (target, target_address, mode) != (None, None, Mode.FAIL):
            raise UsageError("--csv writes a file: leave out --target, --target-db and --mode.")
        only_looks = preview is not None or dry_run
        has_target = mode is Mode.UPDATE or (csv, target, target_address, rejected) != (None,) * 4
        writing = None if csv is not None or (only_looks and not has_target) else reading
        if target_address not in (None, source):
            writing = connected(str(target_address), TARGET_VARIABLE, True)
        job = job_of(reading, writing, query, from_table, target, key, rejected, wished)
        if mode is Mode.UPDATE:
            if output_columns is not OutputColumns.ALL:
                raise UsageError("--mode update writes the scores alone: leave out --output-columns.")
            output_columns, ids = OutputColumns.IDS, (str(job.key),)
        chosen = FileOptions(
            output_columns=output_columns,
            id_columns=ids,
            prediction_prefix=prefix,
            missing_columns=missing_columns,
            missing_values=missing.parse(missing_values),
            bad_rows=bad_rows,
            wanted=Wanted(contributions, intervals),
        )
        files = None if csv is None else Files.of(csv, None if rejected is None else Path(rejected))
        with output.progress("Scoring") as progress, translated():
            scorer = scorer_of(progress)
            run = _run(job, files, scorer, chosen, reading, writing)
            rows = run or QueryScorer(job, scorer, chosen, reading)
            rows.check()
            if preview is not None:
                sample = rows.preview(preview)
            elif dry_run:
                count = reading.count(job.query)
            elif run is not None:
                progress(f"scoring into {run.names[0]}", None)
                outcome = run.run(lambda rows: progress(f"{rows:,} rows", None))
    if preview is not None:
        output.result(rendering.shown(sample), lambda console: rendering.render_preview(console, sample))
    elif dry_run:
        into = "" if run is None else f" into {run.names[0]}"
        text = f"{count:,} rows can be scored{into}."
        output.result({"records": count}, lambda console: console.print(text, markup=False))
    elif run is not None:
        rendering.end(output, outcome, run.names, stats, fail_on_rejects)


def _run(
    job: Job, files: Files | None, scorer: Scorer, chosen: FileOptions, reading: Database, writing: Database | None
) -> Run | FileRun | None:
    """What writes the scores; None if nothing is written, and no target is named."""
    if files is not None:
        return FileRun(job, files, scorer, chosen, reading)
    return None if writing is None else Run(job, scorer, chosen, reading, writing)


def _other_place(source: str | None, target: str | None) -> str:
    """The database that is read, if the scores go to another one; otherwise empty."""
    if source is None or target is None:
        return ""
    place = place_of(source)
    return "" if place == place_of(target) else place
