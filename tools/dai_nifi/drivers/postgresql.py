"""PostgreSQL's driver, resolved once by Maven into the shared cache."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from dai_nifi.errors import ToolError
from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress
from dai_scoring.provision import cache, maven
from dai_scoring.provision.java import find_java

CLASS = "org.postgresql.Driver"
URL = "jdbc:postgresql:"

_POM = Path(__file__).parent / "pom.xml"


@translated()
def resolve(progress: Progress) -> Path:
    """The driver's jar; raises PrerequisiteError if Maven or Java is missing, ToolError if Maven fails."""
    place = cache.directory() / f"drivers-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"
    with cache.locked(place.with_name(place.name + ".lock"), lambda: progress("waiting for another download", None)):
        if not place.is_dir():
            _make(place, progress)
    jars = list(place.glob("postgresql-*.jar"))
    if len(jars) != 1:
        raise ToolError(f"{place} should hold PostgreSQL's driver and does not: delete it and try again.")
    return jars[0]


def _make(place: Path, progress: Progress) -> None:
    """Copy into a temporary folder and rename it, so that the place is complete or not there."""
    progress("fetching PostgreSQL's JDBC driver", None)
    with tempfile.TemporaryDirectory(prefix=place.name + ".part-", dir=place.parent) as folder:
        made = Path(folder) / "jars"
        log = place.with_name(place.name + ".log")
        arguments = [f"-Dtarget={made}", "dependency:copy"]
        maven.run(_POM, find_java(progress), log, progress, arguments, "fetch PostgreSQL's JDBC driver")
        made.rename(place)
