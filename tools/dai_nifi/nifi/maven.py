"""Runs Maven: finds it, shows what it downloads, and says why it failed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dai_nifi.errors import PrerequisiteError, ToolError
from dai_nifi.nifi import trust
from dai_nifi.progress import Progress

# The assembly's two runs: what is published is fetched by the pom itself, what has to be built is in its modules.
FETCH = ("--non-recursive", "dependency:copy@lib", "dependency:unpack@python")
BUILD = ("--projects", "nifi-standard-nar,nifi-update-attribute-nar", "nifi-nar:nar")

# About how many jars and archives a machine that has none of them downloads; only the bar depends on it.
_FILES = 290

_DISK_FULL = "No space left on device"
_NO_REPOSITORY = "Could not create local repository"
_UNKNOWN_AUTHORITY = "PKIX path building failed"

_NOT_FETCHED = re.compile(r"Could not transfer \S+ (\S+) from/to \S+ \((\S+?)\): (?:transfer failed for \S+: )?(.+)")
_DOWNLOADED = re.compile(r"Downloaded from \S+ \S*/([^/\s]+\.(?:jar|nar)) \(")
_GOAL = re.compile(r"--- (?:[\w.-]*:)?(?:maven-)?([\w-]+?)(?:-maven-plugin|-plugin)?:[\d.]+:(\w+)")
_STAGES: Mapping[Sequence[str], Mapping[str, tuple[str, float]]] = {
    FETCH: {"copy": ("downloading NiFi", 0.0), "unpack": ("unpacking the Python side", 0.5)},
    BUILD: {"nar": ("building the archives", 0.55)},
}


def find_maven() -> Path:
    """Return the ``mvn`` on PATH, or raise PrerequisiteError with how to install it."""
    found = shutil.which("mvn")
    if found is None:
        raise PrerequisiteError(
            "Maven (mvn) is not on PATH; it downloads NiFi and the runtimes. "
            "Install it (Debian: apt-get install maven; "
            "macOS: brew install maven)."
        )
    return Path(found)


def run(
    pom: Path,
    java_home: Path,
    log: Path,
    progress: Progress,
    arguments: Sequence[str],
    purpose: str,
) -> None:
    """Run goals on ``pom`` under the given Java.

    All that Maven prints goes to ``log``; ``purpose`` completes "Maven could not ..." where it fails.

    Raises:
        PrerequisiteError: Maven is missing, or the disk is full.
        ToolError: Maven failed otherwise; the message has its error lines.

    """
    command = [str(find_maven()), "-B", "-f", str(pom), *arguments]
    environment = {**os.environ, "JAVA_HOME": str(java_home), **trust.settings(java_home, os.environ)}
    # Lines of a failure come last; downloads before them can be thousands.
    tail: deque[str] = deque(maxlen=400)
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            command,
            cwd=pom.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as maven,
    ):
        try:
            show = _Shown(progress, _STAGES.get(tuple(arguments), {}))
            for line in maven.stdout or ():
                kept.write(line)
                tail.append(line.rstrip())
                show(line)
        except BaseException:
            maven.terminate()
            raise
    if maven.returncode:
        if any(_DISK_FULL in line for line in tail):
            raise PrerequisiteError(
                f"Maven could not {purpose}: the disk is full. Make room, or name a larger disk: DAI_NIFI_CACHE for "
                f"what is assembled, now {log.parent}; Maven's own downloads are in ~/.m2. Then run it again. "
                f"All it said is in {log}"
            )
        reasons = not_fetched(tail) or "\n  ".join(error_lines(tail) or [*tail][-3:]) or f"exit code {maven.returncode}"
        if _NO_REPOSITORY in reasons:
            reasons += "\n  Name a folder that can be written: export MAVEN_OPTS=-Dmaven.repo.local=FOLDER"
        raise ToolError(f"Maven could not {purpose}:\n  {reasons}\nAll it said is in {log}")


def not_fetched(lines: Iterable[str]) -> str | None:
    """Return what Maven could not download, why, and what to do; None if that is not why it failed."""
    found = next(filter(None, map(_NOT_FETCHED.search, lines)), None)
    if found is None:
        return None
    artifact, repository, reason = found.groups()
    reason = reason.split(" -> [Help")[0]
    if _UNKNOWN_AUTHORITY in reason:
        advice = (
            "Java does not know who signed the certificate of that repository, as happens behind a company's proxy. "
            "Name a list that has this authority: export MAVEN_OPTS=-Djavax.net.ssl.trustStore=/path/to/cacerts"
        )
    else:
        advice = "If this machine has a proxy, or a mirror of Maven Central, name it in ~/.m2/settings.xml."
    return f"{artifact} did not come from {repository}: {reason}\n  {advice}"


def error_lines(lines: Iterable[str]) -> list[str]:
    """Return what matters of Maven's ``[ERROR]`` lines: no hints, no repetition, at most eight."""
    hints = (
        "To see the full stack trace",
        "Re-run Maven",
        "For more information",
        "[Help ",
        "After correcting",
    )
    found: dict[str, None] = {}
    for line in lines:
        # The first problem of a pom has the mark twice.
        text = re.sub(r"^(\[ERROR\]\s*)+", "", line).strip()
        if line.startswith("[ERROR]") and text and not text.startswith(hints):
            found.setdefault(text.split(" -> [Help")[0])
    return list(found)[:8]


class _Shown:
    """Turns Maven's lines into progress: the archives by name, the hundreds of small jars as a count."""

    def __init__(self, progress: Progress, stages: Mapping[str, tuple[str, float]]) -> None:
        self._progress = progress
        self._stages = stages
        self._share = min((share for _, share in stages.values()), default=0.0)
        self._count = 0

    def __call__(self, line: str) -> None:
        goal = _GOAL.search(line)
        if goal and goal[2] in self._stages:
            stage, self._share = self._stages[goal[2]]
            self._progress(stage, self._share)
            return
        downloaded = _DOWNLOADED.search(line)
        if downloaded is None:
            return
        self._count += 1
        # Downloads of one goal are announced before the goal itself is, so the stage does not describe them.
        share = max(self._share, min(0.5, self._count / _FILES / 2))
        if downloaded[1].endswith(".nar"):
            self._progress(f"downloading {downloaded[1]}", share)
        elif self._count % 50 == 0:
            self._progress(f"downloading ({self._count} files so far)", share)
