"""Where the tool finds the files it ships: NiFi extensions and flow definitions.

In a checkout they lie in their own rooms; in an installed wheel they are bundled inside this package.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def _find(name: str) -> Path:
    packed = _PACKAGE / "_bundled" / name
    return packed if packed.exists() else _CHECKOUT / name


def package(name: str) -> Path:
    """The folder of an importable package of this distribution."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {name} is not installed", name=name)
    return Path(spec.origin).resolve().parent


def extensions() -> Path:
    """The folder with the processors' modules, one a processor."""
    return _find("processors/extensions")


def flows() -> Path:
    """The folder with the importable flow definitions."""
    return _find("nifi_flows")


def java_project() -> Path:
    """The Maven project of the helper for NiFi's virtual machine."""
    return _find("processors/java")


def models() -> Path:
    """The folder with the sample model and its rows."""
    return _find("models")


def constraints() -> Path:
    """The file with the exact versions of the Python packages."""
    return _find("constraints.txt")


def licence() -> Path:
    """This project's licence."""
    return _find("LICENSE")
