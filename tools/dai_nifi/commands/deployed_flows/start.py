"""``dai-nifi start``: start a deployed flow."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.options import ProfileOption, TimeoutOption, UrlOption
from dai_nifi.operations import start_stop
from dai_scoring.cli.console import JsonOption, Output

NameArgument = Annotated[str, typer.Argument(help="The deployed flow, by its exact name.")]


def start(
    name: NameArgument,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Start a deployed flow, once every component in it is valid."""
    output = Output(as_json)
    with output.progress(f"Starting {name}") as progress:
        connect(url, profile)
        done = start_stop.start(name, timeout, progress)
    text = f"{name} is running." if done.changed else f"{name} was running already."
    output.result(asdict(done), lambda console: console.print(text, markup=False))
