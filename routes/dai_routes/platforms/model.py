"""The model of a function or a container: finds it, and makes the service that scores with it."""

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
"""Environment variables with the path of the model, a file or a folder with one. The first that is set counts.

The second is H2O's name, and AzureML sets the third.
"""

FOLDER = Path("/opt/ml/model")
"""Where the model is if no variable is set."""

MOST_BYTES = 100 << 20
"""The largest body, uncompressed, in bytes: a few bytes of gzip must not fill the memory."""


def model_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The path of the model by the environment. For a folder with exactly one model file, it is that file."""
    named = next(filter(None, map(environment.get, VARIABLES)), None)
    path = Path(named) if named else FOLDER
    files = [one for one in _files(path) if _is_model(one)]
    return files[0] if len(files) == 1 else path


def _files(folder: Path) -> list[Path]:
    """All files under a folder: with AzureML and model.tar.gz the model is one or two levels below."""
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
    """A service with the model of the environment. If it cannot be loaded, the log and every response say so."""
    service = ScoringService(most_bytes=MOST_BYTES)
    settings = RuntimeSettings(
        java_home=java_home, jvm_options=jvm_options, licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY")
    )
    readiness = service.load(model_path(), settings=settings)
    if readiness.error is not None:
        logger.error("The model cannot be loaded, so every request gets an error: %s", readiness.error)
    return service
