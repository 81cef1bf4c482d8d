"""``dai-nifi deploy``: bring a flow and a model to a NiFi."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.options import ProfileOption, TimeoutOption, UrlOption
from dai_nifi.flows import templates
from dai_nifi.operations.canvas import overrides
from dai_nifi.operations.deploy import Deployment, Request
from dai_nifi.operations.deploy import deploy as deploy_flow
from dai_nifi.operations.deployment import checks
from dai_scoring.cli.commands.paths import check_file
from dai_scoring.cli.console import JsonOption, Output


def deploy(
    flow: Annotated[str, typer.Argument(help="The flow to deploy, such as realtime-http; see dai-nifi flows list.")],
    model: Annotated[
        Path | None,
        typer.Option(help="The model file. You can leave it out if the flow is already deployed."),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="The model runtime to score with: java, cpp or python. Default: what the model needs."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the flow on the canvas. Default: FLOW.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="KEY=VALUE", help="A parameter of the flow; may be repeated."),
    ] = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Start it when everything in it is valid.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and say what would be done.")] = False,
    discard_edits: Annotated[
        bool,
        typer.Option("--discard-edits", help="Drop edits on the canvas if the contents of the flow are replaced."),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave a new flow that cannot be deployed on the canvas, so that you can look at it."
        ),
    ] = False,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Deploy a flow with a model. Deploying again under the same name updates it and keeps queued FlowFiles.

    Edits on the canvas are kept; if some cannot be kept, the command lists them and fails. --dry-run imports the flow
    into NiFi under another name, stopped, lets NiFi check it, and removes it.

    A licence key for Driverless AI models is taken from the environment variable DRIVERLESS_AI_LICENSE_KEY.
    """
    output = Output(as_json)
    parameters = checks.parse(param or [])
    request = Request(flow, model, runtime, name, parameters, start, dry_run, timeout, discard_edits, keep)
    # What can be checked without NiFi comes first.
    checks.check_given_for(templates.template(flow), runtime, parameters)
    check_file("--model", model)
    with output.progress(f"Deploying {name or flow}") as progress:
        connect(url, profile)
        done = deploy_flow(request, progress)
    output.result(asdict(done), lambda console: _render(console, done))


def _render(console: Console, done: Deployment) -> None:
    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, soft_wrap=True)

    if done.dry_run:
        line(f"{done.name} would be {done.action}:" if done.changes else f"{done.name} would stay as it is.")
        if not done.changes and not done.running:
            line("It does not run now.")
    elif done.action == "started":
        line(f"{done.name} is unchanged. It did not run, and was started.", "bold")
    else:
        line(f"{done.name} is {done.action} and {'running' if done.running else 'stopped'}.", "bold")
    for change in done.changes:
        line(f"  - {change}")
    if done.dry_run:
        return
    parameters = overrides.in_effect(done.parameters, done.set_on_canvas)
    facts = {"model": done.model, **parameters, "POST rows to": done.endpoint, "canvas": done.url}
    width = max(map(len, facts))
    for name, value in facts.items():
        if value:
            line(f"  {name:<{width}}  {value}")
