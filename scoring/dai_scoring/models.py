"""A model file opened with the runtime that loads it."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path

from dai_scoring.errors import OptionError, UnsupportedError
from dai_scoring.model_file import Kind, check_whole, identify
from dai_scoring.progress import Progress, silent
from dai_scoring.scorer import Engine, RuntimeSettings, Scorer


class Runtime(Enum):
    """The ways to run a model; ``auto`` takes the first that knows the file's kind."""

    AUTO = "auto"
    JAVA = "java"
    CPP = "cpp"
    PYTHON = "python"


def open_model(
    path: str | Path,
    runtime: Runtime | str = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
    progress: Progress = silent,
    *,
    accept_h2o_licence: bool = False,
) -> Scorer:
    """Load the model in a file with the runtime that its kind needs, or with the one asked for.

    Without ``settings`` everything else is found: a Java on this machine or from PyPI, jars in this package or by
    Maven. ``accept_h2o_licence`` accepts H2O.ai's licence for the MOJO runtime of Driverless AI, which is fetched once
    and then used; the settings have the same field. ``progress`` is told what is being done where that takes long.

    Raises ModelError: see :mod:`dai_scoring.errors` for which and when; OptionError where there is no such runtime.
    """
    path = Path(path)
    runtime = _runtime(runtime)
    settings = settings or RuntimeSettings()
    if accept_h2o_licence:
        settings = replace(settings, accept_h2o_licence=True)
    kind = identify(path)
    check_whole(path)
    if kind is Kind.SCORING_PIPELINE:
        return Scorer(_pipeline(path, runtime, settings, progress))
    if runtime is Runtime.PYTHON:
        raise UnsupportedError(
            f"{path} is a {kind.value}, which the Python runtime does not load: it takes a Python scoring pipeline "
            "(scorer.zip).",
            "runtime",
            advice=("Score this one with {runtime=JAVA}.",),
        )
    if kind is Kind.H2O3_MOJO:
        if runtime is Runtime.CPP:
            raise UnsupportedError(
                f"{path} is an {kind.value}, which the C++ runtime does not load.",
                "runtime",
                advice=("Score it with {runtime=JAVA}, which needs no licence.",),
            )
        from dai_scoring.runtimes.h2o3 import mojo as h2o3_mojo

        return Scorer(h2o3_mojo.load(path, _with_java(settings, kind, progress)))
    if runtime is Runtime.CPP:
        from dai_scoring.runtimes.cpp import workers

        return Scorer(workers.load(path, kind, settings))
    from dai_scoring.runtimes.java_mojo import mojo

    return Scorer(mojo.load(path, kind, _with_java(settings, kind, progress)))


def _runtime(name: Runtime | str) -> Runtime:
    try:
        return Runtime(name)
    except ValueError as error:
        raise OptionError(
            f"there is no runtime {name!r}; there are: {', '.join(one.value for one in Runtime)}.", "runtime"
        ) from error


def _with_java(settings: RuntimeSettings, kind: Kind, progress: Progress) -> RuntimeSettings:
    if not settings.provision:
        return settings
    from dai_scoring.provision import java_runtime

    return java_runtime.complete(settings, kind, progress)


def _pipeline(path: Path, runtime: Runtime, settings: RuntimeSettings, progress: Progress) -> Engine:
    if runtime not in (Runtime.AUTO, Runtime.PYTHON):
        raise UnsupportedError(
            f"{path} is a {Kind.SCORING_PIPELINE.value}; the {runtime.value} runtime does not load it.",
            "runtime",
            advice=("Score it with {runtime=PYTHON}.", "Or export the MOJO of the experiment instead."),
        )
    from dai_scoring.runtimes.python_pipeline import pipeline

    return pipeline.load(path, settings, progress)
