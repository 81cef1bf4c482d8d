"""A real NiFi that tests start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.states import RunningNiFi
from tests.support.project import quiet


@dataclass(frozen=True)
class NiFi:
    url: str
    api: str
    running: RunningNiFi

    def log(self) -> str:
        return self.running.log.read_text(encoding="utf-8", errors="replace")


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
