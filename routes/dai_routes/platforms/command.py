"""``dai-score package``: writes a folder from which a model is built and deployed on a cloud's platform."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from dai_routes.platforms.packages import folder
from dai_routes.platforms.packages.folder import Platform
from dai_scoring.cli import group
from dai_scoring.cli.commands.licence import AcceptLicenceOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import translated
from dai_scoring.model_file import Kind
from dai_scoring.options import MOJO_RUNTIME
from dai_scoring.progress import Progress
from dai_scoring.provision import jars
from dai_scoring.runtimes.java import java_jars

app = typer.Typer(add_completion=False, **group.SETTINGS)

# A name that all platforms accept.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])")


@app.command()
def package(
    platform: Annotated[Platform, typer.Argument(help="The platform.", case_sensitive=False)],
    model: Annotated[Path, typer.Argument(help="The model: a MOJO of Driverless AI or H2O-3.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write; it is created if it does not exist.")
    ],
    name: Annotated[
        str | None, typer.Option(help="The name of the function, service or endpoint. Default: from the model's name.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of the same name in a folder that is not empty.")
    ] = False,
    wheel: Annotated[
        Path | None, typer.Option(help="The wheel of this package to install. Default: the version that runs now.")
    ] = None,
    accept_h2o_licence: AcceptLicenceOption = False,
    mojo_runtime: Annotated[Path | None, flag(MOJO_RUNTIME)] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a folder from which you build an image with the model and deploy it on a platform.

    This command builds and deploys nothing: the README in the folder says which commands to run.
    """
    output_to = Output(as_json)
    check_file("--wheel", wheel)
    check_folder("--mojo-runtime", mojo_runtime)
    name = name or _name_of(model)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--name: {name!r} is no name for all platforms: 2 to 30 of a-z, 0-9 and -, the first a letter."
        )
    with output_to.progress("Packaging the model") as progress, translated():
        kind = folder.check(model)
        folder.check_target(output, overwrite, model, wheel, mojo_runtime)
        runtime_jars = _jars(kind, accept_h2o_licence, mojo_runtime, progress)
        files = folder.write(platform, folder.Model(model, kind, runtime_jars), output, name, wheel, progress)
    about = {
        "platform": platform.value,
        "folder": str(output),
        "name": name,
        "model": {"file": model.name, "kind": kind.value, "runtime": "java"},
        "files": files,
    }
    lines = [f"{output} has the {kind.value} for {platform.value}; it scores on Java.", f"Next: {output / 'README.md'}"]
    output_to.result(about, lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True))


def _name_of(model: Path) -> str:
    """A name for the model that all platforms accept."""
    words = re.sub(r"[^a-z0-9]+", "-", model.stem.lower()).strip("-")[:30].rstrip("-")
    return words if _NAME.fullmatch(words) else f"model-{words}"[:30].rstrip("-")


def _jars(kind: Kind, accepted: bool, named: Path | None, progress: Progress) -> list[Path]:
    """The jars of H2O's MOJO runtime, if the model needs them. Raises RuntimeMissingError if there are none."""
    if kind is Kind.H2O3_MOJO:
        return []
    found = jars.mojo_runtime(progress) if accepted and named is None else jars.fetched_mojo_runtime()
    return java_jars.mojo_runtime_jars(named, [] if found is None else [found])
