"""Programs that Go builds from its modules, once, into the shared cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dai_scoring.provision import cache


def go_program(module: str, version: str, what: str) -> Path:
    """The program of a module; skips the test where it is not in the cache and cannot be built."""
    name = module.rpartition("/")[2]
    folder = cache.directory() / f"{name}-{version}"
    program = folder / name
    with cache.locked(folder.with_name(folder.name + ".lock")):
        if program.is_file():
            return program
        if shutil.which("go") is None:
            pytest.skip(f"{what} is built with Go, and there is no 'go' on PATH")
        environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
        command = ["go", "install", f"{module}@{version}"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
        if ran.returncode:
            pytest.skip(f"Go cannot build {what}: {ran.stderr.strip().splitlines()[-1]}")
    return program
