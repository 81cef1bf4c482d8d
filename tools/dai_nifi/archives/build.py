"""Builds the archives: each has the processor, its Python packages and, for Java, the jars."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dai_nifi import resources
from dai_nifi.archives import archive, dependencies
from dai_nifi.archives.helper import helper_jars
from dai_nifi.archives.spec import GROUP, SPECS, NarSpec
from dai_nifi.errors import ToolError, UsageError
from dai_scoring.cli.opening import translated
from dai_scoring.progress import Progress
from dai_scoring.provision import jars as provided

_PACKAGES = "NAR-INF/bundled-dependencies"
# NiFi brings its Java, and the archive its jars: what would look for them or fetch them is not there.
_FETCHES = ("checksums", "jars", "java", "maven", "mojo2", "pip", "trust")
_LEFT_OUT = ("cli/", "jars/", *(f"provision/{name}" for name in _FETCHES))
_IMPORTS = "import pyarrow.csv, pyarrow.json, pyarrow.parquet, numpy, orjson, fastavro, dai_scoring.batch.files"


@dataclass(frozen=True)
class BuiltNar:
    """An archive on disk; ``bytes`` is its size, ``h2o_runtime`` whether H2O's own MOJO runtime is inside."""

    path: Path
    processor: str
    version: str
    python: str
    bytes: int
    h2o_runtime: bool


def version() -> str:
    """The version of the archives: that of the distribution."""
    return importlib.metadata.version(dependencies.DISTRIBUTION)


def build(
    runtime: str, folder: Path, progress: Progress, accept_h2o_licence: bool = False, python: str | None = None
) -> BuiltNar:
    """Build the archive of one runtime into ``folder``, for that version of Python (this one's by default).

    ``accept_h2o_licence`` puts H2O's MOJO runtime inside, under H2O.ai's own licence; UsageError where the archive
    cannot be built so, or not here.
    """
    if runtime not in SPECS:
        raise UsageError(f"there is no runtime {runtime}; there are: {', '.join(SPECS)}")
    spec = SPECS[runtime]
    python = python or dependencies.running_python()
    if reason := spec.reason_not_buildable(accept_h2o_licence, python):
        raise UsageError(f"there is no archive of the runtime {runtime}: {reason}.")
    entries = _entries(spec, python, progress, accept_h2o_licence)
    if python == dependencies.running_python():
        progress("checking that it imports", None)
        _check(entries, spec)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{spec.id}-{version()}.nar"
    progress(f"packing {path.name}", None)
    part = path.with_name(f".{path.name}.part")
    archive.write(part, archive.manifest(GROUP, spec.id, version()), entries)
    part.replace(path)
    return BuiltNar(path, spec.processor, version(), python, path.stat().st_size, accept_h2o_licence)


def _entries(spec: NarSpec, python: str, progress: Progress, mojo2: bool) -> dict[str, Path | bytes]:
    # First, as this is what can be missing.
    jars = _jars(spec, progress, mojo2)
    packages = dependencies.packages(spec.extras, python, progress)
    entries = _tree(packages, _PACKAGES) | own_modules()
    for inside, folder in jars.items():
        entries |= _tree(folder, f"{_PACKAGES}/{inside}")
    module = resources.extensions() / f"{spec.processor}.py"
    entries[module.name] = module
    entries["META-INF/LICENSE"] = resources.licence()
    entries["META-INF/NOTICE"] = _notice(packages, spec, mojo2).encode()
    return entries


@translated()
def _jars(spec: NarSpec, progress: Progress, mojo2: bool) -> dict[str, Path]:
    """Folders of jars, by their places among the packages."""
    found = {"dai_scoring_nifi/jars": helper_jars(progress)}
    if spec.jars:
        found["dai_scoring/jars/open"] = provided.open_jars(progress) / "open"
        if mojo2:
            found["dai_scoring/jars/mojo2"] = provided.mojo_runtime(progress) / "mojo2"
    return found


def own_modules() -> dict[str, Path | bytes]:
    """This project's packages, by their places in an archive."""
    entries: dict[str, Path | bytes] = {}
    for package in ("dai_scoring", "dai_nifi_protocol", "dai_scoring_nifi"):
        entries |= _tree(resources.package(package), f"{_PACKAGES}/{package}")
    left_out = tuple(f"{_PACKAGES}/dai_scoring/{name}" for name in _LEFT_OUT)
    return {name: content for name, content in entries.items() if not name.startswith(left_out)}


def _tree(folder: Path, inside: str) -> dict[str, Path | bytes]:
    return {
        f"{inside}/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _notice(packages: Path, spec: NarSpec, mojo2: bool) -> str:
    lines = ["Bundled Python packages and their licences:", ""]
    for distribution in sorted(
        importlib.metadata.distributions(path=[str(packages)]), key=lambda d: str(d.metadata["Name"]).lower()
    ):
        about = distribution.metadata
        stated = about["License-Expression"] or (about["License"] or "").partition("\n")[0] or "see its metadata"
        lines.append(f"{about['Name']} {distribution.version}: {stated}")
    if spec.jars:
        lines += ["", "Bundled Java libraries: h2o-genmodel (Apache-2.0) and what it depends on."]
    if spec.proprietary:
        lines += ["", "daimojo is under H2O.ai's own licence, which does not allow passing this archive on."]
    if spec.jars and mojo2:
        lines += ["ai.h2o:mojo2-runtime-api and mojo2-runtime-impl: under H2O.ai's own licence."]
    return "\n".join(lines) + "\n"


def _check(entries: dict[str, Path | bytes], spec: NarSpec) -> None:
    """Import what the processor imports, from nothing but the archive's packages, as NiFi starts Python."""
    with tempfile.TemporaryDirectory(prefix="dai-nar-") as folder:
        for name, content in entries.items():
            if name.startswith(_PACKAGES) and isinstance(content, Path):
                link = Path(folder) / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(content)
        environment = {**os.environ, "PYTHONPATH": str(Path(folder) / _PACKAGES), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-S", "-c", ", ".join((_IMPORTS, *spec.imports))]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise ToolError(f"the archive's packages do not import: {done.stderr.strip().splitlines()[-1]}")
