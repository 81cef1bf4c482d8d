"""A model file opened with the runtime that loads it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from dai_scoring.errors import UnsupportedError
from dai_scoring.model_file import Kind, check_whole, identify
from dai_scoring.scorer import Engine, RuntimeSettings, Scorer


class Runtime(Enum):
    """The ways to run a model; ``auto`` takes the first that knows the file's kind."""

    AUTO = "auto"
    JAVA = "java"
    CPP = "cpp"
    PYTHON = "python"


def open_model(
    path: str | Path,
    runtime: Runtime = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Scorer:
    """Load the model in a file with the runtime that its kind needs, or with the one asked for.

    ``progress`` is told what is being done where that takes minutes: when a pipeline's environment is made.
    Raises ModelError: see :mod:`dai_scoring.errors` for which and when.
    """
    path = Path(path)
    settings = settings or RuntimeSettings()
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
        from dai_scoring.runtimes import h2o3_mojo

        return Scorer(h2o3_mojo.load(path, settings))
    if runtime is Runtime.CPP:
        from dai_scoring.runtimes import cpp_workers

        return Scorer(cpp_workers.load(path, kind, settings))
    from dai_scoring.runtimes import java_mojo

    return Scorer(java_mojo.load(path, kind, settings))


def _pipeline(path: Path, runtime: Runtime, settings: RuntimeSettings, progress: Callable[[str], None]) -> Engine:
    if runtime not in (Runtime.AUTO, Runtime.PYTHON):
        raise UnsupportedError(
            f"{path} is a {Kind.SCORING_PIPELINE.value}; the {runtime.value} runtime does not load it.",
            "runtime",
            advice=("Score it with {runtime=PYTHON}.", "Or export the MOJO of the experiment instead."),
        )
    from dai_scoring.runtimes import python_pipeline

    return python_pipeline.load(path, settings, progress)
