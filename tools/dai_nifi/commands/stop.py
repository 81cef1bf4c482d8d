"""``dai-nifi stop``: stop a deployed flow."""

from __future__ import annotations

from dataclasses import asdict

from dai_nifi.client.calls import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, ProfileOption, UrlOption, connect
from dai_nifi.commands.deploy import TimeoutOption
from dai_nifi.commands.start import NameArgument
from dai_nifi.operations import lifecycle
from dai_scoring.cli.console import JsonOption, Output


def stop(
    name: NameArgument,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Stop a deployed flow; FlowFiles that are queued stay until it is started again."""
    output = Output(as_json)
    with output.progress(f"Stopping {name}") as progress:
        connect(url, profile)
        done = lifecycle.stop(name, timeout, progress)
    text = f"{name} is stopped." if done.changed else f"{name} was not running."
    output.result(asdict(done), lambda console: console.print(text, markup=False))
