"""Writes the folder of a platform: the files for an image, the platform's own files, and a README."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from dai_routes.platforms.packages import own_wheel
from dai_scoring.cli.errors import UsageError
from dai_scoring.model_file import Kind, identify, sha256
from dai_scoring.progress import Progress

_HERE = Path(__file__).resolve().parent
_TEMPLATES = _HERE / "templates"
_BUNDLED = _HERE / "_bundled"
_CHECKOUT = _HERE.parents[3]
_FOLDERS = ("wheel", "jars", "model", "environment")


class Platform(Enum):
    """The platforms for which a folder can be written."""

    LAMBDA = "lambda"
    CLOUD_RUN = "cloud-run"
    AZUREML = "azureml"
    SAGEMAKER = "sagemaker"


@dataclass(frozen=True)
class Model:
    """A model to package: its file, its kind, and the jars that it needs in addition to those of the package."""

    path: Path
    kind: Kind
    jars: Sequence[Path] = ()

    @property
    def needs_licence(self) -> bool:
        """Whether its runtime needs a licence of Driverless AI. Models that H2O signed need none."""
        return self.kind is not Kind.H2O3_MOJO


def check(path: Path) -> Kind:
    """The kind of a model that can be packaged.

    Raises ModelError if the file is not a model, UsageError for a Python scoring pipeline.
    """
    kind = identify(path)
    if kind is Kind.SCORING_PIPELINE:
        raise UsageError(
            f"{path} is a Python scoring pipeline, which needs a Python environment of its own, of some gigabytes, and "
            "no platform's folder here has one. Export the MOJO of the experiment and package that, or run "
            "'dai-score serve' on a machine where 'dai-score pipeline prepare' has made the environment."
        )
    return kind


def check_target(folder: Path, overwrite: bool, *sources: Path | None) -> None:
    """Raise UsageError if the folder is a file, has files that may not be overwritten, or contains a source."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--output wants a folder, and {folder} is a file.")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise UsageError(f"The folder {folder} is not empty. Name another, or replace what is in it with --overwrite.")
    for source in sources:
        if source is not None and source.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{source} is in the folder that is written, {folder}. Copy it to another place first.")


def write(
    platform: Platform, model: Model, folder: Path, name: str, wheel: Path | None, progress: Progress
) -> list[str]:
    """Write the folder; returns the paths of its files, relative to it.

    Files of the same name and the folders ``wheel``, ``jars``, ``model`` and ``environment`` are replaced; other files
    stay.
    """
    for one in _FOLDERS:
        shutil.rmtree(folder / one, ignore_errors=True)
    image = folder / "environment" if platform is Platform.AZUREML else folder
    progress("copying the model", None)
    _copy(model.path, folder / "model" / model.path.name)
    _write_image(image, model, wheel, progress)
    if image != folder:
        # AzureML mounts the model, but building Java's archive of classes also needs it in the image's folder.
        _copy(model.path, image / "model" / model.path.name)
        # AzureML builds the last stage of a Dockerfile.
        with (image / "Dockerfile").open("a", encoding="utf-8") as dockerfile:
            dockerfile.write("\nFROM azureml\n")
    words = _words(model, name)
    for template in sorted((_TEMPLATES / platform.value).iterdir()):
        text = re.sub("@([A-Z0-9_]+)@", lambda found: words[found[1]], template.read_text(encoding="utf-8"))
        (folder / template.name).write_text(text, encoding="utf-8")
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def _write_image(image: Path, model: Model, wheel: Path | None, progress: Progress) -> None:
    source = _found("docker/routes")
    for one in sorted(source.iterdir()):
        if one.is_file():
            _copy(one, image / one.name)
    _copy(_found("constraints.txt"), image / "constraints.txt")
    for one in model.jars:
        _copy(one, image / "jars" / one.name)
    # Docker's COPY fails if the folder does not exist, and archives may leave out empty folders.
    (image / "jars").mkdir(parents=True, exist_ok=True)
    (image / "jars" / "README").write_text("Jars of H2O's MOJO runtime, if the model needs them.\n", encoding="utf-8")
    progress("packing this package", None)
    (image / "wheel").mkdir(parents=True, exist_ok=True)
    if wheel is None:
        own_wheel.write(image / "wheel")
    else:
        _copy(wheel, image / "wheel" / wheel.name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _found(name: str) -> Path:
    """A file or folder of the checkout, or its copy in the wheel."""
    packed = _BUNDLED / name
    return packed if packed.exists() else _CHECKOUT / name


def _words(model: Model, name: str) -> dict[str, str]:
    """The values for the placeholders in the templates."""
    licensed = model.needs_licence
    variable = "DRIVERLESS_AI_LICENSE_KEY"
    return {
        "NAME": name,
        "MODEL": model.path.name,
        "KIND": model.kind.value,
        "SHA256": sha256(model.path),
        "RUNTIME": "Java, which is in the image" + (", with H2O's MOJO runtime" if licensed else ""),
        "LICENCE_SAM": f" \\\n    --parameter-overrides LicenceKey=${variable}" if licensed else "",
        "LICENCE_SAGEMAKER": f" \\\n        LicenceKey=${variable}" if licensed else "",
        "LICENCE_CLOUD_RUN": f"\n- The licence comes as the variable {variable}, best from a secret."
        if licensed
        else "",
        "LICENCE_AZUREML": f"\n- The licence comes as {variable} in `environment_variables` of deployment.yml."
        if licensed
        else "",
    }
