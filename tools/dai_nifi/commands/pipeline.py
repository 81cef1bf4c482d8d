"""``dai-nifi pipeline``: the environments of Python scoring pipelines, ahead of time."""

from __future__ import annotations

import typer

from dai_scoring.cli.commands.pipeline import HELP, group, prepare

app = typer.Typer(help=HELP, no_args_is_help=True)
app.callback()(group)
app.command(
    "prepare",
    help="""Make the environment of a Python scoring pipeline, so that the processor starts at once.

    Run it as the user that runs NiFi, on its machine, or name the same --environment-folder in the processor.
    """,
)(prepare)
