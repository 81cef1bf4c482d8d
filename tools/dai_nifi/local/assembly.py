"""NiFi's own files, assembled once into the shared cache: ``lib`` and ``python``, read only from then on.

It is made in a temporary folder and renamed, so it is complete or not there; a stamp lists every file and its size.
An assembly that is incomplete, damaged or made from other poms is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress
from dai_scoring.provision import cache, maven

POM = Path(__file__).parent / "files" / "pom.xml"
_STAMP = "assembled.json"

# The two runs: what is published is fetched by the pom itself, what has to be built is in its modules.
_FETCH = ("--non-recursive", "dependency:copy@lib", "dependency:unpack@python")
_BUILD = ("--projects", "nifi-standard-nar,nifi-update-attribute-nar", "nifi-nar:nar")
# Of a machine that has nothing yet, by what it downloads.
_RUNS = {
    _FETCH: maven.Stages({"copy": ("downloading NiFi", 0.0), "unpack": ("unpacking the Python side", 0.5)}, 290),
    _BUILD: maven.Stages({"nar": ("building the archives", 0.55)}, 290),
}

# Fills the given empty folder with lib/ and python/; the log file may be written to.
Assembler = Callable[[Path, Path, Progress], None]


@dataclass(frozen=True)
class Assembly:
    """A complete assembly on disk."""

    root: Path

    @property
    def lib(self) -> Path:
        """The jars of the class path and the NARs."""
        return self.root / "lib"

    @property
    def python_framework(self) -> Path:
        """NiFi's side of the Python processors; their API is in the same folder, where NiFi looks for it."""
        return self.root / "python" / "framework"


def version() -> str:
    """The version of NiFi that the pom assembles, such as ``2.3.0``."""
    found = ElementTree.parse(POM).findtext("{*}version")  # noqa: S314 - a file of this package
    if found is None:
        raise ValueError(f"{POM} names no version")
    return found


def place() -> Path:
    """Where the assembly of these poms belongs; others have another place, so instances keep theirs."""
    return cache.directory() / f"nifi-{version()}-{_digest()[:10]}"


@translated()
def ensure(java_home: Path, progress: Progress, assemble: Assembler | None = None) -> Assembly:
    """Return the complete assembly, making it first where needed (about 280 MB of downloads, under a minute).

    Safe to call from several processes: one assembles, the others wait. ``assemble`` replaces Maven in tests.

    Raises:
        PrerequisiteError: Maven is missing.
        ToolError: Maven failed.

    """
    root = place()
    if is_current(root):
        return Assembly(root)
    with cache.locked(root.with_name(root.name + ".lock"), lambda: progress("waiting for another assembly", None)):
        if is_current(root):
            return Assembly(root)
        for leftover in root.parent.glob(f"{root.name}.part-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=f"{root.name}.part-", dir=root.parent))
        try:
            fill = assemble or _maven_assembler(java_home)
            fill(part, root.with_name(root.name + ".log"), progress)
            _write_stamp(part)
            part.chmod(0o755)
            if root.exists():
                # Moved away by a rename too, so that no process sees it half removed.
                root.rename(part.with_name(part.name + "-old"))
            part.rename(root)
        finally:
            for leftover in root.parent.glob(f"{root.name}.part-*"):
                shutil.rmtree(leftover, ignore_errors=True)
    return Assembly(root)


def is_current(root: Path) -> bool:
    """Whether ``root`` holds a complete assembly of these poms: every file of the stamp, at its size."""
    try:
        stamp = json.loads((root / _STAMP).read_text(encoding="utf-8"))
        return stamp["digest"] == _digest() and all(
            (root / name).stat().st_size == size for name, size in stamp["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def archives_built() -> tuple[str, ...]:
    """The NARs that are built here, by their modules in the pom; the others are published."""
    found = ElementTree.parse(POM).iterfind("{*}modules/{*}module")  # noqa: S314 - a file of this package
    return tuple(str(one.text) for one in found)


def _poms() -> list[Path]:
    return [POM, *(POM.parent / module / POM.name for module in archives_built())]


def _digest() -> str:
    recipe = b"".join(pom.read_bytes() for pom in _poms()) + "\n".join((*_FETCH, *_BUILD)).encode()
    return hashlib.sha256(recipe).hexdigest()


def _write_stamp(root: Path) -> None:
    files = {str(p.relative_to(root)): p.stat().st_size for p in sorted(root.rglob("*")) if p.is_file()}
    text = json.dumps({"digest": _digest(), "files": files}, indent=1)
    with (root / _STAMP).open("w", encoding="utf-8") as stamp:
        stamp.write(text)
        stamp.flush()
        os.fsync(stamp.fileno())


def _maven_assembler(java_home: Path) -> Assembler:
    def assemble(part: Path, log: Path, progress: Progress) -> None:
        # Maven writes into the folder of the pom, and the package's folder may not be writable.
        with tempfile.TemporaryDirectory(prefix=f"{part.name}-build-", dir=part.parent) as folder:
            build = Path(folder)
            for pom in _poms():
                copy = build / pom.relative_to(POM.parent)
                copy.parent.mkdir(exist_ok=True)
                shutil.copyfile(pom, copy)
            # What is built comes last, so that a missing artifact is found first.
            for goals, stages in _RUNS.items():
                maven.run(build / POM.name, java_home, log, progress, goals, "assemble NiFi", stages)
            progress("putting it in place", 0.95)
            for made in (build / "target" / "assembly").iterdir():
                made.rename(part / made.name)
            for nar in build.glob("*/target/*.nar"):
                nar.rename(part / "lib" / nar.name)

    return assemble
