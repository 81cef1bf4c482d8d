"""``dai-score hive``: makes the jar that scores with a model in Hive's SQL."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from dai_routes import bundle
from dai_routes.hive import sql
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import translated
from dai_scoring.options import MOJO_RUNTIME
from dai_scoring.scorer import RuntimeSettings

app = typer.Typer(cls=group.CommandGroup, add_completion=False, help="Score rows in Hive's SQL.", **group.SETTINGS)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


@app.callback()
def hive() -> None:
    """Score rows in Hive's SQL."""


@app.command()
def jar(
    models: Annotated[
        list[str], typer.Argument(help="Models, each as MODEL or NAME=MODEL: MOJOs of Driverless AI or H2O-3.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The folder to write the jar into; it is created if it does not exist."),
    ] = Path(),
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    mojo_runtime: Annotated[Path | None, flag(MOJO_RUNTIME)] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a jar with the function dai_score, with models and all that scores them; print the SQL to type.

    The jar needs nothing else in Hive but a Java 11 or newer.
    """
    output_to = Output(as_json)
    check_file("--licence-file", licence_file)
    check_folder("--mojo-runtime", mojo_runtime)
    named = _named(models)
    target = output / f"dai-score-{'-'.join(named)}.jar"
    settings = RuntimeSettings(
        licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"),
        licence_file=licence_file,
        mojo_runtime=mojo_runtime,
        accept_h2o_licence=accept_h2o_licence,
    )
    with output_to.progress("Making the jar") as progress, translated():
        found = bundle.write(target, named, settings, progress)
    setup = sql.setup(str(target.resolve()))
    queries = {one.name: sql.query(one.name, [column.name for column in one.info.inputs]) for one in found}
    about = {
        "jar": str(target),
        "models": [{"name": one.name, "id": one.info.id, "sha256": one.info.sha256} for one in found],
        "setup": setup,
        "queries": queries,
    }
    text = "\n".join([f"{target} is made. In Hive:\n", setup, *queries.values()]).rstrip()
    output_to.result(about, lambda console: console.print(text, markup=False, soft_wrap=True, highlight=False))


def _named(models: list[str]) -> dict[str, Path]:
    """The models by their names: those that were given, or those of the files."""
    found: dict[str, Path] = {}
    for one in models:
        name, given, path = one.rpartition("=")
        name = name if given else re.sub(r"[^A-Za-z0-9_-]+", "_", Path(path).stem).strip("_-")
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a model: letters, digits, - and _. Write it as NAME=MODEL.")
        if name in found:
            raise UsageError(f"two models have the name {name}. Name them with NAME=MODEL.")
        found[name] = Path(path)
    return found
