"""``dai-nifi doctor``: what is wrong with a NiFi, and how to put it right."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dai_nifi.checkup.examine import examine
from dai_nifi.checkup.finding import PROBLEM, Finding
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.commands.demo import DEFAULT_FOLDER
from dai_nifi.commands.nifi import DEFAULT_DIR, DirOption
from dai_nifi.commands.options import ProfileOption, UrlOption
from dai_nifi.demo import nifi_of
from dai_scoring.cli.console import JsonOption, Output

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--nifi-home", envvar="DAI_NIFI_HOME", help="Folder of NiFi's installation, if it is on this machine."
    ),
]

_COLOURS = {"ok": "green", "problem": "red", "unknown": "yellow"}


def doctor(
    url: UrlOption = DEFAULT_URL,
    profile: ProfileOption = None,
    directory: DirOption = DEFAULT_DIR,
    nifi_home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a NiFi: version, Java, Python, processors, licence, flows, ports, disk. Ends with 1 if anything is wrong.

    Some things are only in NiFi's own files. These are read if NiFi's folder (--dir, --nifi-home, or the
    demonstration's) is on this machine.
    """
    output = Output(as_json)
    with output.progress("Checking NiFi") as progress:
        version = connect(url, profile)
        homes = [directory, nifi_of(DEFAULT_FOLDER)] if nifi_home is None else [nifi_home]
        found = examine(version, homes, progress)
    wrong = [one for one in found if one.state == PROBLEM]
    value = {"healthy": not wrong, "findings": [asdict(one) for one in found]}
    output.result(value, lambda console: _render(console, found, len(wrong)))
    if wrong:
        raise typer.Exit(1)


def _render(console: Console, found: list[Finding], wrong: int) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")
    for one in found:
        says = Text(one.says)
        if one.fix is not None:
            says.append(f"\n{one.fix}", "bold" if one.state == PROBLEM else None)
        table.add_row(Text(one.state, _COLOURS[one.state]), one.check, says)
    console.print(table)
    console.print(f"{wrong} problem(s)." if wrong else "Nothing is wrong.", style="red" if wrong else "green")
