"""``dai-nifi rollback``: back to the model before the last swap."""

from __future__ import annotations

from dataclasses import asdict

from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.deployed_flows.start import NameArgument
from dai_nifi.commands.deployed_flows.swap import OfOption, PreloadOption, check_of, render
from dai_nifi.commands.options import ProfileOption, TimeoutOption, UrlOption
from dai_nifi.flows.model_parameters import MAIN
from dai_nifi.operations.swap import rollback as roll_back
from dai_scoring.cli.console import JsonOption, Output


def rollback(
    name: NameArgument,
    of: OfOption = MAIN.name,
    preload: PreloadOption = True,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Put back the model from before the last swap. A second rollback reverts the first."""
    output = Output(as_json)
    check_of(of)
    with output.progress(f"Going back in {name}") as progress:
        connect(url, profile)
        done = roll_back(name, preload, timeout, progress, of)
    output.result(asdict(done), lambda console: render(console, done))
