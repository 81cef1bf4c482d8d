"""Scores records with models of H2O Driverless AI and H2O-3; knows nothing of who calls it.

:func:`open_model` is for tables, :func:`score_file` for files, :class:`ScoringService` for requests.
``__version__`` is that of the distribution nifi-dai-scoring.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dai_scoring.batch.files import score_file
    from dai_scoring.models import open_model
    from dai_scoring.service import ScoringService

    __version__: str

__all__ = ["ScoringService", "open_model", "score_file"]

_MODULES = {
    "open_model": "dai_scoring.models",
    "score_file": "dai_scoring.batch.files",
    "ScoringService": "dai_scoring.service",
}


def __getattr__(name: str) -> Any:
    # Only when somebody asks: to import these, or to look up the version, takes a tenth of a second and more.
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nifi-dai-scoring")
    except PackageNotFoundError:  # copied without its metadata
        return "unknown"
