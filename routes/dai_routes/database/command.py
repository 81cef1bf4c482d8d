"""``dai-score table``: scores rows of a database into a table. Imports drivers only when it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dai_routes.database.addresses import has_password, open_database, without_password
from dai_routes.database.contract import Database, TableName
from dai_routes.database.jdbc_settings import DRIVER_VARIABLE, JdbcSettings, is_jdbc
from dai_routes.database.job import Job, Mode, Outcome, Run
from dai_scoring import options
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import ScoredTable
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.commands.words import id_names, jvm_words
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import NotFoundError, UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import opened, translated
from dai_scoring.models import Runtime
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.values import missing
from dai_scoring.values.unseen_levels import counts_as_text

app = typer.Typer(add_completion=False, **group.SETTINGS)

SOURCE_VARIABLE = "DAI_SCORE_SOURCE"
TARGET_VARIABLE = "DAI_SCORE_TARGET"
_ADDRESS = "postgresql://USER@HOST:PORT/DATABASE, sqlite:///FILE or jdbc:..."


@app.command()
def table(
    context: typer.Context,
    model: Annotated[Path, flag(options.MODEL, "-m")],
    source: Annotated[
        str,
        typer.Option(
            envvar=SOURCE_VARIABLE,
            help=f"The database: {_ADDRESS}. Set a password in PGPASSWORD or PGPASSFILE, for JDBC in "
            f"{SOURCE_VARIABLE}_USER and {SOURCE_VARIABLE}_PASSWORD or {SOURCE_VARIABLE}_PASSWORD_FILE; or in the "
            f"address in {SOURCE_VARIABLE}.",
        ),
    ],
    target: Annotated[
        str | None, typer.Option(help="The table to write: TABLE or SCHEMA.TABLE, spelled exactly as in the database.")
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
        typer.Option(help="The table for rows that cannot be scored. Default: the target's name with _rejected."),
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
    before: Annotated[str | None, typer.Option(help="A statement to run before the first row.")] = None,
    after: Annotated[str | None, typer.Option(help="A statement to run after the last row.")] = None,
    preview: Annotated[
        int | None, typer.Option(min=1, help="Score this many rows, show them, and write nothing.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, count the rows, and write nothing.")
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
    """Score rows of a database into a table of the same database or another one.

    Rows that cannot be scored go to a separate table, with the reasons. If the command is interrupted, run it again:
    with a key it continues, and no row is written twice.
    """
    output = Output(as_json)
    for parameter, url in (("source", source), ("target_address", target_address)):
        _check_no_password(context, parameter, url)
    check_file("--licence-file", licence_file)
    check_folder("--mojo-runtime", mojo_runtime)
    ids = id_names(id_columns, output_columns)
    drivers = tuple(Path(one) for jars in jdbc_driver or () for one in str(jars).split(os.pathsep) if one)
    jvm = jvm_words(jvm_options)
    jdbc = JdbcSettings(
        drivers,
        RuntimeSettings(jvm_options=jvm, mojo_runtime=mojo_runtime, accept_h2o_licence=accept_h2o_licence),
    )
    reading = writing = open_database(source, jdbc, SOURCE_VARIABLE, writes=False)
    try:
        if target_address not in (None, source):
            writing = open_database(target_address, jdbc, TARGET_VARIABLE, writes=True)
        job = _job(reading, query, from_table, target, key, rejected, mode, chunk, before, after)
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
        pipeline = PipelineSettings(python_environment, python_command=python_command)
        with (
            output.progress("Scoring") as progress,
            opened(model, progress, runtime, accept_h2o_licence, licence_file, jvm, mojo_runtime, pipeline) as scorer,
            translated(),
        ):
            run = Run(job, scorer, chosen, reading, writing)
            run.check()
            if preview is not None:
                found = run.preview(preview)
            elif dry_run:
                count = reading.count(job.query)
            else:
                progress(f"scoring into {job.target}", None)
                outcome = run.run(lambda rows: progress(f"{rows:,} rows", None))
    finally:
        for one in {id(reading): reading, id(writing): writing}.values():
            one.close()
    if preview is not None:
        output.result(_shown(found), lambda console: _render_preview(console, found))
    elif dry_run:
        output.result(
            {"records": count}, lambda console: console.print(f"{count:,} rows can be scored into {job.target}.")
        )
    else:
        output.result(_plain(outcome, job), lambda console: console.print(_sentence(outcome, job), markup=False))


def _check_no_password(context: typer.Context, parameter: str, url: str | None) -> None:
    source = context.get_parameter_source(parameter)
    if url and has_password(url) and source is not None and source.name == "COMMANDLINE":
        flag_name, variable = (
            ("--source", SOURCE_VARIABLE) if parameter == "source" else ("--target-db", TARGET_VARIABLE)
        )
        raise UsageError(
            f"The address {without_password(url)} has a password, which the list of processes shows to everyone. Set "
            f"{f'{variable}_PASSWORD' if is_jdbc(url) else 'PGPASSWORD'}, or the whole address in {variable}, and "
            f"leave {flag_name} without it."
        )


def _name(flag_name: str, text: str) -> TableName:
    try:
        return TableName.parse(text)
    except ValueError:
        raise UsageError(f"{flag_name} is TABLE or SCHEMA.TABLE, with quotes around a part that has dots.") from None


def _job(
    database: Database,
    query: str | None,
    from_table: str | None,
    target: str | None,
    key: str | None,
    rejected: str | None,
    mode: Mode,
    chunk: int,
    before: str | None,
    after: str | None,
) -> Job:
    if (query is None) == (from_table is None):
        raise UsageError("Give --query, or --table.")
    is_primary = False
    if from_table is not None:
        name = _name("--table", from_table)
        if database.columns(name) is None:
            raise NotFoundError(f"There is no table {name}. Its name counts as it is written there, also in case.")
        query = f"SELECT * FROM {database.quoted(name)}"  # noqa: S608 - quoted
        primary = database.key_of(name)
        if len(primary) == 1 and key in (None, primary[0]):
            key, is_primary = primary[0], True
        if target is None and mode is Mode.UPDATE:
            target = from_table
    if target is None:
        raise UsageError("Give --target, the table to write.")
    written = _name("--target", target)
    if mode is Mode.UPDATE and key is None:
        raise UsageError("--mode update finds its rows by --key: give it.")
    if mode is not Mode.UPDATE and from_table is not None and written == _name("--table", from_table):
        raise UsageError("--target is the table that is read. To write the scores into it, choose --mode update.")
    refused = written.sibling(f"{written.name}_rejected") if rejected is None else _name("--rejected", rejected)
    return Job(str(query), written, refused, mode, key, is_primary, chunk, before, after)


def _plain(outcome: Outcome, job: Job) -> dict[str, Any]:
    return {
        "records": outcome.records,
        "scored": outcome.scored,
        "rejected": outcome.rejected,
        "written_earlier": outcome.earlier,
        "target": str(job.target),
        "rejected_table": str(job.rejected) if outcome.rejected else None,
        "unseen": None if outcome.unseen is None else dict(outcome.unseen),
        "seconds": round(outcome.seconds, 6),
    }


def _sentence(outcome: Outcome, job: Job) -> str:
    text = f"{job.target}: {outcome.scored:,} of {outcome.records:,} rows scored in {outcome.seconds:.2f} s"
    if outcome.earlier:
        text += f", after {outcome.earlier:,} that earlier runs have written"
    if outcome.rejected:
        text += f"; {outcome.rejected:,} rejected, with the reasons: {job.rejected}"
    if outcome.unseen:
        text += f"; levels that the model has never seen, by column: {counts_as_text(outcome.unseen)}"
    return text


def _shown(found: ScoredTable) -> dict[str, Any]:
    return {"scored": found.rows.to_pylist(), "rejected": found.rejected.to_pylist()}


def _render_preview(console: Console, found: ScoredTable) -> None:
    for title, rows in (("scored", found.rows), ("rejected", found.rejected)):
        if rows.num_rows or title == "scored":
            console.print(f"{title}: {rows.num_rows} rows")
        for row in rows.to_pylist():
            console.print("  " + ", ".join(f"{name} {value}" for name, value in row.items()), markup=False)
