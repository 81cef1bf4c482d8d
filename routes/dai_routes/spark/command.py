"""``dai-score spark``: scores files, or a stream of files, with Spark. Imports Spark only when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dai_routes.spark import places, session
from dai_routes.stream import client_settings
from dai_scoring import options
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.commands.words import jvm_words
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import translated
from dai_scoring.models import Runtime
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.values import missing

app = typer.Typer(cls=group.CommandGroup, add_completion=False, help="Score files with Spark.", **group.SETTINGS)

_FILES = ("csv", "json", "parquet", "orc")
_IN_PACKAGES = ("kafka", "delta")
"""The formats that are no part of Spark."""

ModelOption = Annotated[Path, flag(options.MODEL, "-m")]
SourceOption = Annotated[str, typer.Option("--input", help="A file or a folder that Spark can read.")]
TargetOption = Annotated[str, typer.Option("--output", help="The folder to write.")]
RejectedOption = Annotated[
    str | None,
    typer.Option(help="The folder for rows that cannot be scored. Default: the output's name with _rejected."),
]
InputFormatOption = Annotated[
    str, typer.Option("--input-format", help="The format of the input: csv, json, parquet, orc, delta.")
]
OutputFormatOption = Annotated[
    str, typer.Option("--output-format", help="The format of the output: parquet, csv, json, orc, delta.")
]
MasterOption = Annotated[
    str | None, typer.Option(help="Spark's master. Default: that of spark-submit or the configuration, else local.")
]
ReaderOption = Annotated[
    list[str] | None,
    typer.Option("--option", help="NAME=VALUE: an option of Spark for the input's format, repeatable."),
]
ConfOption = Annotated[
    list[str] | None, typer.Option("--conf", help="NAME=VALUE: a setting of Spark, repeatable, as in spark-submit.")
]
RuntimeOption = Annotated[Runtime, flag(options.RUNTIME)]
MissingColumnsOption = Annotated[MissingColumns, flag(options.MISSING_COLUMNS)]
JvmOptionsOption = Annotated[
    str,
    flag(
        options.JVM_OPTIONS, more="For Java beside Python; where Spark's own Java scores, use --conf or spark-submit."
    ),
]
MojoRuntimeOption = Annotated[Path | None, flag(options.MOJO_RUNTIME)]
MissingValuesOption = Annotated[str, flag(options.MISSING_VALUES)]


@app.command()
def batch(
    model: ModelOption,
    source: SourceOption,
    target: TargetOption,
    rejected: RejectedOption = None,
    input_format: InputFormatOption = "csv",
    output_format: OutputFormatOption = "parquet",
    reader_options: ReaderOption = None,
    master: MasterOption = None,
    conf: ConfOption = None,
    runtime: RuntimeOption = Runtime.AUTO,
    missing_columns: MissingColumnsOption = options.MISSING_COLUMNS.default,
    missing_values: MissingValuesOption = "",
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    jvm_options: JvmOptionsOption = "",
    mojo_runtime: MojoRuntimeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score files into a folder. Rows that cannot be scored go to a second folder. Neither folder may exist."""
    output = Output(as_json)
    settings = _settings(accept_h2o_licence, licence_file, jvm_options, mojo_runtime)
    chosen = _chosen(runtime, missing_columns, missing_values, settings)
    given = _pairs("--option", reader_options)
    spark = session.begin(output, master, _pairs("--conf", conf), _packaged(input_format, output_format))
    from dai_routes.spark import split, texts

    given = texts.input_options(input_format, given)
    with session.spark_errors(spark), output.progress("Scoring"), translated():
        if input_format in _FILES:
            session.check_input(spark, source)
        folders = {"--output": target, "--rejected": _rejected(rejected, target)}
        places.check_different(spark, {option: (folder, output_format) for option, folder in folders.items()})
        session.check_output(spark, folders)
        rows = texts.load(spark, input_format, source, given)
        scored = texts.score_texts(rows, model, **chosen).persist()
        parts = split(scored)
        for part, folder in zip(parts, folders.values(), strict=True):
            part.write.format(output_format).options(**texts.output_options(output_format)).save(folder)
        counts = [part.count() for part in parts]
    said = {"records": sum(counts), "scored": counts[0], "rejected": counts[1], "output": target}
    output.result(said, lambda console: console.print(f"{target}: {counts[0]:,} rows scored, {counts[1]:,} rejected"))


