"""The jar of the helper that runs in NiFi's own virtual machine, built once by Maven into the shared cache."""

from __future__ import annotations

from pathlib import Path

from dai_nifi import resources
from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress
from dai_scoring.provision import jars


@translated()
def helper_jars(progress: Progress) -> Path:
    """Return a folder with the jar; raises PrerequisiteError without Maven or Java, ToolError where it fails."""
    return jars.built_once("processors-java", resources.java_project(), "build the helper for NiFi", progress)
