"""``dai-nifi nifi``: start, stop and look at a local NiFi."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dai_nifi.errors import NotFoundError, PrerequisiteError, UsageError
from dai_nifi.local import logs as log_files
from dai_nifi.local import profile as profiles
from dai_nifi.local.certificates import CLIENT, Certificates
from dai_nifi.local.cluster import LocalCluster, open_local
from dai_nifi.local.instance import DEFAULT_HEAP, DEFAULT_PORT, DEFAULT_SECURE_PORT, DEFAULT_TIMEOUT, LocalNiFi
from dai_nifi.local.states import Node, RunningNiFi
from dai_scoring.cli.commands.paths import check_no_file
from dai_scoring.cli.console import JsonOption, Output, ended_by_ctrl_c

app = typer.Typer(
    help="A local Apache NiFi, or a cluster of them: loopback only, assembled from Maven Central on first use.",
    no_args_is_help=True,
)

DirOption = Annotated[
    Path,
    typer.Option("--dir", envvar="DAI_NIFI_DIR", help="Folder of this NiFi: configuration, data and logs."),
]
DEFAULT_DIR = Path(".dai-nifi")


@dataclass(frozen=True)
class Access:
    """How to connect to a secured NiFi: the profile for commands, and the files for a browser."""

    profile: str
    profiles_file: Path
    identity: str
    certificate: Path
    key: Path
    client_store: Path
    password_file: Path
    authority: Path

    @classmethod
    def of(cls, profile: profiles.Profile, made: Certificates) -> Access:
        """The access that certificates give."""
        identity = made.identity(CLIENT)
        files = (made.client, made.client_key, made.client_store, made.client_password, made.authority)
        return cls(profile.name, profile.file, identity, *files)


def _nifi(directory: Path) -> LocalNiFi | LocalCluster:
    check_no_file("--dir", directory)
    return open_local(directory)


@app.command()
def start(
    directory: DirOption = DEFAULT_DIR,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=f"Port of HTTP, or of HTTPS with --secure; of a cluster's first node. 0 takes a free one. Default: "
            f"{DEFAULT_PORT}, secured {DEFAULT_SECURE_PORT}.",
        ),
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="Interpreter of the Python processors. Default: this command's.")
    ] = None,
    heap: Annotated[
        str | None, typer.Option(help=f"Java's maximum memory, of each node. Default: {DEFAULT_HEAP}.")
    ] = None,
    secure: Annotated[
        bool,
        typer.Option(
            "--secure",
            help="HTTPS only for clients with a certificate: makes an authority, certificates, and a profile for "
            "--profile. Once secured, a folder stays so.",
        ),
    ] = False,
    nodes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many nodes of a cluster to run on this machine. Default: as many as the folder has, else 1.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help=f"The name of the profile of a secured NiFi. Default: {profiles.DEFAULT_NAME}."),
    ] = None,
    set_property: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="KEY=VALUE", help="A key of nifi.properties; may be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for NiFi to answer.")] = DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Start NiFi and wait until it answers. Nodes that already run are left as they are."""
    output = Output(as_json)
    access: Access | None = None
    with output.progress("Starting NiFi") as progress:
        check_no_file("--dir", directory)
        _check_java_and_python(heap, python)
        nifi = LocalCluster(directory) if nodes and nodes > 1 else open_local(directory)
        name = ""
        if secure or nifi.certificates.exist:
            # Before anything starts: a NiFi that nothing can reach is of no use.
            name = profile or profiles.name_of(nifi.certificates)
            profiles.check(name, nifi.certificates)
        begin: Callable[..., RunningNiFi] = (
            partial(nifi.start, nodes=nodes) if isinstance(nifi, LocalCluster) else nifi.start
        )
        running = begin(
            port,
            python=python,
            heap=heap or DEFAULT_HEAP,
            timeout=timeout,
            properties=_properties(set_property or []),
            secure=secure,
            progress=progress,
        )
        if name:
            access = Access.of(profiles.write(name, running.api, nifi.certificates), nifi.certificates)

    def render(console: Console) -> None:
        def line(text: str) -> None:
            console.print(text, markup=False, soft_wrap=True)

        state = "was running already" if running.already_running else "is running"
        line(f"NiFi {running.version} {state}: {running.url}")
        for node in running.nodes:
            line(f"  {_described(node)}")
        if access:
            line(f"It lets in who has a certificate, as {access.identity}.")
            line(f"  commands  --profile {access.profile}, which is in {access.profiles_file}")
            line(f"  browser   import {access.client_store}; its password is in {access.password_file}.")
            line(f"            Let it trust {access.authority} for web sites, then open {running.url}")

    output.result({**asdict(running), "access": access and asdict(access)}, render)


