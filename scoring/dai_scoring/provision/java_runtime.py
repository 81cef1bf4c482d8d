"""Completes what the Java runtimes need besides a model with what this machine has or can fetch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dai_scoring.model_file import Kind
from dai_scoring.progress import Progress
from dai_scoring.provision import jars
from dai_scoring.provision.java import find_java
from dai_scoring.runtimes.java import java_jars, jvm
from dai_scoring.scorer import RuntimeSettings


def complete(settings: RuntimeSettings, kind: Kind, progress: Progress) -> RuntimeSettings:
    """Return settings with a Java and jars for a model of that kind; what was given stays.

    H2O's MOJO runtime is fetched only if its licence is accepted; without it a Driverless AI MOJO is not worth fetching
    the rest for, and loading it says what to do. Raises RuntimeMissingError as the modules of this package do.
    """
    jvm.check_installed()
    folders = list(settings.jar_folders)
    needs_mojo2 = kind is not Kind.H2O3_MOJO
    # For an H2O-3 model too: other models may follow, and it is best to start the virtual machine with all jars.
    wants_mojo2 = needs_mojo2 or not jvm.is_started()
    if settings.mojo_runtime is None and wants_mojo2 and not java_jars.has_mojo2(folders):
        found = _mojo_runtime(needs_mojo2 and settings.accept_h2o_licence, progress)
        if found is not None:
            folders.append(found)
        elif needs_mojo2:
            return settings
    if not java_jars.has_open(folders):
        folders.append(jars.open_jars(progress))
    java_home = settings.java_home
    if java_home is None and not jvm.is_started():
        java_home = find_java(progress)
    return replace(settings, java_home=java_home, jar_folders=tuple(folders))


def _mojo_runtime(accepted: bool, progress: Progress) -> Path | None:
    return jars.mojo_runtime(progress) if accepted else jars.fetched_mojo_runtime()
