"""The Python packages of an archive: installed once for each Python version, without what only developers use."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

from dai_nifi import resources
from dai_nifi.errors import ToolError
from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress
from dai_scoring.provision import cache, pip

DISTRIBUTION = "nifi-dai-scoring"

# The processors have no command line.
_OF_COMMANDS = ("rich", "typer")
_UNUSED_FOLDERS = ("tests", "include", "__pycache__", "bin")
_UNUSED_FILES = ("*.pyi", "*.pxd", "*.pyx", "*.h", "*.hpp", "*.a", "*.lib", "*.jar.asc")
# Arrow Flight moves data over a network, which nothing here does, and has 20 MB.
_UNUSED_PARTS = ("*arrow_flight*", "*arrow_python_flight*", "_flight*")
# Its licence does not allow changes.
_UNTOUCHED = ("daimojo",)
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def running_python() -> str:
    """The version of this interpreter, as in ``3.11``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@translated()
def packages(extras: tuple[str, ...], python: str, progress: Progress) -> Path:
    """A folder with the packages that the distribution needs with these extras, for that version of Python.

    Raises ToolError with pip's last lines if a package cannot be installed.
    """
    wanted = requirements(extras, python)
    pinned = pins(python)
    key = hashlib.sha256("\n".join([python, *wanted, *pinned, *_UNUSED_PARTS]).encode()).hexdigest()[:12]
    place = cache.directory() / f"packages-{python}-{key}"
    with cache.locked(place.with_name(place.name + ".lock"), lambda: progress("waiting for another build", None)):
        if not place.is_dir():
            progress(f"installing {', '.join(wanted)}", None)
            with tempfile.TemporaryDirectory(prefix=place.name + ".part-", dir=place.parent) as folder:
                part = Path(folder) / "packages"
                constraints = Path(folder) / "constraints.txt"
                constraints.write_text("\n".join(pinned) + "\n", encoding="utf-8")
                _install(wanted, constraints, part, python)
                _prune(part)
                part.rename(place)
    return place


def _environment(python: str) -> dict[str, str]:
    environment = {**default_environment(), "python_version": python, "extra": ""}
    if python != running_python():
        environment["python_full_version"] = f"{python}.99"
    return {key: str(value) for key, value in environment.items()}


def requirements(extras: tuple[str, ...], python: str) -> list[str]:
    """What the distribution asks for with these extras, for that version of Python."""
    found = []
    for text in importlib.metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(text)
        if requirement.name in _OF_COMMANDS:
            continue
        environments = [{**_environment(python), "extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(e) for e in environments):
            requirement.marker = None
            found.append(str(requirement))
    return sorted(found)


def pins(python: str) -> list[str]:
    """The constraints that hold for that Python; pip would evaluate their markers for the one it runs on."""
    found = []
    for line in resources.constraints().read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(_environment(python)):
                requirement.marker = None
                found.append(str(requirement))
    return found


def _install(wanted: list[str], constraints: Path, target: Path, python: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--only-binary", ":all:", "--target", str(target), "--constraint", str(constraints)]
    if python != running_python():
        # The versions are pinned for that Python; pip would compare what they require with the one that it runs on.
        command += ["--python-version", python, "--implementation", "cp", "--ignore-requires-python"]
        for platform in _PLATFORMS:
            command += ["--platform", platform]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        reason = "\n  ".join(pip.reason(done.stderr, 6))
        raise ToolError(f"pip could not install the packages of the archive for Python {python}:\n  {reason}")


def _prune(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if not path.exists() or path.relative_to(folder).parts[0] in _UNTOUCHED:
            continue
        if path.is_dir():
            # A folder of that name may also be a package of the API, such as numpy.testing.
            if path.name in _UNUSED_FOLDERS:
                shutil.rmtree(path)
        elif any(path.match(pattern) for pattern in (*_UNUSED_FILES, *_UNUSED_PARTS)):
            path.unlink()