@app.command()
def stop(directory: DirOption = DEFAULT_DIR, as_json: JsonOption = False) -> None:
    """Stop NiFi and the Python processes that it started. It is no error if NiFi does not run."""
    output = Output(as_json)
    nifi = _nifi(directory)
    with output.progress("Stopping NiFi") as progress:
        stopped = nifi.stop(progress)
    text = "NiFi is stopped." if stopped else "NiFi was not running."
    output.result({"stopped": stopped, "dir": nifi.dir}, lambda console: console.print(text))


@app.command()
def status(directory: DirOption = DEFAULT_DIR, as_json: JsonOption = False) -> None:
    """Show whether NiFi runs, where, and for how long. The exit code is 0 in both cases."""
    found = _nifi(directory).status()

    def render(console: Console) -> None:
        for one in found.certificates:
            if one.state != "valid":
                when = "ended" if one.state == "ended" else "ends"
                text = f"The certificate {one.file} {when} on {one.ends:%Y-%m-%d}; the next start makes a new one."
                console.print(text, style="yellow", markup=False, soft_wrap=True)
        if not found.running:
            console.print(f"NiFi of {found.dir} is not running.", markup=False, soft_wrap=True)
            return
        state = f"NiFi {found.version} is running" if found.version else "NiFi runs but does not answer yet"
        console.print(f"{state}: {found.url}", markup=False, soft_wrap=True)
        known = {"pid": found.pid, "up": _duration(found.uptime_seconds), "dir": found.dir, "log": found.log}
        for name, value in known.items():
            if value is not None:
                console.print(f"  {name:<4} {value}", markup=False, soft_wrap=True)
        for node in found.nodes:
            console.print(f"  {_described(node)}", markup=False, soft_wrap=True)

    Output(as_json).result(asdict(found), render)


@app.command()
def logs(
    directory: DirOption = DEFAULT_DIR,
    node: Annotated[int | None, typer.Option(min=1, help="The node of a cluster. Default: 1.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines from the end.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines, until ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the end of nifi-app.log."""
    if follow and as_json:
        raise UsageError("--follow never ends, so it cannot print one JSON document.")
    nifi = _nifi(directory)
    if node is not None and not isinstance(nifi, LocalCluster):
        raise UsageError(f"--node is for a cluster, and {nifi.dir} is not one.")
    file = nifi.node(node or 1).log if isinstance(nifi, LocalCluster) else nifi.log
    if not file.is_file():
        raise NotFoundError(f"There is no {file}: NiFi has not been started there.")
    # Opened before the last lines are read, so that none between the two is lost.
    added = log_files.follow(file) if follow else iter(())
    last = log_files.last_lines(file, lines)
    Output(as_json).result({"log": file, "lines": last}, lambda _: _echo(last))
    with ended_by_ctrl_c():
        _echo(added)


def _check_java_and_python(heap: str | None, python: str | None) -> None:
    """Raise if NiFi could not start with these."""
    if heap is not None and not re.fullmatch(r"\d+[kKmMgGtT]?", heap):
        raise UsageError(f"--heap {heap}: Java's memory is a number with a unit, such as 2g or 1500m.")
    if python is not None and shutil.which(python) is None:
        raise PrerequisiteError(f"--python: there is no program {python} on this machine.")


def _described(node: Node) -> str:
    state = node.state or ("not seen by the cluster" if node.running else "not running")
    roles = f" ({', '.join(node.roles)})" if node.roles else ""
    return f"{node.name}  {state}{roles}  {node.url}"


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _properties(pairs: list[str]) -> dict[str, str]:
    parted = [pair.partition("=") for pair in pairs]
    for key, sign, _ in parted:
        if not sign:
            raise UsageError(f"--property needs KEY=VALUE, not {key!r}.")
    return {key.strip(): value for key, _, value in parted}


def _duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