@app.command()
def stream(
    model: ModelOption,
    source: Annotated[str, typer.Option("--input", help="A folder that Spark can read; with kafka, a topic.")],
    target: Annotated[str, typer.Option("--output", help="The folder to write; with kafka, a topic.")],
    checkpoint: Annotated[str, typer.Option(help="The folder in which Spark stores its progress.")],
    rejected: RejectedOption = None,
    input_format: Annotated[
        str, typer.Option("--input-format", help="The format of the input: csv, json, parquet, orc, delta, kafka.")
    ] = "csv",
    output_format: Annotated[
        str, typer.Option("--output-format", help="The format of the output: parquet, csv, json, orc, delta, kafka.")
    ] = "parquet",
    servers: Annotated[
        str | None, typer.Option(help="Kafka's brokers to begin with: HOST:PORT, separated by commas.")
    ] = None,
    client_config: Annotated[
        Path | None,
        typer.Option(help="A file of settings of Kafka's client, such as security.protocol=SASL_SSL, one a line."),
    ] = None,
    id_columns: Annotated[
        str, typer.Option("--id-columns", help="Further fields of Kafka's messages to keep, separated by commas.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Score what is there now, and end.")] = False,
    files_at_once: Annotated[int, typer.Option(min=1, help="How many files one batch has, at most.")] = 100,
    restarts: Annotated[
        int, typer.Option(min=0, help="How often to start again after failures in a row, without a batch in between.")
    ] = 3,
    reader_options: ReaderOption = None,
    master: MasterOption = None,
    conf: ConfOption = None,
    runtime: RuntimeOption = Runtime.AUTO,
    missing_columns: MissingColumnsOption = options.MISSING_COLUMNS.default,
    missing_values: MissingValuesOption = "",
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    jvm_options: JvmOptionsOption = "",
    mojo_runtime: MojoRuntimeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score files or messages as they arrive, until you stop the command. The same command then continues.

    Into files and Delta each row is written once; into Kafka, once or again after a failure. Messages are JSON objects.
    """
    output = Output(as_json)
    kafka = _kafka_options(servers, client_config) if "kafka" in (input_format, output_format) else {}
    given = _pairs("--option", reader_options)
    settings = _settings(accept_h2o_licence, licence_file, jvm_options, mojo_runtime)
    chosen = _chosen(runtime, missing_columns, missing_values, settings)
    spark = session.begin(output, master, _pairs("--conf", conf), _packaged(input_format, output_format))
    from dai_routes.spark import read_messages, streams, texts

    refused = _rejected(rejected, target)
    given_places = {"--input": (source, input_format), "--output": (target, output_format)}
    given_places |= {"--rejected": (refused, output_format), "--checkpoint": (checkpoint, "")}
    with session.spark_errors(spark), translated():
        places.check_different(spark, given_places)
        if input_format == "kafka":
            given = {"startingOffsets": "earliest", **kafka, **given, "subscribe": source}
            rows = read_messages(
                spark.readStream.format("kafka").options(**given).load(),
                model,
                _names(id_columns),
                runtime=runtime,
                settings=settings,
            )
        else:
            given = texts.input_options(input_format, {"maxFilesPerTrigger": str(files_at_once), **given})
            if input_format in _FILES:
                session.check_input(spark, source)
            reader = spark.readStream.format(input_format).options(**given)
            if input_format != "delta":
                # Spark needs the columns of a stream in advance: take those of the files that are there now.
                reader = reader.schema(texts.schema_of(spark, input_format, source, given))
            rows = reader.load(source)
        output.say(f"Scoring what comes into {source}.")
        streams.keep_running(
            lambda: streams.write_stream(
                rows,
                model,
                target,
                refused,
                checkpoint,
                file_format=output_format,
                writer_options=kafka if output_format == "kafka" else texts.output_options(output_format),
                trigger={"availableNow": True} if once else None,
                **chosen,
            ),
            restarts,
            lambda error, pause: output.say(f"{session.said(str(error))} Starting again in {pause} s."),
        )


def _rejected(rejected: str | None, target: str) -> str:
    return rejected or f"{target.rstrip('/')}_rejected"


def _packaged(*formats: str) -> list[str]:
    return [one for one in _IN_PACKAGES if one in formats]


def _names(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _pairs(flag: str, given: Sequence[str] | None) -> dict[str, str]:
    found = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise UsageError(f"{flag} {one}: write NAME=VALUE.")
        found[name] = value
    return found


def _kafka_options(servers: str | None, client_config: Path | None) -> dict[str, str]:
    """Spark's options of Kafka's client."""
    if servers is None:
        raise UsageError("Give Kafka's brokers with --servers HOST:PORT.")
    settings = {"bootstrap.servers": servers, **client_settings.read("DAI_KAFKA_", client_config)}
    return {f"kafka.{name}": value for name, value in settings.items()}


def _chosen(
    runtime: Runtime, missing_columns: MissingColumns, missing_values: str, settings: RuntimeSettings
) -> dict[str, Any]:
    return {
        "runtime": runtime,
        "settings": settings,
        "missing_columns": missing_columns,
        "missing_values": missing.parse(missing_values),
    }


def _settings(
    accept_h2o_licence: bool, licence_file: Path | None, jvm_options: str, mojo_runtime: Path | None
) -> RuntimeSettings:
    check_file("--licence-file", licence_file)
    check_folder("--mojo-runtime", mojo_runtime)
    return RuntimeSettings(
        licence_file=licence_file,
        jvm_options=jvm_words(jvm_options),
        mojo_runtime=mojo_runtime,
        accept_h2o_licence=accept_h2o_licence,
    )
