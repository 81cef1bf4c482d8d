"""Scores records with models of H2O Driverless AI and H2O-3; knows nothing of who calls it.

Start at :func:`dai_scoring.models.open_model` for tables, :func:`dai_scoring.batch.files.score_file` for files.
``__version__`` is that of the distribution nifi-dai-scoring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    # Not before somebody asks: looking it up takes a tenth of a second.
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nifi-dai-scoring")
    except PackageNotFoundError:  # copied without its metadata
        return "unknown"
