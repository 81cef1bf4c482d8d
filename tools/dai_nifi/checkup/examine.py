"""All checks: NiFi by its API, what is deployed in it, and its files if they are on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from dai_nifi.checkup import deployments, local, server
from dai_nifi.checkup.finding import Finding
from dai_nifi.client.errors import address
from dai_scoring.progress import Progress, silent

_HERE = ("127.0.0.1", "localhost", "::1")


def examine(version: str, homes: Sequence[Path] = (), progress: Progress = silent) -> list[Finding]:
    """Check the connected NiFi of that version.

    ``homes`` are folders in which it, or a local cluster, may live on this machine; the one that is configured for its
    address counts.
    """
    found: list[Finding] = []
    progress("looking at NiFi", None)
    found += server.examine(version)
    progress("looking at its configuration", None)
    found += local.examine(_home(homes), deployments.python_of_processors())
    progress("looking at processors and flows", None)
    found += deployments.examine()
    return found


def _home(homes: Sequence[Path]) -> Path | None:
    here = urlsplit(address())
    if here.hostname not in _HERE:
        return None
    for home in (one for folder in homes for one in (folder, *sorted(folder.glob("node-*")))):
        properties = local.read_properties(home)
        if properties.get(f"nifi.web.{here.scheme}.port") == str(here.port):
            return home
    return None
