"""The verbs of ``dai-score``."""

from __future__ import annotations

from typing import Annotated

import typer

from dai_scoring.cli import ending, error_boundary, group
from dai_scoring.cli.commands import file, inspect, pipeline, runtimes


class _Commands(group.Commands):
    entry_points = "dai_score.commands"


app = typer.Typer(cls=_Commands, name="dai-score", **group.SETTINGS)


@app.callback()
def options(version: Annotated[bool, group.version_option("dai-score")] = False) -> None:
    """Score records with models of H2O Driverless AI and H2O-3."""


app.command("inspect")(inspect.inspect)
app.command("file")(file.score)
app.add_typer(pipeline.app, name="pipeline", cls=group.CommandGroup)
app.add_typer(runtimes.app, name="runtimes", cls=group.CommandGroup)


def main() -> None:
    """Run the command line."""
    ending.run(app, error_boundary.as_tool_error)
