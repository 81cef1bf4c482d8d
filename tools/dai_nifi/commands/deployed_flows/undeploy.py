"""``dai-nifi undeploy``: remove a deployed flow."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.deployed_flows.start import NameArgument
from dai_nifi.commands.options import ProfileOption, UrlOption
from dai_nifi.operations.undeploy import DRAIN_SECONDS
from dai_nifi.operations.undeploy import undeploy as undeploy_flow
from dai_scoring.cli.console import JsonOption, Output


def undeploy(
    name: NameArgument,
    force: Annotated[bool, typer.Option("--force", help="Drop its queued FlowFiles.")] = False,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds that a running flow has to finish what is queued in it.")
    ] = DRAIN_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Remove a deployed flow with its parameters and its model. Fails while FlowFiles are queued in it."""
    output = Output(as_json)
    with output.progress(f"Removing {name}") as progress:
        connect(url, profile)
        done = undeploy_flow(name, force, timeout, progress)

    def render(console: Console) -> None:
        dropped = f"; {done.dropped_flowfiles} queued FlowFile(s) were dropped" if done.dropped_flowfiles else ""
        console.print(f"{name} is removed{dropped}.", markup=False)
        for one in done.still_used_by:
            console.print(f"  - its parameters and its model stay: they are those of {one} too", markup=False)

    output.result(asdict(done), render)
