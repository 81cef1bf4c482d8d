"""A model file opened with the runtime that loads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dai_scoring.errors import OptionError
from dai_scoring.model_file import check_whole, identify
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import model_store
from dai_scoring.runtimes.registry import Runtime, engine_for
from dai_scoring.scorer import RuntimeSettings, Scorer

__all__ = ["Runtime", "open_model"]


def open_model(
    path: str | Path,
    runtime: Runtime | str = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
    progress: Progress = silent,
    *,
    accept_h2o_licence: bool = False,
) -> Scorer:
    """Load the model in a file with the runtime that its kind needs, or with the one asked for.

    The file may be in an object store: :mod:`dai_scoring.provision.model_store` says which addresses there are.
    Without ``settings`` everything else is found: a Java on this machine or from PyPI, jars in this package or by
    Maven. ``accept_h2o_licence`` accepts H2O.ai's licence for the MOJO runtime of Driverless AI, which is fetched once
    and then used; the settings have the same field. ``progress`` gets each step that takes long.

    Raises ModelError: see :mod:`dai_scoring.errors` for which and when; OptionError where there is no such runtime.
    """
    runtime = _runtime(runtime)
    path = model_store.local_file(path, progress)
    settings = settings or RuntimeSettings()
    if accept_h2o_licence:
        settings = replace(settings, accept_h2o_licence=True)
    kind = identify(path)
    check_whole(path)
    return Scorer(engine_for(path, kind, runtime).load(path, kind, settings, progress))


def _runtime(name: Runtime | str) -> Runtime:
    try:
        return Runtime(name)
    except ValueError as error:
        raise OptionError(
            f"there is no runtime {name!r}; there are: {', '.join(one.value for one in Runtime)}.", "runtime"
        ) from error
