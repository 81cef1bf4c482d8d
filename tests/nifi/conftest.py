"""A real NiFi with the processors, started once for the tests that ask for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.connect import connect
from dai_nifi.flows.deploy import Request, deploy
from dai_nifi.flows.undeploy import undeploy
from dai_nifi.nars.build import build
from dai_nifi.nars.install import install
from dai_nifi.nifi.instance import LocalNiFi
from dai_nifi.nifi.states import RunningNiFi


def quiet(what: str, share: float | None = None) -> None:
    pass


@dataclass(frozen=True)
class NiFi:
    url: str
    api: str
    running: RunningNiFi

    def log(self) -> str:
        return self.running.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="session")
def java_nar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive with H2O's runtime inside: whoever runs the tests accepts its licence."""
    return build("java", tmp_path_factory.mktemp("nars"), quiet, accept_h2o_licence=True).path


@contextmanager
def started(folder: Path, nar: Path, properties: Mapping[str, str] | None = None) -> Iterator[NiFi]:
    """A NiFi in a folder, with an archive, until it is left; ``properties`` are keys of nifi.properties."""
    local = LocalNiFi(folder)
    running = local.start(port=0, properties=properties)
    try:
        url = running.url.removesuffix("/nifi")
        connect(url)
        install(nar, quiet)
        yield NiFi(url, running.api, running)
    finally:
        local.stop()


@pytest.fixture(scope="session")
def nifi(tmp_path_factory: pytest.TempPathFactory, java_nar: Path) -> Iterator[NiFi]:
    with started(tmp_path_factory.mktemp("nifi"), java_nar) as running:
        yield running


@dataclass(frozen=True)
class Folders:
    """A deployed batch-files flow and its folders."""

    name: str
    input: Path
    output: Path
    rejected: Path
    failed: Path

    def put(self, name: str, content: bytes | str) -> None:
        """Hand a file to the flow, complete at once: NiFi ignores names that begin with a dot."""
        part = self.input / f".{name}"
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.rename(self.input / name)

    def wait(self, path: Path, seconds: float = 60) -> bytes:
        """The contents of a file that the flow is to write; NiFi writes under another name and renames."""
        end = time.monotonic() + seconds
        while not path.exists():
            if time.monotonic() > end:
                there = {str(p) for f in (self.input, self.output, self.rejected, self.failed) for p in f.glob("*")}
                raise AssertionError(f"{path} did not come in {seconds} s; there are {sorted(there)}")
            time.sleep(0.05)
        return path.read_bytes()

    def error(self, name: str) -> dict[str, Any]:
        """Why a file failed, after making sure that it came out as it went in."""
        found: dict[str, Any] = json.loads(self.wait(self.failed / f"{name}.error.json"))
        return found


def deploy_batch(
    name: str,
    model: Path,
    folder: Path,
    runtime: str | None = None,
    further: Mapping[str, str] | None = None,
) -> Folders:
    folders = Folders(name, *(folder / kind for kind in ("input", "output", "rejected", "failed")))
    for path in (folders.input, folders.output, folders.rejected, folders.failed):
        path.mkdir(parents=True)
    parameters = {f"{kind}.directory": str(folder / kind) for kind in ("input", "output", "rejected", "failed")}
    parameters |= {"minimum.age": "0 sec", **(further or {})}
    deploy(Request("batch-files", model, runtime, name=name, parameters=parameters))
    return folders


@pytest.fixture(scope="module")
def titanic_batch(nifi: NiFi, titanic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    folders = deploy_batch("titanic-batch", titanic, tmp_path_factory.mktemp("titanic"))
    yield folders
    undeploy(folders.name, force=True)


def score_processors() -> list[Any]:
    return [p for p in nipyapi.canvas.list_all_processors() if p.component.type.startswith("Score")]
