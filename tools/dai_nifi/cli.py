"""The ``dai-nifi`` command: gathers the verbs and turns errors into messages and exit codes."""

from __future__ import annotations

from typing import Annotated

import typer

from dai_nifi import error_boundary
from dai_nifi.commands import demo, doctor, flows, nars, nifi, pipeline
from dai_nifi.commands.deployed_flows import adopt, deploy, rollback, start, status, stop, swap, undeploy
from dai_scoring.cli import ending, group
from dai_scoring.cli import error_boundary as shared
from dai_scoring.cli.commands import file, inspect

app = typer.Typer(cls=group.Commands, name="dai-nifi", **group.SETTINGS)

_SCORE = """Score files of records: the same formats, rules and numbers as the processors in NiFi.

With OUT - the summary goes to standard error, also with --json.
"""


@app.callback()
def options(version: Annotated[bool, group.version_option("dai-nifi")] = False) -> None:
    """Run H2O Driverless AI and H2O-3 models inside Apache NiFi."""


app.add_typer(demo.app, name="demo", cls=group.CommandGroup)
app.add_typer(nifi.app, name="nifi", cls=group.CommandGroup)
app.add_typer(nars.app, name="nars", cls=group.CommandGroup)
app.add_typer(pipeline.app, name="pipeline", cls=group.CommandGroup)
app.command("inspect")(inspect.inspect)
app.command("score", help=_SCORE)(file.score)
app.add_typer(flows.app, name="flows", cls=group.CommandGroup)
app.command()(deploy.deploy)
app.command()(adopt.adopt)
app.command()(doctor.doctor)
app.command()(start.start)
app.command()(stop.stop)
app.command()(status.status)
app.command()(swap.swap)
app.command()(rollback.rollback)
app.command()(undeploy.undeploy)


def main() -> None:
    """Run the command line; ends with 0 or an exit code of :mod:`dai_nifi.errors`."""
    shared.runs(error_boundary.PROGRAM)
    ending.run(app, error_boundary.as_tool_error)
