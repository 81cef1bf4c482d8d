"""JDBC drivers from Maven: those of H2 and Derby have their database inside."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dai_scoring.provision import jars


def driver(name: str) -> Path:
    """The jar of a driver: ``h2``, ``derby``, ``mariadb`` or ``postgresql``."""
    if shutil.which("mvn") is None:
        pytest.skip("JDBC drivers come from Maven, which is not installed: apt-get install maven")
    here = Path(__file__).parent
    place = jars.built_once("test-jdbc", here, "fetch JDBC drivers", lambda what, share=None: None)
    return next(place.glob(f"{name}-*.jar"))
