"""The demonstration: a NiFi of its own, both flows with the sample model, and real rows through them."""

from __future__ import annotations

import csv
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dai_nifi import resources
from dai_nifi.connect import connect
from dai_nifi.errors import ToolError
from dai_nifi.flows.deploy import Request, deploy
from dai_nifi.nars.build import build
from dai_nifi.nars.install import install
from dai_nifi.nifi import maven
from dai_nifi.nifi.instance import LocalNiFi
from dai_nifi.nifi.jdk import find_java
from dai_nifi.nifi.maven import Progress

FOLDERS = ("input", "output", "rejected", "failed")
_MODEL = "penguins.mojo"
_ROWS = "penguins-rows.csv"
_EXPECTED = "penguins-expected.csv"
_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Shown:
    """What the demonstration did and where to look; ``seconds`` are from NiFi being up to the first score."""

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
    """Where the demonstration's NiFi lives."""
    return folder / "nifi"


def start(folder: Path, progress: Progress, port: int | None = None, http_port: int | None = None) -> Shown:
    """Set everything up in ``folder``, or find it there, and score the sample's rows both ways.

    Ports: NiFi takes 8080 and the HTTP flow 8081 where they are free, others otherwise.
    """
    # What is missing is said before anything is made.
    maven.find_maven()
    java_home = find_java(progress)
    nifi = LocalNiFi(nifi_of(folder))
    wanted = port if port is not None else _free_or(8080)
    running = nifi.start(None if nifi.status().running else wanted, progress=progress)
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
    return Shown(
        running.url, endpoint, folder, java_home, request, response, len(scored), agrees, scored[:3], round(first, 1)
    )


def stop(folder: Path, progress: Progress) -> bool:
    """End what start() started; the files stay. False if it did not run."""
    return LocalNiFi(nifi_of(folder)).stop(progress)


def _realtime(folder: Path, model: Path, http_port: int | None, progress: Progress) -> str:
    """Deploy realtime-http on the port that it had before, or that is asked for, or free."""
    remembered = folder / "http.port"
    if http_port is None:
        http_port = int(remembered.read_text()) if remembered.is_file() else _free_or(8081)
    done = deploy(Request("realtime-http", model, parameters={"http.port": str(http_port)}), progress)
    remembered.write_text(str(http_port))
    if done.endpoint is None:
        raise ToolError("the flow realtime-http is deployed but has no address")
    return done.endpoint


def _free_or(port: int) -> int:
    """``port`` if nothing has it, else one that is free now."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ToolError("no port of the loopback interface is free")


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _typed(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Rows of a CSV file as a client would send them in JSON: numbers as numbers, nothing as null."""

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
    except OSError as error:
        raise ToolError(f"{endpoint} does not answer: {error}") from error


def _through_folders(folders: dict[str, Path]) -> list[dict[str, str]]:
    target = folders["output"] / _ROWS
    target.unlink(missing_ok=True)
    # Written under a hidden name and renamed, so that NiFi never takes half of it.
    part = folders["input"] / f".{_ROWS}"
    part.write_bytes((resources.models() / _ROWS).read_bytes())
    part.rename(folders["input"] / _ROWS)
    _until(target.is_file, f"no scores in {target}; look at the bulletins on the canvas")
    return _read(target)


def _until(done: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while not done():
        if time.monotonic() > end:
            raise ToolError(otherwise)
        time.sleep(0.1)
