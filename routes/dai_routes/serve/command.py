"""``dai-score serve``: models as an HTTP server. Imports the packages of the extra ``serve`` only when it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from dai_routes.serve import environment
from dai_scoring import extras, options
from dai_scoring.batch.options import FileOptions
from dai_scoring.cli import collector, group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.commands.words import id_names, jvm_words
from dai_scoring.cli.errors import MissingExtraError
from dai_scoring.cli.flags import flag
from dai_scoring.models import Runtime
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.values import missing

_DAY = 86_400
_BAD_ROWS = {
    BadRows.REJECT: "at /score answer that row in its place, with the reason, or status 400 if no row can be scored; "
    "in other dialects fail the request",
    BadRows.FAIL: "fail the request",
    BadRows.KEEP: "answer that row in its place, with the reason and without predictions; H2O's dialect and JSON-RPC "
    "fail the request",
}

app = typer.Typer(add_completion=False, **group.SETTINGS)


@app.command()
def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]MODEL...",
            help="The models; the first one is also at paths without its name. Default: MOJO_FILE_PATH.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all networks.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, envvar=list(environment.PORT), help="The port; 0 takes one that is free.")
    ] = 8080,
    runtime: Annotated[Runtime, flag(options.RUNTIME)] = Runtime.AUTO,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            envvar=environment.WORKERS,
            help="How many processes answer; each holds the models in memory. One that dies is started again.",
        ),
    ] = 1,
    tls_cert: Annotated[Path | None, typer.Option(help="The server's certificate, in PEM. Turns on HTTPS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key, in PEM.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="Accept only clients with a certificate of this authority, in PEM.")
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(help="A file of keys, one per line. Clients send one as Authorization: Bearer KEY or X-API-Key."),
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, help="The largest body of a request, in megabytes.")] = 64,
    timeout: Annotated[float, typer.Option(min=0.01, max=_DAY, help="How long a request may take, in seconds.")] = 60.0,
    drain: Annotated[
        float, typer.Option(min=0, max=_DAY, help="How long new requests are answered after SIGTERM, in seconds.")
    ] = 1.0,
    queue: Annotated[
        int, typer.Option(min=1, help="How many requests may wait for a model; more get the status 429.")
    ] = 1024,
    dialects: Annotated[
        str, typer.Option(help="The dialects to answer, separated by commas. Default: all; see docs/serve.md.")
    ] = "",
    log_requests: Annotated[bool, typer.Option("--log-requests", help="Log a line of JSON for each request.")] = False,
    trace: Annotated[
        bool,
        typer.Option("--trace", help="Send a trace of each request by OpenTelemetry; its OTEL_ variables say where."),
    ] = False,
    output_columns: Annotated[OutputColumns, flag(options.OUTPUT_COLUMNS)] = options.OUTPUT_COLUMNS.default,
    id_columns: Annotated[str, flag(options.ID_COLUMNS)] = "",
    prefix: Annotated[str, flag(options.PREDICTION_PREFIX)] = options.PREDICTION_PREFIX.default,
    contributions: Annotated[Contributions, flag(options.CONTRIBUTIONS)] = options.CONTRIBUTIONS.default,
    intervals: Annotated[bool, flag(options.INTERVALS)] = options.INTERVALS.default,
    missing_columns: Annotated[MissingColumns, flag(options.MISSING_COLUMNS)] = options.MISSING_COLUMNS.default,
    missing_values: Annotated[str, flag(options.MISSING_VALUES)] = "",
    bad_rows: Annotated[BadRows, flag(options.BAD_ROWS, meanings=_BAD_ROWS)] = options.BAD_ROWS.default,
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    jvm_options: Annotated[str, flag(options.JVM_OPTIONS)] = "",
    mojo_runtime: Annotated[Path | None, flag(options.MOJO_RUNTIME)] = None,
    python_environment: PythonEnvironmentOption = None,
    python_command: PythonCommandOption = PipelineSettings.python_command,
) -> None:
    """Answer HTTP requests with scores of one model or several.

    After SIGTERM or ctrl-C, requests that have begun are answered, and the exit code is 0. SIGHUP loads the models
    again whose files have changed.
    """
    for name, file in (
        ("--licence-file", licence_file), ("--tls-cert", tls_cert), ("--tls-key", tls_key),
        ("--tls-client-ca", tls_client_ca), ("--api-key-file", api_key_file),
    ):  # fmt: skip
        check_file(name, file)
    check_folder("--mojo-runtime", mojo_runtime)
    ids = id_names(id_columns, output_columns)
    try:
        with collector.paused():
            from dai_routes.serve import arguments
            from dai_routes.serve.running import start
            from dai_routes.serve.settings import ServerSettings
    except ModuleNotFoundError as error:
        raise MissingExtraError(extras.absent(error, "serve")) from error
    if trace:
        try:
            from dai_routes.serve.answering import tracing  # noqa: F401 - only to see that it is there
        except ModuleNotFoundError as error:
            raise MissingExtraError(extras.absent(error, "otel")) from error
    spoken = arguments.dialects(dialects)
    start.run(
        ServerSettings(
            arguments.models(models or environment.models()),
            FileOptions(
                output_columns=output_columns,
                id_columns=ids,
                prediction_prefix=prefix,
                missing_columns=missing_columns,
                missing_values=missing.parse(missing_values),
                bad_rows=bad_rows,
                wanted=Wanted(contributions, intervals),
            ),
            runtime,
            RuntimeSettings(
                licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"),
                licence_file=licence_file,
                jvm_options=jvm_words(jvm_options),
                mojo_runtime=mojo_runtime,
                accept_h2o_licence=accept_h2o_licence,
                pipeline=PipelineSettings(
                    python_environment,
                    python_command=python_command,
                    # A second later than the client's answer, so that this says what happened. A pipeline that hangs
                    # is then started again: all other requests wait for it.
                    score_timeout=timeout + 1,
                ),
            ),
            host=host,
            port=port,
            workers=workers,
            certificates=arguments.certificates(tls_cert, tls_key, tls_client_ca),
            key_digests=arguments.key_digests(api_key_file),
            dialects=spoken,
            most_body=max_body << 20,
            timeout=timeout,
            drain=drain,
            most_waiting=queue,
            logs_requests=log_requests,
            traces=trace,
            routes=environment.routes(spoken),
        )
    )
