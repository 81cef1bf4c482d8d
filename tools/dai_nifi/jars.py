"""The jars that scoring with Java needs, resolved once by Maven into the shared cache.

The cache has one folder for each state of the Java project: ``open`` with the helper and h2o-genmodel, ``nifi`` with
the helper for NiFi, and, in a folder of its own that is made only on request, ``mojo2`` with H2O's MOJO runtime beside.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from dai_nifi import resources
from dai_nifi.nifi import cache, maven
from dai_nifi.nifi.jdk import find_java
from dai_nifi.progress import Progress, silent

LICENCE_NOTE = (
    "Fetch H2O's MOJO runtime for Java (ai.h2o:mojo2-runtime-impl) from Maven Central. "
    "By giving this option you accept H2O.ai's own licence for it."
)
LICENCE_NOTE_FOR_NARS = (
    LICENCE_NOTE + " For cpp the same with daimojo from PyPI, whose licence there is H2O's Driverless AI Evaluation "
    "Agreement: for evaluation, not for production, unless your contract with H2O says otherwise."
)


def resolve_jars(progress: Progress = silent, mojo2: bool = False) -> Path:
    """Return a folder with ``open/*.jar`` and ``nifi/*.jar``, and ``mojo2/*.jar`` where those were ever asked for.

    ``mojo2`` fetches H2O's MOJO runtime, which is under H2O.ai's own licence: pass True only when the user said so.

    Raises:
        PrerequisiteError: Maven or Java is missing.
        ToolError: Maven failed.

    """
    plain = _place()
    full = plain.with_name(plain.name + "-mojo2")
    for ready in (full,) if mojo2 else (full, plain):
        if ready.is_dir():
            return ready
    place = full if mojo2 else plain
    with cache.locked(place.with_name(place.name + ".lock"), lambda: progress("waiting for another download", None)):
        if not place.is_dir():
            _make(place, progress, mojo2)
    return place


def _place() -> Path:
    digest = hashlib.sha256()
    for file in _sources():
        digest.update(file.read_bytes())
    return cache.directory() / f"java-{digest.hexdigest()[:12]}"


def _sources() -> list[Path]:
    found = (path for folder in resources.java_projects().values() for path in folder.rglob("*"))
    return sorted(path for path in found if path.name == "pom.xml" or path.suffix == ".java")


def _make(place: Path, progress: Progress, mojo2: bool) -> None:
    """Build in a folder beside and rename: the place is complete or not there."""
    maven.find_maven()  # before a Java is fetched for it
    progress("resolving the Java runtimes", None)
    with tempfile.TemporaryDirectory(prefix=place.name + ".part-", dir=place.parent) as folder:
        part = Path(folder)
        # Maven writes beside the pom, and the package's folder may not be writable.
        project = part / "project"
        for name, source in resources.java_projects().items():
            shutil.copytree(source, project / name)
        arguments = [f"-DbuildDirectory={part / 'build'}", *(["-Pmojo2"] if mojo2 else []), "package"]
        log = place.with_name(place.name + ".log")
        pom = project / "processors/java/pom.xml"
        maven.run(pom, find_java(progress), log, progress, arguments, "resolve the Java runtimes")
        (part / "build" / "jars").rename(place)
