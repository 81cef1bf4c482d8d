"""The demonstration: a separate NiFi, two flows with the sample model, and rows scored through them."""

from __future__ import annotations

import csv
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dai_nifi import resources
from dai_nifi.archives.build import build
from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.errors import ConflictError, ToolError
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.java import find_java
from dai_nifi.local.ports import claim_port, free_port
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.waiting import wait_until
from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress
from dai_scoring.provision import maven

FOLDERS = ("input", "output", "rejected", "failed")
_MODEL = "penguins.mojo"
_PORT_FILE = "http.port"
_ROWS = "penguins-rows.csv"
_EXPECTED = "penguins-expected.csv"
_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration did and where to look; the seconds count from when NiFi was up."""

    canvas: str
    endpoint: str
    folder: Path
    java_home: Path
    request: list[dict[str, Any]]
    response: list[dict[str, Any]]
    batch_rows: int
    batch_agrees: int
    batch_first: list[dict[str, str]]
    seconds_to_first_score: float


def nifi_of(folder: Path) -> Path:
    """The folder of the demonstration's NiFi."""
    return folder / "nifi"


def start(folder: Path, progress: Progress, port: int | None = None, http_port: int | None = None) -> DemoResult:
    """Set everything up in ``folder``, or find it there, and score the sample's rows both ways.

    Ports: NiFi gets 8080 and the HTTP flow 8081 (or the port that it had before) if they are free, else others.

    Raises ConflictError if a port that was asked for is taken, and what its steps raise.
    """
    # Say what is missing before anything is made.
    with translated():
        maven.find_maven("assemble NiFi")
    java_home = find_java(progress)
    nifi = LocalNiFi(nifi_of(folder))
    runs = nifi.status().running
    wanted = port if port is not None else _free_or(8080)
    # Before NiFi runs: from then on the flow of an earlier demonstration has its port itself.
    http_port = _http_port(folder, http_port, wanted, runs)
    running = nifi.start(None if runs else wanted, progress=progress)
    up = time.monotonic()
    connect(running.url)
    install(build("java", folder / "nars", progress).path, progress)
    model = resources.models() / _MODEL
    endpoint = _realtime(folder, model, http_port, progress)
    progress("scoring rows over HTTP", None)
    request = _typed(_read(resources.models() / _ROWS)[:3])
    response = _post(endpoint, request)
    first = time.monotonic() - up
    folders = {name: folder / "files" / name for name in FOLDERS}
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    parameters = {f"{name}.directory": str(path.resolve()) for name, path in folders.items()}
    deploy(Request("batch-files", model, parameters=parameters), progress)
    progress("scoring a file of rows", None)
    scored = _through_folders(folders)
    expected = _read(resources.models() / _EXPECTED)
    agrees = sum(
        row["predict"] == want["predict"] and float(row["male"]) == float(want["male"])
        for row, want in zip(scored, expected, strict=False)
    )
    return DemoResult(
        running.url, endpoint, folder, java_home, request, response, len(scored), agrees, scored[:3], round(first, 1)
    )


def stop(folder: Path, progress: Progress) -> bool:
    """End what start() started; the files stay. False if it did not run."""
    return LocalNiFi(nifi_of(folder)).stop(progress)


def _http_port(folder: Path, asked: int | None, nifi_port: int, runs: bool) -> int:
    """The HTTP flow's port: the one asked for, or the one that it had before, or a free one; never NiFi's own."""
    remembered = folder / _PORT_FILE
    before = int(remembered.read_text()) if remembered.is_file() else None
    port = before if asked is None else asked
    if port is not None and ((runs and port == before) or (port != nifi_port and _is_free(port))):
        return port
    if asked is not None:
        raise ConflictError(f"port {asked} is taken, so the HTTP flow cannot have it: name another with --http-port.")
    return _free_or(8081, nifi_port)


def _realtime(folder: Path, model: Path, http_port: int, progress: Progress) -> str:
    """Deploy realtime-http on that port, and remember it."""
    done = deploy(Request("realtime-http", model, parameters={"http.port": str(http_port)}), progress)
    (folder / _PORT_FILE).write_text(str(http_port))
    if done.endpoint is None:
        raise ToolError("the flow realtime-http is deployed but has no address")
    return done.endpoint


def _free_or(port: int, but: int | None = None) -> int:
    """``port`` if it is free and not ``but``, else one that is free now."""
    return port if port != but and _is_free(port) else free_port()


def _is_free(port: int) -> bool:
    try:
        claim_port(port)
    except ConflictError:
        return False
    return True


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _typed(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Rows of a CSV file as a client would send them in JSON: numbers as numbers, empty fields as null."""

    def value(text: str) -> Any:
        try:
            return float(text) if text else None
        except ValueError:
            return text

    return [{name: value(text) for name, text in row.items()} for row in rows]


def _post(endpoint: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = json.dumps(rows).encode()
    request = urllib.request.Request(endpoint, body, {"Content-Type": "application/json"})  # noqa: S310 - http, ours
    try:
        with urllib.request.urlopen(request, timeout=_WAIT_SECONDS) as response:  # noqa: S310
            found: list[dict[str, Any]] = json.load(response)
            return found
    except urllib.error.HTTPError as error:
        raise ToolError(f"{endpoint} answers {error.code}: {error.read().decode(errors='replace')}") from error
    except (OSError, ValueError) as error:
        what = "does not answer" if isinstance(error, OSError) else "does not answer with scores"
        raise ToolError(
            f"{endpoint} {what}: {error}. Another program may have that port; --http-port names another for the flow "
            "(make demo ARGS='--http-port 8090')."
        ) from error


def _through_folders(folders: dict[str, Path]) -> list[dict[str, str]]:
    target = folders["output"] / _ROWS
    target.unlink(missing_ok=True)
    # Written under a hidden name and renamed, so that NiFi never takes half of it.
    part = folders["input"] / f".{_ROWS}"
    part.write_bytes((resources.models() / _ROWS).read_bytes())
    part.rename(folders["input"] / _ROWS)
    wait_until(
        target.is_file,
        _WAIT_SECONDS,
        lambda: ToolError(f"no scores in {target}; look at the bulletins on the canvas"),
        pause=0.1,
    )
    return _read(target)
