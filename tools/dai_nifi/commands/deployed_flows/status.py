"""``dai-nifi status``: what deployed flows are doing."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.options import ProfileOption, UrlOption
from dai_nifi.errors import UsageError
from dai_nifi.operations import status as flows
from dai_nifi.operations.canvas import overrides
from dai_nifi.operations.canvas.counters import Agreement, ModelCounts
from dai_nifi.operations.changes.journal import FlowChange
from dai_nifi.operations.status import FlowStatus
from dai_scoring.cli.console import JsonOption, Output, ended_by_ctrl_c
from dai_scoring.values.unseen_levels import counts_as_text

_COLOURS = {"running": "green", "partly running": "yellow", "not scoring": "red", "stopped": "yellow", "invalid": "red"}


def status(
    name: Annotated[str | None, typer.Argument(help="The deployed flow. Default: all of them.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it, until ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two updates, with --watch.")] = 2.0,
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a deployed flow: its state, queues, model, traffic, scored and rejected rows, and its latest errors."""
    if watch and as_json:
        raise UsageError("--watch never ends, so it cannot print one JSON document.")
    connect(url, profile)
    if watch:
        with ended_by_ctrl_c():
            _watch(name, interval)
    if name is None:
        found = flows.status_all()
        Output(as_json).result(
            [asdict(one) for one in found], lambda console: console.print(_all(found)), keep_lines=True
        )
        return
    one = flows.status(name)
    Output(as_json).result(asdict(one), lambda console: console.print(_one(one)), keep_lines=True)


def _watch(name: str | None, interval: float) -> None:
    """Show it repeatedly, until an error or ctrl-C."""
    before: FlowStatus | None = None
    since = time.monotonic()
    with Live(console=Console(highlight=False, emoji=False), auto_refresh=False) as live:
        while True:
            if name is None:
                live.update(_all(flows.status_all()), refresh=True)
            else:
                now, at = flows.status(name), time.monotonic()
                live.update(_one(now, _rate(before, now, at - since), watching=True), refresh=True)
                before, since = now, at
            time.sleep(interval)


def _rate(before: FlowStatus | None, now: FlowStatus, seconds: float) -> float | None:
    """Rows scored per second between two updates."""
    if before is None:
        return None
    rows = [sum(one.rows_scored for one in found.counts) for found in (before, now)]
    return max(0, rows[1] - rows[0]) / seconds


def _all(found: list[FlowStatus]) -> RenderableType:
    if not found:
        return "No flow is deployed in this NiFi."
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("NAME", "FLOW", "STATE", "QUEUED", "MODEL", "WARNINGS"):
        table.add_column(title)
    for one in found:
        state = f"[{_COLOURS[one.state]}]{one.state}[/]"
        if one.under_way:
            state += f" ({one.under_way.verb} {'cut off' if one.under_way.cut_off else 'under way'})"
        queued, reported = str(one.queued_flowfiles), str(len(one.bulletins))
        table.add_row(one.name, f"{one.flow} ({one.runtime})", state, queued, one.model or "-", reported)
    return table


def _one(one: FlowStatus, rows_a_second: float | None = None, *, watching: bool = False) -> RenderableType:
    """Everything about a flow. With ``watching``, facts that do not change are left out, to fit on a screen."""
    scored = one.scoring
    loaded = [
        f"{_role(each.role)}{each.file}  id {each.id}  SHA-256 {each.sha256[:12]}  on {each.runtime}"
        for each in one.loaded
    ]
    facts = {
        "flow": f"{one.flow} ({one.runtime})",
        "components": f"{one.running} running, {one.stopped} stopped, {one.invalid} invalid",
        "champion" if any(each.role for each in one.loaded) else "model": one.model,
        "scores with": "; ".join(loaded),
        "before it": one.previous,
        **({} if watching else overrides.in_effect(one.parameters, one.set_on_canvas)),
        "POST rows to": one.endpoint,
        "canvas": one.url,
        "queued": f"{one.queued_flowfiles} FlowFile(s), {one.queued_bytes:,} bytes",
        "scoring, 5 min": f"{scored.flowfiles_in} FlowFile(s) in, {scored.flowfiles_out} out; "
        f"{scored.bytes_in:,} bytes in, {scored.bytes_out:,} out",
        "agreement": one.agreement and _agreement(one.agreement),
        "rows a second": None if rows_a_second is None else f"{rows_a_second:,.1f}",
    }
    width = max(map(len, facts))
    parts: list[RenderableType] = [Text(f"{one.name}: {one.state}", _COLOURS[one.state])]
    parts += [_change(one.under_way)] if one.under_way else []
    parts += [Text(f"  {name:<{width}}  {value}") for name, value in facts.items() if value]
    parts += [_table(one)] if one.counts else []
    parts += [Text(f"  {line}", "yellow") for each in one.counts for line in _unseen(each)]
    parts += [_queues(one)] if one.queues else []
    parts += [Text(f"  problem: {problem}", "red") for problem in one.problems]
    for bulletin in one.bulletins:
        style = "red" if bulletin.level == "ERROR" else "yellow"
        parts.append(Text(f"  {bulletin.time} {bulletin.level} {bulletin.source}: {bulletin.message}", style))
    return Group(*parts)


def _change(change: FlowChange) -> Text:
    says = change.says[0].upper() + change.says[1:]
    return Text(f"  {says}. {change.advice()}", "bold red") if change.cut_off else Text(f"  {says}.", "yellow")


def _agreement(found: Agreement) -> str:
    compared = found.agreed + found.disagreed
    share = f" ({found.agreed / compared:.1%})" if compared else ""
    lost = f"; {found.not_compared:,} not compared" if found.not_compared else ""
    return f"champion and challenger agree in {found.agreed:,} of {compared:,} rows{share}{lost}"


def _table(one: FlowStatus) -> Table:
    table = Table(title="Since NiFi started", title_justify="left")
    table.add_column("Model", overflow="fold")
    for title in ("Rows scored", "Rejected", "FlowFiles failed", "Seconds of scoring"):
        table.add_column(title, justify="right")
    for each in one.counts:
        counts = (each.rows_scored, each.rows_rejected, each.flowfiles_failed)
        table.add_row(Text(_named(each)), *(f"{count:,}" for count in counts), f"{each.seconds:,.1f}")
    return table


def _named(counts: ModelCounts) -> str:
    """A model by its file name, with its id."""
    return f"{_role(counts.role)}{counts.name} ({counts.model})" if counts.name else _role(counts.role) + counts.model


def _role(role: str | None) -> str:
    return f"{role}: " if role else ""


def _unseen(counts: ModelCounts) -> list[str]:
    said = f"levels that {_named(counts)} has never seen:"
    if counts.levels_unseen is None:
        return [f"{said} not known, its runtime does not count them"]
    return [f"{said} {counts.levels_unseen:,} ({counts_as_text(counts.unseen)})"] if counts.levels_unseen else []


def _queues(one: FlowStatus) -> Table:
    table = Table("Queue", "From", "To", "FlowFiles", "Bytes", "Full")
    for each in one.queues:
        names = (Text(each.name), Text(each.source), Text(each.target))
        table.add_row(*names, f"{each.flowfiles:,}", f"{each.bytes:,}", f"{each.full:.0%}")
    return table
