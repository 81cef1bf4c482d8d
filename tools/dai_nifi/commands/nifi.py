"""``dai-nifi nifi``: start, stop and look at a local NiFi."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dai_nifi.console import JsonOption, Output
from dai_nifi.errors import NotFoundError, UsageError
from dai_nifi.nifi import logs as log_files
from dai_nifi.nifi.existing import ExistingNiFi
from dai_nifi.nifi.instance import DEFAULT_HEAP, DEFAULT_PORT, DEFAULT_TIMEOUT, LocalNiFi

app = typer.Typer(
    help="A local Apache NiFi: loopback only, without login, assembled from Maven Central on first use.",
    no_args_is_help=True,
)

DirOption = Annotated[
    Path,
    typer.Option("--dir", envvar="DAI_NIFI_DIR", help="Folder of this NiFi: configuration, data and logs."),
]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--nifi-home",
        envvar="DAI_NIFI_HOME",
        help="Run this NiFi installation instead, by its bin/nifi.sh and with its own settings.",
    ),
]
DEFAULT_DIR = Path(".dai-nifi")


def _nifi(directory: Path, home: Path | None) -> LocalNiFi | ExistingNiFi:
    return LocalNiFi(directory) if home is None else ExistingNiFi(home)


@app.command()
def start(
    directory: DirOption = DEFAULT_DIR,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=f"HTTP port; 0 takes a free one. Default: {DEFAULT_PORT}."),
    ] = None,
    nifi_home: HomeOption = None,
    python: Annotated[
        str | None, typer.Option(help="Interpreter of the Python processors. Default: this command's.")
    ] = None,
    heap: Annotated[str | None, typer.Option(help=f"Java's maximum memory. Default: {DEFAULT_HEAP}.")] = None,
    set_property: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="KEY=VALUE", help="A key of nifi.properties; may be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for NiFi to answer.")] = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Start NiFi and wait until it answers; does nothing if it runs already."""
    output = Output(as_json)
    nifi = _nifi(directory, nifi_home)
    with output.progress("Starting NiFi") as progress:
        if isinstance(nifi, ExistingNiFi):
            if any(option is not None for option in (port, python, heap, set_property)):
                raise UsageError(
                    "--port, --python, --heap and --property are for the local NiFi; "
                    f"with --nifi-home they are set in {nifi.dir / 'conf'}."
                )
            running = nifi.start(timeout, progress)
        else:
            running = nifi.start(
                port,
                python=python,
                heap=heap or DEFAULT_HEAP,
                timeout=timeout,
                properties=_properties(set_property or []),
                progress=progress,
            )

    def render(console: Console) -> None:
        state = "was running already" if running.already_running else "is running"
        console.print(f"NiFi {running.version} {state}: {running.url}", markup=False, soft_wrap=True)

    output.result(asdict(running), render)


@app.command()
def stop(directory: DirOption = DEFAULT_DIR, nifi_home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop NiFi and the Python processes it started; fine if it does not run."""
    output = Output(as_json)
    nifi = _nifi(directory, nifi_home)
    with output.progress("Stopping NiFi") as progress:
        stopped = nifi.stop(progress)
    text = "NiFi is stopped." if stopped else "NiFi was not running."
    output.result({"stopped": stopped, "dir": nifi.dir}, lambda console: console.print(text))


@app.command()
def status(directory: DirOption = DEFAULT_DIR, nifi_home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show whether NiFi runs, where, and for how long; ends with 0 either way."""
    found = _nifi(directory, nifi_home).status()

    def render(console: Console) -> None:
        if not found.running:
            console.print(f"NiFi of {found.dir} is not running.", markup=False, soft_wrap=True)
            return
        state = f"NiFi {found.version} is running" if found.version else "NiFi runs but does not answer yet"
        console.print(f"{state}: {found.url}", markup=False, soft_wrap=True)
        known = {"pid": found.pid, "up": _duration(found.uptime_seconds), "dir": found.dir, "log": found.log}
        for name, value in known.items():
            if value is not None:
                console.print(f"  {name:<4} {value}", markup=False, soft_wrap=True)

    Output(as_json).result(asdict(found), render)


@app.command()
def logs(
    directory: DirOption = DEFAULT_DIR,
    nifi_home: HomeOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines from the end.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is added, until ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the end of nifi-app.log."""
    if follow and as_json:
        raise UsageError("--follow never ends, so it cannot print one JSON document.")
    file = _nifi(directory, nifi_home).log
    if not file.is_file():
        raise NotFoundError(f"There is no {file}: NiFi has not been started there.")
    # Opened before the last lines are read, so that none between the two is lost.
    added = log_files.follow(file) if follow else iter(())
    last = log_files.last_lines(file, lines)
    Output(as_json).result({"log": file, "lines": last}, lambda _: _echo(last))
    _echo(added)


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _properties(pairs: list[str]) -> dict[str, str]:
    parted = [pair.partition("=") for pair in pairs]
    for key, sign, _ in parted:
        if not sign:
            raise UsageError(f"--property wants KEY=VALUE, not {key!r}.")
    return {key.strip(): value for key, _, value in parted}


def _duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
