"""``dai-nifi swap``: a new model under a running flow."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.deployed_flows.start import NameArgument
from dai_nifi.commands.options import ProfileOption, TimeoutOption, UrlOption
from dai_nifi.errors import UsageError
from dai_nifi.flows.model_parameters import MAIN, MODEL_PARAMETERS
from dai_nifi.operations.models.local_check import Locally
from dai_nifi.operations.swap import Swap, SwapRequest
from dai_nifi.operations.swap import swap as swap_model
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.scorer import PipelineSettings

OfOption = Annotated[
    str, typer.Option("--of", help=f"Which of the flow's models: {' or '.join(MODEL_PARAMETERS)}, if it has several.")
]
PreloadOption = Annotated[
    bool,
    typer.Option(
        "--preload/--no-preload",
        help="Load the new model while the old one still scores. Otherwise nothing is scored while it loads.",
    ),
]


def check_of(of: str) -> None:
    """Raise UsageError if --of names no model that a flow may have."""
    if of not in MODEL_PARAMETERS:
        raise UsageError(f"--of {of}: the models of a flow are {' and '.join(MODEL_PARAMETERS)}.")


def swap(
    name: NameArgument,
    model: Annotated[Path, typer.Option(help="The new model.")],
    check: Annotated[
        Path | None, typer.Option(help="Records to score with both models, to see the difference.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Swap even if changed columns break today's records or readers.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and compare, and change nothing.")] = False,
    local_check: Annotated[
        bool,
        typer.Option(
            "--local-check/--no-local-check", help="Load both models on this machine first. Otherwise only NiFi does."
        ),
    ] = True,
    of: OfOption = MAIN.name,
    preload: PreloadOption = True,
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    python_environment: PythonEnvironmentOption = None,
    python_command: PythonCommandOption = PipelineSettings.python_command,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Put another model into a deployed flow. No FlowFile is lost or fails; scoring pauses for a moment.

    The old model stays in NiFi: dai-nifi rollback NAME goes back to it.
    """
    output = Output(as_json)
    check_of(of)
    check_file("--model", model)
    check_file("--check", check)
    check_file("--licence-file", licence_file)
    pipeline = PipelineSettings(python_environment, python_command=python_command)
    locally = Locally(accept_h2o_licence, licence_file, pipeline) if local_check else None
    with output.progress(f"Swapping the {of} of {name}") as progress:
        connect(url, profile)
        done = swap_model(SwapRequest(name, model, check, force, dry_run, locally, preload, timeout, of), progress)
    output.result(asdict(done), lambda console: render(console, done))


def render(console: Console, done: Swap) -> None:
    """Print the result of a swap."""

    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, soft_wrap=True)

    what, verb, scores = done.name, "has", "scores with"
    if done.of != MAIN.name:
        what, verb, scores = f"The {done.of} of {done.name}", "is", "is"
    if done.action == "unchanged":
        stopped = "" if done.running else f" It does not score: dai-nifi start {done.name}."
        line(f"{what} {verb} {done.new} already.{stopped}", "bold")
        return
    if done.action == "checked":
        line(f"{what} {verb} {done.old}; {done.new} would take its place. Nothing was changed.", "bold")
    elif not done.running:
        line(f"{what} {verb} {done.new} now; it is stopped.", "bold")
    elif done.action == "finished":
        line(f"{what} {verb} {done.new}, and scores again: what was cut off is finished.", "bold")
    else:
        line(f"{what} {scores} {done.new} now. Scoring paused for {done.paused_seconds or 0:.2f} s.", "bold")
    if done.new_id is not None:
        line(f"  before  {done.old} ({done.old_id})")
        line(f"  after   {done.new} ({done.new_id})")
        _render_columns(console, done)
    if done.comparison is not None:
        _render_comparison(console, done)


def _render_columns(console: Console, done: Swap) -> None:
    if not done.changes:
        console.print("The columns are the same.")
        return
    table = Table("Column", "", "Change", "Before", "After", title="What changes in the columns", title_justify="left")
    for one in done.changes:
        style = "red" if one.breaks else None
        table.add_row(one.column, one.kind, one.change, one.old or "-", one.new or "-", style=style)
    console.print(table)


def _render_comparison(console: Console, done: Swap) -> None:
    found = done.comparison
    if found is None:
        return
    table = Table("Prediction", "Mean difference", "Greatest", title="The same rows, both models", title_justify="left")
    for one in found.outputs:
        table.add_row(one.output, f"{one.mean:.6g}", f"{one.greatest:.6g}")
    if found.outputs:
        console.print(table)
    if found.class_changed is not None:
        share = found.class_changed / found.compared if found.compared else 0.0
        console.print(f"Another class is predicted for {found.class_changed} of {found.compared} rows ({share:.1%}).")
    if found.rejected_by_old or found.rejected_by_new:
        console.print(
            f"Of {found.rows} rows, {found.rejected_by_old} were rejected with the model before, "
            f"{found.rejected_by_new} with the one after."
        )
