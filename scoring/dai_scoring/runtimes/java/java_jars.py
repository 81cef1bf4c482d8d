"""The jars of the Java runtimes: bundled inside this package, or in folders that the caller names."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dai_scoring.errors import RuntimeMissingError

BUNDLED = Path(__file__).resolve().parents[2] / "jars"
"""Where a wheel, and an archive for a server, has its jars; a checkout has none."""

_VERSION = re.compile(r"-\d[\w.-]*$")

# An entry of each jar that a kind of model needs, and the jar that has it.
_HELPER = {"daiscoring/Columns.class": "dai-scoring-java"}
_GENMODEL = {
    "hex/genmodel/MojoModel.class": "h2o-genmodel",
    "hex/genmodel/algos/xgboost/XGBoostMojoReader.class": "h2o-genmodel-ext-xgboost",
    "biz/k11i/xgboost/Predictor.class": "xgboost-predictor",
    "com/google/gson/Gson.class": "gson",
}
_MOJO2 = {
    "ai/h2o/mojos/runtime/api/MojoPipelineService.class": "mojo2-runtime-api",
    "META-INF/services/ai.h2o.mojos.runtime.api.PipelineLoaderFactory": "mojo2-runtime-impl",
}
_HOW = "{bundle_jars} puts them into the archive."


def has_open(extra: Sequence[Path] = ()) -> bool:
    """Whether any jars of h2o-genmodel and the helper are at hand."""
    return bool(_jars_of(_folders("open", extra)))


def has_mojo2(extra: Sequence[Path] = ()) -> bool:
    """Whether any jars of H2O's MOJO runtime are at hand."""
    return bool(_jars_of(_folders("mojo2", extra)))


def open_jars(extra: Sequence[Path] = ()) -> list[Path]:
    """The jars for H2O-3 MOJOs and the helper, in folders ``open``; raises RuntimeMissingError if one is missing."""
    folders = _folders("open", extra)
    jars = _jars_of(folders)
    if not jars:
        raise RuntimeMissingError("the jars of h2o-genmodel are not installed here.", advice=(_HOW,))
    _check(jars, _GENMODEL | _HELPER, folders, _HOW)
    return jars


def h2o3_jars(extra: Sequence[Path] = ()) -> list[Path]:
    """The jars for H2O-3 MOJOs; raises RuntimeMissingError if one is missing.

    Those for Driverless AI MOJOs that are at hand come with them: the virtual machine may serve such models next.
    """
    return [*open_jars(extra), *_jars_of(_folders("mojo2", extra))]


def mojo2_jars(explicit: Path | None, extra: Sequence[Path] = ()) -> list[Path]:
    """The jars for Driverless AI MOJOs, and those for H2O-3 MOJOs, as above; raises RuntimeMissingError."""
    jars = mojo_runtime_jars(explicit, extra)
    folders = _folders("open", extra)
    open_jars = _jars_of(folders)
    _check(open_jars, _HELPER, folders, _HOW)
    return [*open_jars, *jars]


def mojo_runtime_jars(explicit: Path | None, extra: Sequence[Path] = ()) -> list[Path]:
    """The jars of H2O's MOJO runtime alone, in folders ``mojo2``; raises RuntimeMissingError if one is missing.

    An ``explicit`` folder of jars (or one jar) takes their place.
    """
    if explicit is None:
        folders = _folders("mojo2", extra)
        jars = _jars_of(folders)
        if not jars:
            raise RuntimeMissingError(
                "this is a Driverless AI MOJO, and H2O's MOJO runtime for Java is not installed here. It comes under "
                "H2O.ai's own licence.",
                advice=(
                    "Accept that with {accept_h2o_licence}.",
                    "Or set {mojo_runtime} to a folder with its jars.",
                ),
            )
        _check(jars, _MOJO2, folders, "Set {mojo_runtime} to a folder with all of them.")
    else:
        jars = [explicit] if explicit.suffix == ".jar" else sorted(explicit.glob("*.jar"))
        if not any("mojo2-runtime" in jar.name for jar in jars):
            raise RuntimeMissingError(
                f"no mojo2-runtime jar in {explicit}.",
                "mojo_runtime",
                advice=(
                    "Put mojo2-runtime-impl and mojo2-runtime-api (or H2O's mojo2-runtime.jar) there.",
                    "Or leave {mojo_runtime} empty to use a bundled one.",
                ),
            )
        _check(jars, _MOJO2, [explicit], "Put them there, or H2O's mojo2-runtime.jar.", "mojo_runtime")
    return jars


def _check(
    jars: Sequence[Path], needed: Mapping[str, str], folders: Sequence[Path], advice: str, option: str | None = None
) -> None:
    # Most have their names still; H2O's single jars, which have the others inside, are looked into.
    names = {_library(jar) for jar in jars}
    needed = {entry: name for entry, name in needed.items() if name not in names}
    entries = {entry for jar in jars for entry in _entries(jar)} if needed else set()
    if lacking := [name for entry, name in needed.items() if entry not in entries]:
        looked_at = [str(folder) for folder in folders if folder.exists()] or [str(folder) for folder in folders]
        raise RuntimeMissingError(
            f"the Java runtime is not complete: there is no {' and no '.join(lacking)} among the jars of "
            f"{', '.join(looked_at)}.",
            option,
            advice=(advice,),
        )


def _folders(kind: str, extra: Sequence[Path]) -> list[Path]:
    return [BUNDLED / kind, *(folder / kind for folder in extra)]


def _jars_of(folders: Sequence[Path]) -> list[Path]:
    """The jars of all folders; of a library that several folders have, those of the first of these alone."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        here: dict[str, list[Path]] = {}
        for jar in sorted(folder.glob("*.jar")):
            here.setdefault(_library(jar), []).append(jar)
        for library, jars in here.items():
            found.setdefault(library, jars)
    return [jar for jars in found.values() for jar in jars]


def _library(jar: Path) -> str:
    return _VERSION.sub("", jar.stem)


def _entries(jar: Path) -> list[str]:
    try:
        with zipfile.ZipFile(jar) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise RuntimeMissingError(
            f"the jar {jar} cannot be read. Copy it again, or delete its folder and have it made again."
        ) from error
