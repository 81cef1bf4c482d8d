"""Virtual environments of what is compared or trained with, each made once in the shared cache.

They hold packages that the project itself has no use for, and that would not go together with its own.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

from dai_scoring.provision import cache


def python(name: str, requirements: Path, say: Callable[[str], None]) -> Path:
    """The Python of an environment with what a requirements file lists; pip makes it the first time."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    place = cache.directory() / "bench" / f"{name}-{version}-{digest}"
    ready = place / "ready"
    with cache.locked(place.with_name(place.name + ".lock")):
        if not ready.is_file():
            say(f"Installing {requirements.name} of {name} into {place}, once ...")
            venv.create(place, clear=True, with_pip=True)
            with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
                command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
                done = subprocess.run([*command, "-r", requirements], stdout=log, stderr=log, check=False)
                log.seek(0)
                if done.returncode:
                    sys.exit(f"pip could not install {requirements}:\n{log.read()[-2000:]}")
            ready.touch()
    return place / "bin" / "python"
