"""A real NiFi that tests start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.states import RunningNiFi
from tests.support.project import quiet

_VARIABLE = "JDK_JAVA_OPTIONS"
_FAST_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass(frozen=True)
class NiFi:
    url: str
    api: str
    running: RunningNiFi

    def log(self) -> str:
        return self.running.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def fast_start() -> Iterator[None]:
    """A NiFi that starts meanwhile takes two thirds of the processor time for it: Java compiles its code once only.

    By the environment, so that it reaches a NiFi that a command starts too. Processors drop these options.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_VARIABLE, f"{os.environ.get(_VARIABLE, '')} {_FAST_START}".strip())
        yield


@contextmanager
def started(folder: Path, nar: Path, properties: Mapping[str, str] | None = None) -> Iterator[NiFi]:
    """A NiFi in a folder, with an archive, until it is left; ``properties`` are keys of nifi.properties."""
    local = LocalNiFi(folder)
    with fast_start():
        running = local.start(port=0, properties=properties)
    try:
        url = running.url.removesuffix("/nifi")
        connect(url)
        install(nar, quiet)
        yield NiFi(url, running.api, running)
    finally:
        local.stop()
