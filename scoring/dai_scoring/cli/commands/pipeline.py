"""``dai-score pipeline``: the environments of Python scoring pipelines, ahead of time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.errors import ModelRefusedError
from dai_scoring.cli.opening import translated
from dai_scoring.model_file import Kind, identify
from dai_scoring.runtimes.python_pipeline import environment
from dai_scoring.runtimes.python_pipeline.pipeline_file import read
from dai_scoring.scorer import PipelineSettings

HELP = "Prepare the environments of Python scoring pipelines."

app = typer.Typer(help=HELP, no_args_is_help=True)

PythonEnvironmentOption = Annotated[
    Path | None, typer.Option(help="For Python scoring pipelines: an environment that has it installed.")
]
PythonCommandOption = Annotated[
    str, typer.Option(help="For Python scoring pipelines: the Python to make an environment with.")
]


@app.callback()
def group() -> None:
    """Keep 'prepare' a command of its own, although it is the only one."""


@app.command()
def prepare(
    scorer: Annotated[Path, typer.Argument(help="The scorer.zip, the folder it unpacks to, or the wheel.")],
    python: Annotated[str, typer.Option(help="The Python that the pipeline was made for.")] = "python3",
    environment_folder: Annotated[Path | None, typer.Option(help="Where environments are kept.")] = None,
    wheel_folder: Annotated[
        Path | None, typer.Option(help="Take packages from this folder alone, without the package index.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the environment of a Python scoring pipeline, so that it can be scored at once.

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
