"""What only NiFi's files show, if they are on this machine: its Python and its log levels."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from dai_nifi.archives.spec import PYTHONS, SPECS
from dai_nifi.checkup.finding import OK, PROBLEM, UNKNOWN, Finding

_QUIET = ("WARN", "ERROR", "OFF")
_WHERE = "Run this where NiFi is, with --dir or --nifi-home naming its folder."


def examine(home: Path | None, python_of_processors: str | None) -> Iterator[Finding]:
    """Check the NiFi of a folder; without one, use the version of Python that its processors report."""
    if home is None:
        yield _said(python_of_processors)
        yield Finding("log level", UNKNOWN, "NiFi's configuration was not found on this machine", _WHERE)
        return
    properties = read_properties(home)
    yield _python(home, properties)
    yield _log_level(home)


def read_properties(home: Path) -> dict[str, str]:
    """The keys of a folder's nifi.properties; empty if it does not exist."""
    try:
        text = (home / "conf" / "nifi.properties").read_text(encoding="iso-8859-1")
    except OSError:
        return {}
    found = re.findall(r"^[ \t]*([^#!\s=][^=\s]*)[ \t]*=[ \t]*(.*?)[ \t]*$", text, re.MULTILINE)
    return dict(found)


def _said(version: str | None) -> Finding:
    if version is None:
        return Finding("Python", UNKNOWN, "no scoring processor has run yet, which would report it", _WHERE)
    if not version.startswith(PYTHONS):
        return _unsupported(version)
    return Finding("Python", OK, f"{version}, as a scoring processor reports")


def _unsupported(version: str) -> Finding:
    return Finding(
        "Python",
        PROBLEM,
        f"NiFi runs Python {version}; the processors are for {', '.join(PYTHONS)}",
        "Set nifi.python.command in conf/nifi.properties to one of these, and restart NiFi.",
    )


def _python(home: Path, properties: dict[str, str]) -> Finding:
    command = properties.get("nifi.python.command")
    if not command:
        return Finding(
            "Python",
            PROBLEM,
            "nifi.python.command is not set, so NiFi runs no Python processors",
            "Set it in conf/nifi.properties, and restart NiFi.",
        )
    try:
        asked = [command, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]
        ran = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True, cwd=home)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            "Python",
            PROBLEM,
            f"NiFi's Python {command} does not run ({type(error).__name__})",
            "Set nifi.python.command in conf/nifi.properties to a Python that does, and restart NiFi.",
        )
    version = ran.stdout.strip()
    minor = version.rpartition(".")[0]
    if not version.startswith(PYTHONS):
        return _unsupported(version)
    others = sorted(set(_built_for(home, properties)) - {minor})
    if others:
        return Finding(
            "Python",
            PROBLEM,
            f"NiFi runs {version} ({command}); an installed archive was built for {', '.join(others)}",
            f"dai-nifi nars build --python-version {minor}, then dai-nifi nars install.",
        )
    return Finding("Python", OK, f"{version} ({command}), which the archives are for")


def _built_for(home: Path, properties: dict[str, str]) -> Iterator[str]:
    """The Pythons that the unpacked archives of this suite have compiled modules for."""
    working = home / (properties.get("nifi.nar.working.directory") or "work/nar")
    for spec in SPECS.values():
        for module in working.glob(f"**/{spec.id}-*-unpacked/NAR-INF/bundled-dependencies/pyarrow/lib.cpython-*"):
            found = re.match(r"lib\.cpython-3(\d+)-", module.name)
            if found is not None:
                yield f"3.{found[1]}"


def _log_level(home: Path) -> Finding:
    file = home / "conf" / "logback.xml"
    try:
        tree = ElementTree.parse(file)  # noqa: S314 - NiFi's own configuration
    except (OSError, ElementTree.ParseError) as error:
        return Finding("log level", UNKNOWN, f"{file} cannot be read ({type(error).__name__})")
    root = next((one.get("level", "") for one in tree.iter("root")), "INFO")
    levels = {one.get("name", ""): one.get("level", "") for one in tree.iter("logger")}
    level = levels.get("py4j", root).upper()
    if level in _QUIET:
        return Finding("log level", OK, f"py4j logs at {level}")
    return Finding(
        "log level",
        PROBLEM,
        f"py4j logs at {level}: a line for every call between NiFi and Python, which costs most of the speed",
        f'Add <logger name="py4j" level="WARN"/> to {file}; NiFi reads it again within a minute.',
    )
