"""``dai-nifi stop``: stop a deployed flow."""

from __future__ import annotations

from dataclasses import asdict

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.deployed_flows.start import NameArgument
from dai_nifi.commands.options import ProfileOption, TimeoutOption, UrlOption
from dai_nifi.operations import start_stop
from dai_scoring.cli.console import JsonOption, Output


def stop(
    name: NameArgument,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Stop a deployed flow. Queued FlowFiles stay until it is started again."""
    output = Output(as_json)
    with output.progress(f"Stopping {name}") as progress:
        connect(url, profile)
        done = start_stop.stop(name, timeout, progress)
    text = f"{name} is stopped." if done.changed else f"{name} was not running."
    output.result(asdict(done), lambda console: console.print(text, markup=False))
