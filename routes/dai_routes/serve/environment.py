"""Environment variables of H2O's scorers and Vertex AI. They count for options that the command line leaves out.

MOJO_FILE_PATH (or mojo.path) is the model, MODEL_ID its name, WEB_SERVER_WORKERS the number of processes. The variables
of the licence are those of the whole library. SHAPLEY_ENABLE is not read: any client may ask for contributions, if the
model has them. AIP_HTTP_PORT, AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE are Vertex AI's.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from dai_scoring.cli.errors import UsageError

PORT = ("AIP_HTTP_PORT", "PORT")
WORKERS = "WEB_SERVER_WORKERS"

_MODEL = ("MOJO_FILE_PATH", "mojo.path")
_NAME = "MODEL_ID"
_VERTEX = "vertex"


def models() -> list[str]:
    """The model that the environment names, as on the command line. Raises UsageError if it names none."""
    path = next((os.environ[name] for name in _MODEL if os.environ.get(name)), None)
    if path is None:
        raise UsageError(f"name a model: dai-score serve MODEL. Or set {_MODEL[0]} to its file.")
    name = os.environ.get(_NAME)
    return [f"{name}={path}" if name else path]


def routes(dialects: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The paths that Vertex AI sets, each with the server's own path for it."""
    wanted = [("AIP_HEALTH_ROUTE", "/readyz")]
    if _VERTEX in dialects:
        wanted.append(("AIP_PREDICT_ROUTE", "/predict"))
    return tuple((os.environ[name], path) for name, path in wanted if os.environ.get(name))
