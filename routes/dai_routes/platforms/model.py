"""The model of a function or a container: where it is, and the service that has it, made once for the process."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from dai_scoring.errors import ModelError
from dai_scoring.model_file import identify
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import ScoringService

logger = logging.getLogger(__name__)

VARIABLES = ("MODEL", "MOJO_FILE_PATH", "AZUREML_MODEL_DIR")
"""Environment variables that name the model, a file or a folder with one; the first that is set counts.

The second is H2O's own, the third is set by AzureML.
"""

FOLDER = Path("/opt/ml/model")
"""Where the model is if no variable names it."""

MOST_BYTES = 100 << 20
"""How large a body may be, uncompressed: a few bytes of gzip must not fill the memory."""


def model_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The model that the environment names; if that is a folder with one model file in it, this file."""
    named = next(filter(None, map(environment.get, VARIABLES)), None)
    path = Path(named) if named else FOLDER
    files = [one for one in _files(path) if _is_model(one)]
    return files[0] if len(files) == 1 else path


def _files(folder: Path) -> list[Path]:
    """Files in a folder, and in the folders in it: AzureML and model.tar.gz have the model one or two below."""
    try:
        return sorted(one for one in folder.rglob("*") if one.is_file()) if folder.is_dir() else []
    except OSError:
        return []


def _is_model(file: Path) -> bool:
    try:
        identify(file)
    except ModelError:
        return False
    return True


def loaded(java_home: Path | None = None, jvm_options: tuple[str, ...] = ()) -> ScoringService:
    """A service with the model that the environment names. If it is refused, that is logged, and is every response."""
    service = ScoringService(most_bytes=MOST_BYTES)
    settings = RuntimeSettings(
        java_home=java_home, jvm_options=jvm_options, licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY")
    )
    readiness = service.load(model_path(), settings=settings)
    if readiness.error is not None:
        logger.error("The model cannot be loaded, so every request gets an error: %s", readiness.error)
    return service
