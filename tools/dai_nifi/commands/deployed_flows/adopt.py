"""``dai-nifi adopt``: take a flow that was imported on the canvas as a deployed one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.options import ProfileOption, TimeoutOption, UrlOption
from dai_nifi.operations.adopt import adopt as adopt_flow
from dai_scoring.cli.console import JsonOption, Output


def adopt(
    group: Annotated[str, typer.Argument(metavar="NAME|ID", help="The process group on the canvas, anywhere.")],
    name: Annotated[
        str | None, typer.Option(help="The name of the flow from now on. Default: the group's name.")
    ] = None,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Adopt a flow that was imported on the canvas by hand, so that every command knows it.

    If something else has the same parameter context, the flow gets its own copy.
    """
    output = Output(as_json)
    with output.progress(f"Adopting {group}") as progress:
        connect(url, profile)
        done = adopt_flow(group, name, timeout, progress)

    def render(console: Console) -> None:
        def line(text: str) -> None:
            console.print(text, markup=False, soft_wrap=True)

        state = "is a deployed flow now" if done.changed else "was a deployed flow already"
        line(f"{done.name} {state}: {done.flow} ({done.runtime}).")
        for one in done.parted_from:
            line(f"  - its parameters are its own now, and no longer those of {one}")
        for one in done.edits:
            line(f"  - differs from the template, and is kept: {one}")

    output.result(asdict(done), render)
