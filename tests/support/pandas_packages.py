"""pandas for the tests that need it, in a folder of its own.

It is not installed with the other packages: pyarrow imports it where it can, which takes every process half a second.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dai_scoring.provision import cache
from tests.support.project import ROOT


def folder() -> Path:
    """A folder with pandas and what it needs, made once for a version of Python."""
    place = cache.directory() / f"pandas-{sys.version_info.major}.{sys.version_info.minor}"
    with cache.locked(place.with_name(place.name + ".lock")):
        if not place.is_dir():
            part = place.with_name(place.name + ".part")
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
            command += ["--target", str(part), "--constraint", str(ROOT / "constraints.txt"), "pandas>=2.2"]
            subprocess.run(command, check=True, capture_output=True, text=True)
            part.rename(place)
    return place
