"""A Java that NiFi runs on."""

from __future__ import annotations

from pathlib import Path

from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import java

MINIMUM = 21
"""The oldest Java that NiFi 2 runs on."""


@translated()
def find_java(progress: Progress = silent) -> Path:
    """Return the home of a Java for NiFi, found or fetched; raises PrerequisiteError otherwise."""
    return java.find_java(progress, MINIMUM)
