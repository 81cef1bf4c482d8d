"""``dai-score pipeline``: makes the environments of Python scoring pipelines ahead of time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import ModelRefusedError
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import translated
from dai_scoring.model_file import Kind, identify
from dai_scoring.options import (
    ENVIRONMENT_FOLDER,
    PYTHON_COMMAND,
    PYTHON_ENVIRONMENT,
    SCORING_PIPELINE,
    WHEEL_FOLDER,
)
from dai_scoring.runtimes.python_pipeline import environment
from dai_scoring.runtimes.python_pipeline.pipeline_file import read
from dai_scoring.scorer import PipelineSettings

HELP = "Prepare the environments of Python scoring pipelines."

app = typer.Typer(help=HELP, no_args_is_help=True)

PythonEnvironmentOption = Annotated[Path | None, flag(PYTHON_ENVIRONMENT)]
PythonCommandOption = Annotated[str, flag(PYTHON_COMMAND)]


@app.callback()
def group() -> None:
    """Keep 'prepare' a command of its own, although it is the only one."""


@app.command()
def prepare(
    scorer: Annotated[Path, typer.Argument(help=SCORING_PIPELINE.meaning)],
    python: Annotated[str, typer.Option(help=PYTHON_COMMAND.meaning)] = PYTHON_COMMAND.default,
    environment_folder: Annotated[Path | None, typer.Option(help=ENVIRONMENT_FOLDER.meaning)] = None,
    wheel_folder: Annotated[Path | None, typer.Option(help=WHEEL_FOLDER.meaning)] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the environment of a Python scoring pipeline ahead of time, so that later commands score at once.

    Run it as the user that will score.
    """
    output = Output(as_json)
    settings = PipelineSettings(environment_folder=environment_folder, python_command=python, wheel_folder=wheel_folder)
    with output.progress("Preparing the environment") as progress, translated():
        kind = identify(scorer)
        if kind is not Kind.SCORING_PIPELINE:
            raise ModelRefusedError(f"{scorer} is a {kind.value}, which needs no environment.")
        pipeline = read(scorer)
        ready = environment.find(pipeline, settings) is not None
        made = environment.make(pipeline, settings, progress)
    state = "was ready" if ready else "is ready"
    output.result(
        {"pipeline": pipeline.id, "python": made.words, "environment": made.path.parent.parent, "already": ready},
        lambda console: console.print(
            f"The environment of {pipeline.id} {state}: Python {made.words} in {made.path.parent.parent}",
            markup=False,
            soft_wrap=True,
        ),
    )
