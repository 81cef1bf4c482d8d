"""Deploys and operates H2O models in Apache NiFi: the command dai-nifi, and its verbs as functions.

``from dai_nifi import deploy, swap, status`` and so on; :mod:`dai_nifi.api` has them, :mod:`dai_nifi.errors` what they
raise. ``Locally`` says how models are loaded on the calling machine; ``__version__`` is the release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dai_nifi_protocol import CACHE
from dai_scoring.provision import cache

if TYPE_CHECKING:
    from dai_nifi.api import (
        adopt,
        build_nar,
        deploy,
        doctor,
        inspect,
        install_nar,
        rollback,
        score,
        start,
        status,
        stop,
        swap,
        undeploy,
    )
    from dai_nifi.operations.models.local_check import Locally

    __version__: str

cache.named_by(CACHE)

__all__ = [
    "Locally",
    "adopt",
    "build_nar",
    "deploy",
    "doctor",
    "inspect",
    "install_nar",
    "rollback",
    "score",
    "start",
    "status",
    "stop",
    "swap",
    "undeploy",
]


def __getattr__(name: str) -> Any:
    # Only when they are asked for: the modules behind them take half a second to load.
    if name in __all__:
        from dai_nifi import api

        return getattr(api, name)
    if name == "__version__":
        import dai_scoring

        return dai_scoring.__version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
