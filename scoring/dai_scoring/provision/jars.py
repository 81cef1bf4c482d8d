"""The jars that Java scores with, made or fetched by Maven into the shared cache.

Every folder there is named by a digest of what it is made from, and is complete or not there.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from dai_scoring.errors import FetchError, PrerequisiteError
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import cache, maven
from dai_scoring.provision.java import find_java
from dai_scoring.runtimes.java import java_jars

_HERE = Path(__file__).resolve().parent
_PROJECT = _HERE.parent.parent / "java"
_MOJO2 = _HERE / "mojo2"
_CHECKSUMS = _HERE / "checksums.txt"


def open_jars(progress: Progress = silent) -> Path:
    """Return a folder with ``open/*.jar``: the helper, built from this checkout, and h2o-genmodel.

    An installed wheel has them inside. Raises PrerequisiteError if Maven or Java is missing, FetchError if Maven
    fails.
    """
    if java_jars.has_open():
        return java_jars.BUNDLED
    if not (_PROJECT / "pom.xml").is_file():
        raise PrerequisiteError(
            "This installation has no jars for Java. Install nifi-dai-scoring from a wheel, which has them inside."
        )
    return built_once("scoring-java", _PROJECT, "build the jars of the Java runtimes", progress)


def mojo_runtime(progress: Progress = silent) -> Path:
    """Return a folder with ``mojo2/*.jar``: H2O's MOJO runtime, fetched if it is not in the cache.

    It is under H2O.ai's own licence: call this only when the user accepted that. Raises as :func:`open_jars`.
    """
    return built_once("mojo2", _MOJO2, "fetch H2O's MOJO runtime", progress)


def fetched_mojo_runtime() -> Path | None:
    """The folder of :func:`mojo_runtime`, if it was fetched before; None if not."""
    place = _place("mojo2", _MOJO2)
    return place if place.is_dir() else None


def built_once(name: str, project: Path, purpose: str, progress: Progress) -> Path:
    """Return the folder that a Maven project leaves as ``${buildDirectory}/jars``; it is made if it is not there.

    ``name`` begins the folder's name, ``purpose`` completes "Maven could not ...". What the project's own folder
    ``jars`` holds, such as notices, comes with it. Jars of others are checked against the checksums of this package.
    Safe to call from several processes: one makes it, the others wait.
    """
    place = _place(name, project)
    if place.is_dir():
        return place
    with cache.locked(place.with_name(place.name + ".lock"), lambda: progress("waiting for another download", None)):
        if not place.is_dir():
            _make(place, project, purpose, progress)
    return place


def check(jars: Iterable[Path]) -> None:
    """Raise FetchError if the content of a jar does not match its checksum."""
    lines = _CHECKSUMS.read_text(encoding="ascii").splitlines()
    known = {name: digest for digest, name in (line.split() for line in lines)}
    for jar in jars:
        if jar.name in known and hashlib.sha256(jar.read_bytes()).hexdigest() != known[jar.name]:
            raise FetchError(
                f"{jar.name} is not the file that was published under this name: its SHA-256 is another. Check the "
                "repository that Maven fetches from, delete the file from Maven's own folder (~/.m2) and try again."
            )


def _place(name: str, project: Path) -> Path:
    digest = hashlib.sha256()
    for file in _sources(project):
        digest.update(file.read_bytes())
    return cache.directory() / f"{name}-{digest.hexdigest()[:12]}"


def _sources(project: Path) -> list[Path]:
    return sorted(path for path in project.rglob("*") if path.suffix in (".xml", ".java", ".txt"))


def _make(place: Path, project: Path, purpose: str, progress: Progress) -> None:
    """Build in another folder and rename it: the place is complete or not there."""
    maven.find_maven(purpose)  # before a Java is fetched for it
    progress("resolving the Java runtimes", None)
    with tempfile.TemporaryDirectory(prefix=place.name + ".part-", dir=place.parent) as folder:
        part = Path(folder)
        # Maven writes into the folder of the pom, and the package's folder may not be writable.
        copy = part / "project"
        shutil.copytree(project, copy)
        if (copy / "jars").is_dir():
            (copy / "jars").rename(part / "jars")
        log = place.with_name(place.name + ".log")
        arguments = [f"-DbuildDirectory={part}", "package"]
        maven.run(copy / "pom.xml", find_java(progress), log, progress, arguments, purpose)
        check((part / "jars").rglob("*.jar"))
        (part / "jars").rename(place)
