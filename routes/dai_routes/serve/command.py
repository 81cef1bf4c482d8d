"""``dai-score serve``: models as an HTTP server. Imports nothing that the extra ``serve`` brings before it runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from dai_scoring import extras, options
from dai_scoring.batch.options import FileOptions
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file
from dai_scoring.cli.errors import MissingExtraError, UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.models import Runtime
from dai_scoring.options import BadRows, Contributions, MissingColumns, Wanted
from dai_scoring.scorer import RuntimeSettings

app = typer.Typer(add_completion=False, **group.SETTINGS)


@app.command()
def serve(
    models: Annotated[
        list[str],
        typer.Argument(metavar="[NAME=]MODEL...", help="The models; the first one is also at paths without its name."),
    ],
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 is all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes one that is free.")] = 8080,
    runtime: Annotated[Runtime, flag(options.RUNTIME)] = Runtime.AUTO,
    contributions: Annotated[Contributions, flag(options.CONTRIBUTIONS)] = options.CONTRIBUTIONS.default,
    intervals: Annotated[bool, flag(options.INTERVALS)] = options.INTERVALS.default,
    missing_columns: Annotated[MissingColumns, flag(options.MISSING_COLUMNS)] = options.MISSING_COLUMNS.default,
    bad_rows: Annotated[BadRows, flag(options.BAD_ROWS)] = options.BAD_ROWS.default,
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
) -> None:
    """Answer HTTP requests with scores."""
    check_file("--licence-file", licence_file)
    try:
        from dai_routes.serve import start
        from dai_routes.serve.dialects import DIALECTS
        from dai_routes.serve.settings import ModelFile, ServerSettings
    except ModuleNotFoundError as error:
        raise MissingExtraError(extras.absent(error, "serve")) from error
    start.run(
        ServerSettings(
            tuple(ModelFile(*_named(one)) for one in models),
            FileOptions(missing_columns=missing_columns, bad_rows=bad_rows, wanted=Wanted(contributions, intervals)),
            runtime,
            RuntimeSettings(
                licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"),
                licence_file=licence_file,
                accept_h2o_licence=accept_h2o_licence,
            ),
            host=host,
            port=port,
            dialects=tuple(DIALECTS),
        )
    )


_NAME = re.compile(r"[A-Za-z0-9._-]+")


def _named(text: str) -> tuple[str, Path]:
    name, sign, path = text.partition("=")
    if not sign or "/" in name:
        return re.sub(r"[^A-Za-z0-9._-]", "-", Path(text).stem), Path(text)
    if not _NAME.fullmatch(name):
        raise UsageError(f"the name of a model has letters, digits, '.', '_' and '-' alone, and '{name}' does not.")
    return name, Path(path)
