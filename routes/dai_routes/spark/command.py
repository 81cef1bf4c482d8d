"""``dai-score spark``: scores files, or a stream of files, with Spark. Imports Spark only when it runs."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dai_scoring import extras, options
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import MissingExtraError, ScoringFailedError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import translated
from dai_scoring.models import Runtime
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.values import missing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

app = typer.Typer(cls=group.CommandGroup, add_completion=False, help="Score files with Spark.", **group.SETTINGS)

ModelOption = Annotated[Path, flag(options.MODEL, "-m")]
SourceOption = Annotated[str, typer.Option("--input", help="A file or a folder that Spark can read.")]
TargetOption = Annotated[str, typer.Option("--output", help="The folder to write.")]
RejectedOption = Annotated[
    str | None,
    typer.Option(help="The folder for rows that cannot be scored. Default: the output's name with _rejected."),
]
InputFormatOption = Annotated[
    str, typer.Option("--input-format", help="The format of the input: csv, json, parquet, orc.")
]
OutputFormatOption = Annotated[
    str, typer.Option("--output-format", help="The format of the output: parquet, csv, json, orc.")
]
MasterOption = Annotated[
    str | None, typer.Option(help="Spark's master. Default: that of spark-submit or the configuration, else local.")
]
RuntimeOption = Annotated[Runtime, flag(options.RUNTIME)]
MissingColumnsOption = Annotated[MissingColumns, flag(options.MISSING_COLUMNS)]
MissingValuesOption = Annotated[str, flag(options.MISSING_VALUES)]


@app.command()
def batch(
    model: ModelOption,
    source: SourceOption,
    target: TargetOption,
    rejected: RejectedOption = None,
    input_format: InputFormatOption = "csv",
    output_format: OutputFormatOption = "parquet",
    master: MasterOption = None,
    runtime: RuntimeOption = Runtime.AUTO,
    missing_columns: MissingColumnsOption = options.MISSING_COLUMNS.default,
    missing_values: MissingValuesOption = "",
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score files into a folder. Rows that cannot be scored go to a second folder. Neither folder may exist."""
    output = Output(as_json)
    spark, chosen = _begin(output, master, runtime, missing_columns, missing_values, accept_h2o_licence, licence_file)
    from dai_routes.spark import score, split

    reader = spark.read.format(input_format).option("header", "true")
    with _spark_errors(), output.progress("Scoring"), translated():
        scored = score(reader.load(source), model, **chosen).persist()
        parts = split(scored)
        for rows, folder in zip(parts, (target, _rejected(rejected, target)), strict=True):
            rows.write.format(output_format).option("header", "true").save(folder)
        counts = [rows.count() for rows in parts]
    said = {"records": sum(counts), "scored": counts[0], "rejected": counts[1], "output": target}
    output.result(said, lambda console: console.print(f"{target}: {counts[0]:,} rows scored, {counts[1]:,} rejected"))


@app.command()
def stream(
    model: ModelOption,
    source: SourceOption,
    target: TargetOption,
    checkpoint: Annotated[str, typer.Option(help="The folder in which Spark stores its progress.")],
    rejected: RejectedOption = None,
    input_format: InputFormatOption = "csv",
    output_format: OutputFormatOption = "parquet",
    once: Annotated[bool, typer.Option("--once", help="Score the files that are there now, and end.")] = False,
    files_at_once: Annotated[int, typer.Option(min=1, help="How many files one batch has, at most.")] = 100,
    master: MasterOption = None,
    runtime: RuntimeOption = Runtime.AUTO,
    missing_columns: MissingColumnsOption = options.MISSING_COLUMNS.default,
    missing_values: MissingValuesOption = "",
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score files as they arrive, each row once, until you stop the command. The same command then continues."""
    output = Output(as_json)
    spark, chosen = _begin(output, master, runtime, missing_columns, missing_values, accept_h2o_licence, licence_file)
    from dai_routes.spark import write_stream

    with _spark_errors(), translated():
        # Spark needs the columns of a stream in advance: take those of the files that are there now.
        schema = spark.read.format(input_format).option("header", "true").load(source).schema
        reader = spark.readStream.format(input_format).option("header", "true").schema(schema)
        query = write_stream(
            reader.option("maxFilesPerTrigger", str(files_at_once)).load(source),
            model,
            target,
            _rejected(rejected, target),
            checkpoint,
            file_format=output_format,
            trigger={"availableNow": True} if once else None,
            **chosen,
        )
        output.say(f"Scoring what comes into {source}.")
        query.awaitTermination()


def _rejected(rejected: str | None, target: str) -> str:
    return rejected or f"{target.rstrip('/')}_rejected"


class _spark_errors:  # noqa: N801 - a context
    """Turns errors of Spark into one sentence, without the traceback of Java."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        from pyspark.errors import PySparkException

        if isinstance(error, PySparkException):
            raise ScoringFailedError(f"Spark says: {_said(str(error))}") from error


def _said(text: str) -> str:
    """The line that says what happened: the last of the library's in a Python traceback, otherwise the first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    of_worker = [line for line in lines if line.startswith("dai_scoring.")]
    return of_worker[-1].partition(": ")[2] if of_worker else lines[0]


def _begin(
    output: Output,
    master: str | None,
    runtime: Runtime,
    missing_columns: MissingColumns,
    missing_values: str,
    accept_h2o_licence: bool,
    licence_file: Path | None,
) -> tuple[SparkSession, dict[str, Any]]:
    check_file("--licence-file", licence_file)
    # Workers on this machine use this Python environment; for other machines the user sets it.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise MissingExtraError(extras.absent(error, "spark")) from error
    builder = SparkSession.builder.appName("dai-score")
    if master is not None:
        builder = builder.master(master)
    output.say(f"On a cluster: spark-submit --master MASTER {shlex.join(sys.argv)}")
    settings = RuntimeSettings(licence_file=licence_file, accept_h2o_licence=accept_h2o_licence)
    chosen = {
        "runtime": runtime,
        "settings": settings,
        "missing_columns": missing_columns,
        "missing_values": missing.parse(missing_values),
    }
    return builder.getOrCreate(), chosen
