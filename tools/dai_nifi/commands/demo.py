"""``dai-nifi demo``: everything at once, with the sample model."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dai_nifi import demo
from dai_nifi.client.connection import DEFAULT_URL
from dai_nifi.commands.nifi import DEFAULT_DIR
from dai_nifi.console import command
from dai_scoring.cli.commands.paths import check_no_file
from dai_scoring.cli.console import JsonOption, Output

app = typer.Typer(
    help="A separate NiFi that scores rows with the sample model, in the flows realtime-http and batch-files.",
    no_args_is_help=True,
)

FolderOption = Annotated[Path, typer.Option("--dir", help="Folder of the demonstration.")]
DEFAULT_FOLDER = DEFAULT_DIR / "demo"


@app.command()
def start(
    folder: FolderOption = DEFAULT_FOLDER,
    port: Annotated[int | None, typer.Option(min=0, help="NiFi's port. Default: 8080, or a free one.")] = None,
    http_port: Annotated[
        int | None, typer.Option(min=1, help="The HTTP flow's port. Default: 8081, or a free one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set up a NiFi, start it, deploy two flows, and score rows. You can run it again."""
    output = Output(as_json)
    check_no_file("--dir", folder)
    with output.progress("Starting the demonstration") as progress:
        shown = demo.start(folder, progress, port, http_port)
    output.result(asdict(shown), lambda console: _render(console, shown))


@app.command()
def stop(folder: FolderOption = DEFAULT_FOLDER, as_json: JsonOption = False) -> None:
    """Stop the demonstration. Its folder stays."""
    output = Output(as_json)
    check_no_file("--dir", folder)
    with output.progress("Stopping the demonstration") as progress:
        stopped = demo.stop(folder, progress)
    text = "The demonstration is stopped." if stopped else "The demonstration was not running."
    output.result({"stopped": stopped}, lambda console: console.print(text))


def _render(console: Console, shown: demo.DemoResult) -> None:
    def line(text: str = "", style: str | None = None) -> None:
        console.print(text, style=style, markup=False, soft_wrap=True)

    line("realtime-http: rows in, scores out", "bold")
    table = Table("individual_id", "species", "island", "predict", "female", "male")
    for row in shown.response:
        names = (row[name] for name in ("individual_id", "species", "island", "predict"))
        table.add_row(*map(str, names), f"{row['female']:.6f}", f"{row['male']:.6f}")
    console.print(table)
    line("Try it:", "bold")
    example = json.dumps(shown.request[0])
    line(f"  curl -H 'Content-Type: application/json' {shown.endpoint} -d '{example}'")
    line()
    files = shown.folder / "files"
    line("batch-files: a folder in, a folder out", "bold")
    line(f"  {shown.batch_rows} rows of penguins-rows.csv are scored in {files / 'output'}")
    line(f"  {shown.batch_agrees} of them have exactly the scores that H2O-3 gave when the model was trained")
    line(f"  Put a file of your own into {files / 'input'}; what cannot be scored goes to rejected and failed.")
    line()
    line(f"The canvas:  {shown.canvas}", "bold")
    url = shown.canvas.removesuffix("/nifi")
    # Another NiFi has the port that commands look at unasked.
    asked = "" if url == DEFAULT_URL else f" --url {url}"
    line(f"Look at it:  {command()} status{asked}", "bold")
    own = shlex.join(["demo", "stop", "--dir", str(shown.folder)])
    line(f"Stop it:     {'make stop' if shown.folder == DEFAULT_FOLDER else f'{command()} {own}'}", "bold")
    log = shlex.join(["nifi", "logs", "--dir", str(demo.nifi_of(shown.folder))])
    line(f"NiFi runs on the Java in {shown.java_home}; its log: {command()} {log}")
    line(f"The first row was scored {shown.seconds_to_first_score} s after NiFi was up.")
