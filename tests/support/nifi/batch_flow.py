"""A batch-files flow: deployed on folders of a test, given files, and its results."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.undeploy import undeploy
from tests.support.waiting import PATIENCE


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

    def wait(self, path: Path, seconds: float = PATIENCE) -> bytes:
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


@contextmanager
def batch_while(name: str, model: Path, folder: Path) -> Iterator[Folders]:
    """A flow that is removed at the end."""
    folders = deploy_batch(name, model, folder)
    try:
        yield folders
    finally:
        undeploy(name, force=True)
