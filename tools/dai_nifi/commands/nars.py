"""``dai-nifi nars``: build the archives with the processors, and manage them in a NiFi."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dai_nifi.archives import archive
from dai_nifi.archives import install as manager
from dai_nifi.archives.build import BuiltNar
from dai_nifi.archives.build import build as build_nar
from dai_nifi.archives.spec import PYTHONS, SPECS
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.options import ProfileOption, UrlOption
from dai_nifi.errors import UsageError
from dai_scoring.cli.commands.licence import ACCEPT
from dai_scoring.cli.commands.paths import check_no_file
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.options import ACCEPT_H2O_LICENCE

_LICENCE_NOTE = (
    ACCEPT_H2O_LICENCE.meaning
    + " For cpp the same with daimojo from PyPI, whose licence there is H2O's Driverless AI Evaluation "
    "Agreement: for evaluation, not for production, unless your contract with H2O says otherwise."
)

app = typer.Typer(help="Build, install, list and remove the archives (NARs) with the processors.", no_args_is_help=True)

DEFAULT_FOLDER = Path("build/nars")


@app.command()
def build(
    runtime: Annotated[
        list[str] | None,
        typer.Option(help="Which archive: java, cpp or python; may be repeated. Default: java and python."),
    ] = None,
    output_folder: Annotated[Path, typer.Option("--output", help="Folder for the archives.")] = DEFAULT_FOLDER,
    accept_h2o_licence: Annotated[bool, typer.Option(*ACCEPT, help=_LICENCE_NOTE)] = False,
    python_version: Annotated[
        str | None, typer.Option(help="The Python that NiFi runs, such as 3.12. Default: this command's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Build the archives. Driverless AI MOJOs need --accept-h2o-licence, H2O-3 models do not."""
    output = Output(as_json)
    if python_version not in (None, *PYTHONS):
        raise UsageError(f"--python-version {python_version}: there are archives for Python {', '.join(PYTHONS)}")
    check_no_file("--output", output_folder)
    built: list[BuiltNar] = []
    with output.progress("Building the archives") as progress:
        # To accept one licence is not to accept another: what is H2O's own throughout is built by name only.
        for name in runtime or [name for name, spec in SPECS.items() if not spec.proprietary]:
            built.append(build_nar(name, output_folder, progress, accept_h2o_licence, python_version))

    def render(console: Console) -> None:
        for nar in built:
            inside = _inside(nar)
            about = f"{nar.processor} {nar.version} for Python {nar.python}, {nar.bytes / 1e6:.0f} MB"
            console.print(f"{nar.path}: {about}, {inside}", soft_wrap=True)

    output.result([asdict(nar) for nar in built], render)


def _inside(nar: BuiltNar) -> str:
    if nar.processor == SPECS["python"].processor:
        return "for Python scoring pipelines"
    return "with H2O's MOJO runtime" if nar.h2o_runtime else "without H2O's MOJO runtime: H2O-3 models only"


@app.command()
def install(
    nars: Annotated[
        list[Path] | None, typer.Argument(help=f"Archives. Default: those in {DEFAULT_FOLDER}.", show_default=False)
    ] = None,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload archives to a running NiFi, without a restart. A new build of the same version replaces the old one."""
    output = Output(as_json)
    paths = nars or sorted(DEFAULT_FOLDER.glob("*.nar"))
    if not paths:
        raise UsageError(f"there is no archive in {DEFAULT_FOLDER}: name one, or run 'dai-nifi nars build' first")
    for path in paths:
        archive.read_manifest(path)  # refuses other files before NiFi is asked
    connect(url, profile)
    with output.progress("Installing") as progress:
        done = [manager.install(path, progress) for path in paths]

    def render(console: Console) -> None:
        for nar in done:
            state = "was installed already" if nar.already else "is installed"
            console.print(f"{nar.name} {nar.version} {state}; on the canvas: {', '.join(nar.processors) or nar.name}")

    output.result([asdict(nar) for nar in done], render)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also list archives of others.")] = False,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the archives that were uploaded to a NiFi."""
    connect(url, profile)
    found = manager.list_nars(everything)

    def render(console: Console) -> None:
        table = Table("NAR", "Version", "State")
        for nar in found:
            table.add_row(nar.name, nar.version, nar.state)
        console.print(table if found else "No NAR of this project was uploaded to this NiFi.")

    Output(as_json).result([asdict(nar) for nar in found], render)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="The archive's name, or its processor's.")],
    version: Annotated[str | None, typer.Option(help="Remove only this version.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Remove it even if its processors are on the canvas.")] = False,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove an archive from a NiFi."""
    output = Output(as_json)
    connect(url, profile)
    with output.progress("Removing") as progress:
        removed = manager.remove(name, progress, version, force)
    output.result(
        [asdict(nar) for nar in removed],
        lambda console: console.print("Removed " + ", ".join(f"{nar.name} {nar.version}" for nar in removed)),
    )
