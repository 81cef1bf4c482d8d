"""Runs Maven: finds it, shows what it downloads, and says why it failed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dai_scoring.errors import FetchError, PrerequisiteError
from dai_scoring.progress import Progress
from dai_scoring.provision import cache, trust

_DISK_FULL = "No space left on device"
_NO_REPOSITORY = "Could not create local repository"
_UNKNOWN_AUTHORITY = "PKIX path building failed"

_NOT_FETCHED = re.compile(r"Could not transfer \S+ (\S+) from/to \S+ \((\S+?)\): (?:transfer failed for \S+: )?(.+)")
_DOWNLOADED = re.compile(r"Downloaded from \S+ \S*/([^/\s]+\.(?:jar|nar)) \(")
_GOAL = re.compile(r"--- (?:[\w.-]*:)?(?:maven-)?([\w-]+?)(?:-maven-plugin|-plugin)?:[\d.]+:(\w+)")


@dataclass(frozen=True)
class Stages:
    """What a long run of Maven is shown as.

    ``goals`` has, by a goal's short name, what to say of it and the share of the whole that is done before it;
    ``files`` is about how many files a machine that has none of them downloads.
    """

    goals: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    files: int = 50


def find_maven(purpose: str) -> Path:
    """Return the ``mvn`` on PATH; raises PrerequisiteError with how to install it, and that ``purpose`` needs it."""
    found = shutil.which("mvn")
    if found is None:
        raise PrerequisiteError(
            f"Maven (mvn) is not on PATH; it is needed to {purpose}. "
            "Install it (Debian: apt-get install maven; macOS: brew install maven)."
        )
    return Path(found)


def run(
    pom: Path,
    java_home: Path,
    log: Path,
    progress: Progress,
    arguments: Sequence[str],
    purpose: str,
    stages: Stages = Stages(),
) -> None:
    """Run goals on ``pom`` under the given Java.

    All that Maven prints goes to ``log``; ``purpose`` completes "Maven could not ..." where it fails.
    ``stages`` say how it is shown.

    Raises:
        PrerequisiteError: Maven is missing, or the disk is full.
        FetchError: Maven failed otherwise; the message has its error lines.

    """
    command = [str(find_maven(purpose)), "-B", "-f", str(pom), *arguments]
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
            show = _MavenProgress(progress, stages)
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
                f"Maven could not {purpose}: the disk is full. Make room, or name a larger disk: "
                f"{cache.variable()} for what is assembled, now {log.parent}; Maven's own downloads are in ~/.m2. "
                f"Then run it again. All it said is in {log}"
            )
        reasons = not_fetched(tail) or "\n  ".join(error_lines(tail) or [*tail][-3:]) or f"exit code {maven.returncode}"
        if _NO_REPOSITORY in reasons:
            reasons += "\n  Name a folder that can be written: export MAVEN_OPTS=-Dmaven.repo.local=FOLDER"
        raise FetchError(f"Maven could not {purpose}:\n  {reasons}\nAll it said is in {log}")


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
        # The first problem of a pom has the prefix twice.
        text = re.sub(r"^(\[ERROR\]\s*)+", "", line).strip()
        if line.startswith("[ERROR]") and text and not text.startswith(hints):
            found.setdefault(text.split(" -> [Help")[0])
    return list(found)[:8]


class _MavenProgress:
    """Turns Maven's lines into progress: the archives by name, the hundreds of small jars as a count."""

    def __init__(self, progress: Progress, stages: Stages) -> None:
        self._progress = progress
        self._stages = stages
        self._share = min((share for _, share in stages.goals.values()), default=0.0)
        self._count = 0

    def __call__(self, line: str) -> None:
        goal = _GOAL.search(line)
        if goal and goal[2] in self._stages.goals:
            stage, self._share = self._stages.goals[goal[2]]
            self._progress(stage, self._share)
            return
        downloaded = _DOWNLOADED.search(line)
        if downloaded is None:
            return
        self._count += 1
        # Downloads of one goal are announced before the goal itself is, so the stage does not describe them.
        share = max(self._share, min(0.5, self._count / self._stages.files / 2))
        if downloaded[1].endswith(".nar"):
            self._progress(f"downloading {downloaded[1]}", share)
        elif self._count % 50 == 0:
            self._progress(f"downloading ({self._count} files so far)", share)
