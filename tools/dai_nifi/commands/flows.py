"""``dai-nifi flows``: the flow definitions that this suite ships."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dai_nifi.flows import catalogue
from dai_nifi.flows.common import MODEL
from dai_scoring.cli.console import JsonOption, Output

app = typer.Typer(help="The flows of this project, which you can import on NiFi's canvas.", no_args_is_help=True)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Show the flows, their runtimes and their parameters."""
    flows = catalogue.list_flows()

    def render(console: Console) -> None:
        for one in flows:
            console.print(f"{one.name}  ({', '.join(one.runtimes)})", style="bold", markup=False)
            console.print(f"  {one.summary}", markup=False)
            table = Table(box=None, padding=(0, 2), show_header=False)
            for each in one.parameters:
                default = "required" if each.required else each.default or "optional"
                name = "--model" if each.name == MODEL.name else each.name
                table.add_row(f"  {name}", default, each.description)
            console.print(table)

    Output(as_json).result([asdict(one) for one in flows], render)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="The flow, such as realtime-http.")],
    file: Annotated[Path, typer.Argument(help="The file to write; in a folder it gets its own name.")],
    runtime: Annotated[str, typer.Option(help="The model runtime that the flow scores with.")] = "java",
    as_json: JsonOption = False,
) -> None:
    """Write a flow definition to a file, to import it on the canvas."""
    written = catalogue.export(name, file, runtime)
    Output(as_json).result(
        {"flow": name, "runtime": runtime, "file": written},
        lambda console: console.print(f"Wrote {written}", markup=False, soft_wrap=True),
    )
