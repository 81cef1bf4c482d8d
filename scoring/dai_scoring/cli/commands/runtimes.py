"""``dai-score runtimes``: downloads Java and the jars that it scores with, ahead of time."""

from __future__ import annotations

import typer

from dai_scoring.cli.commands.licence import AcceptLicenceOption
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.opening import translated
from dai_scoring.provision import jars, java

app = typer.Typer(help="Fetch what the runtimes need, ahead of time.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep 'fetch' a command of its own, although it is the only one."""


@app.command()
def fetch(accept_h2o_licence: AcceptLicenceOption = False, as_json: JsonOption = False) -> None:
    """Fetch a Java if there is none, the jars for H2O-3 MOJOs, and, if you accept its licence, H2O's MOJO runtime.

    After that nothing has to be fetched. Use it to prepare an image, or a machine that will have no network.
    """
    output = Output(as_json)
    with output.progress("Fetching the runtimes") as progress, translated():
        home = java.find_java(progress)
        open_jars = jars.open_jars(progress) / "open"
        found = jars.mojo_runtime(progress) if accept_h2o_licence else jars.fetched_mojo_runtime()
    mojo2 = None if found is None else found / "mojo2"
    lines = [
        f"Java: {home}",
        f"for H2O-3 MOJOs: {open_jars}",
        f"for Driverless AI MOJOs: {mojo2 or 'not fetched; --accept-h2o-licence fetches it'}",
    ]
    output.result(
        {"java": home, "h2o3": open_jars, "mojo2": mojo2},
        lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True),
    )
