"""Writes a bundle: one file with models, what Java must know of them, and the runtimes that score them.

The classes of ``daiscoring.bundle`` read it. Platforms that run on Java load models from it, without Python.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dai_scoring.engine import ModelInfo
from dai_scoring.errors import PrerequisiteError, UnsupportedError
from dai_scoring.model_file import Kind, identify
from dai_scoring.models import Runtime, open_model
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import jars, java_runtime
from dai_scoring.runtimes import driverless_ai
from dai_scoring.runtimes.java import java_jars
from dai_scoring.scorer import RuntimeSettings, Scorer

_BUNDLED = Path(__file__).resolve().parent / "jars"
_PROJECT = Path(__file__).resolve().parents[1] / "java"
_LIBRARIES = "dai-score/lib"
_MODELS = "dai-score/models"
# Of a zip, whose times begin there: the same models make the same file.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class BundledModel:
    """A model of a bundle, under its name."""

    name: str
    info: ModelInfo


def platform_jar(progress: Progress = silent) -> Path:
    """The jar with the classes that run inside platforms; a checkout builds it by Maven, once.

    Raises PrerequisiteError if Maven or Java is missing, FetchError if Maven fails.
    """
    folder = _BUNDLED
    if not any(_BUNDLED.glob("*.jar")):
        if not (_PROJECT / "pom.xml").is_file():
            raise PrerequisiteError(
                "This installation has no jar for Hive and Spark. Install nifi-dai-scoring from a wheel."
            )
        folder = jars.built_once("routes-java", _PROJECT, "build the jar for Hive and Spark", progress) / "routes"
    return next(iter(sorted(folder.glob("dai-routes-java-*.jar"))))


def write(
    target: Path, models: Mapping[str, Path], settings: RuntimeSettings | None = None, progress: Progress = silent
) -> list[BundledModel]:
    """Write models, by their names, and what scores them into ``target``, which is replaced if it exists.

    The classes for platforms are in it too, so that it is a jar for them. Models are loaded to learn their columns.

    Raises ModelError as :func:`dai_scoring.models.open_model` does, and UnsupportedError if a model needs a runtime
    that is not Java's.
    """
    settings = settings or RuntimeSettings()
    classes = platform_jar(progress)
    found: list[BundledModel] = []
    libraries: dict[str, Path] = {}
    with _replaced(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
        _copy_classes(bundle, classes)
        for name, path in models.items():
            with open_model(path, Runtime.JAVA, settings, progress) as scorer:
                found.append(BundledModel(name, scorer.info))
                libraries |= _add_model(bundle, name, path, scorer, settings, progress)
        _add_libraries(bundle, libraries)
    return found


def write_model(target: Path, path: Path, scorer: Scorer, settings: RuntimeSettings) -> None:
    """Write one model, which ``scorer`` has loaded in Java, and what scores it into ``target``.

    The classes for platforms are not in it. Raises UnsupportedError as :func:`write` does.
    """
    with _replaced(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
        _add_libraries(bundle, _add_model(bundle, "model", path, scorer, settings, silent))


def _add_model(
    bundle: zipfile.ZipFile, name: str, path: Path, scorer: Scorer, settings: RuntimeSettings, progress: Progress
) -> dict[str, Path]:
    """Add a model; returns the jars that it needs, by their names."""
    kind = identify(path)
    described = scorer.for_java()
    if described is None:
        raise UnsupportedError(f"{path} cannot be scored in Java without Python.")
    description = {**described, "id": scorer.info.id, "sha256": scorer.info.sha256}
    _add(bundle, f"{_MODELS}/{name}/description.json", json.dumps(description).encode())
    with driverless_ai.pipeline_file(path, kind) as file:
        _add(bundle, f"{_MODELS}/{name}/model.mojo", file.read_bytes())
    return {jar.name: jar for jar in _libraries(kind, settings, progress)}


def _add_libraries(bundle: zipfile.ZipFile, jars: Mapping[str, Path]) -> None:
    for name, jar in jars.items():
        _add(bundle, f"{_LIBRARIES}/{name}", jar.read_bytes())


def _libraries(kind: Kind, settings: RuntimeSettings, progress: Progress) -> list[Path]:
    if settings.provision:
        settings = java_runtime.complete(settings, kind, progress)
    open_jars = java_jars.open_jars(settings.jar_folders)
    if kind is Kind.H2O3_MOJO:
        return open_jars
    return [*open_jars, *java_jars.mojo_runtime_jars(settings.mojo_runtime, settings.jar_folders)]


@contextmanager
def _replaced(target: Path) -> Iterator[Path]:
    """A file to write, which takes the place of ``target`` once it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        part = Path(folder) / target.name
        yield part
        part.replace(target)


def _copy_classes(bundle: zipfile.ZipFile, jar: Path) -> None:
    with zipfile.ZipFile(jar) as source:
        for name in source.namelist():
            if name.endswith(".class"):
                _add(bundle, name, source.read(name))


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    # Jars are compressed already.
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".jar") else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    bundle.writestr(entry, content)
