"""Settings of a broker's client from the environment or a file, so that no secret is in the list of processes."""

from __future__ import annotations

import os
from pathlib import Path

from dai_scoring.cli.commands.paths import check_file
from dai_scoring.cli.errors import UsageError


def read(prefix: str, file: Path | None = None) -> dict[str, str]:
    """The settings of a file, one ``name=value`` a line, and of variables: ``PREFIX_A_B`` is ``a.b``, and wins."""
    found: dict[str, str] = {}
    if file is not None:
        check_file("--client-config", file)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            name, sign, value = text.partition("=")
            if not sign:
                raise UsageError(f"--client-config {file}, line {number}: write NAME=VALUE.")
            found[name.strip()] = value.strip()
    for variable, value in os.environ.items():
        if variable.startswith(prefix):
            found[variable[len(prefix) :].lower().replace("_", ".")] = value
    return found
