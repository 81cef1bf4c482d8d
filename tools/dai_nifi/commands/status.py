"""``dai-nifi status``: what deployed flows are doing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dai_nifi.connect import DEFAULT_URL, ProfileOption, UrlOption, connect
from dai_nifi.console import JsonOption, Output
from dai_nifi.flows import status as flows
from dai_nifi.flows.status import FlowStatus

_COLOURS = {"running": "green", "partly running": "yellow", "stopped": "yellow", "invalid": "red"}


def status(
    name: Annotated[str | None, typer.Argument(help="The deployed flow. Default: all of them.")] = None,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a deployed flow: its state, queues, model, traffic and latest errors."""
    connect(url, profile)
    if name is None:
        found = flows.status_all()
        Output(as_json).result([asdict(one) for one in found], lambda console: _render_all(console, found))
        return
    one = flows.status(name)
    Output(as_json).result(asdict(one), lambda console: _render(console, one))


def _render_all(console: Console, found: list[FlowStatus]) -> None:
    if not found:
        console.print("No flow is deployed in this NiFi.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("NAME", "FLOW", "STATE", "QUEUED", "MODEL", "WARNINGS"):
        table.add_column(title)
    for one in found:
        state = f"[{_COLOURS[one.state]}]{one.state}[/]"
        queued, told = str(one.queued_flowfiles), str(len(one.bulletins))
        table.add_row(one.name, f"{one.flow} ({one.runtime})", state, queued, one.model or "-", told)
    console.print(table)


def _render(console: Console, one: FlowStatus) -> None:
    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, soft_wrap=True)

    line(f"{one.name}: {one.state}", _COLOURS[one.state])
    counts = f"{one.running} running, {one.stopped} stopped, {one.invalid} invalid"
    scored = one.scoring
    facts = {
        "flow": f"{one.flow} ({one.runtime})",
        "components": counts,
        "queued": f"{one.queued_flowfiles} FlowFile(s), {one.queued_bytes:,} bytes",
        "scoring, 5 min": f"{scored.flowfiles_in} FlowFile(s) in, {scored.flowfiles_out} out; "
        f"{scored.bytes_in:,} bytes in, {scored.bytes_out:,} out",
        "model": one.model,
        **one.parameters,
        "POST rows to": one.endpoint,
        "canvas": one.url,
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        if value:
            line(f"  {name:<{width}}  {value}")
    for problem in one.problems:
        line(f"  not valid: {problem}", "red")
    for told in one.bulletins:
        line(f"  {told.time} {told.level} {told.source}: {told.message}", "red" if told.level == "ERROR" else "yellow")
