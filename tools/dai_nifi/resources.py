"""Where the tool finds the files it ships: NiFi extensions and flow definitions.

In a checkout they lie in their own rooms; in an installed wheel they are bundled inside this package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def _find(in_checkout: str, bundled: str) -> Path:
    packed = _PACKAGE / "_bundled" / bundled
    return packed if packed.is_dir() else _CHECKOUT / in_checkout


def extensions() -> Path:
    """The folder with the processors' modules, one a processor."""
    return _find("processors/extensions", "extensions")


def flows() -> Path:
    """The folder with the importable flow definitions."""
    return _find("nifi_flows", "nifi_flows")


def java_project() -> Path:
    """The Maven project of the Java helper, with the versions of the Java runtimes."""
    return _find("processors/java", "java")


def models() -> Path:
    """The folder with the sample model and its rows."""
    return _find("models", "models")


def constraints() -> Path:
    """The file with the exact versions of the Python packages."""
    packed = _PACKAGE / "_bundled" / "constraints.txt"
    return packed if packed.is_file() else _CHECKOUT / "constraints.txt"


def licence() -> Path:
    """This project's licence."""
    packed = _PACKAGE / "_bundled" / "LICENSE"
    return packed if packed.is_file() else _CHECKOUT / "LICENSE"
