"""A model file opened with the runtime that loads it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from dai_scoring.errors import OptionError, UnsupportedError
from dai_scoring.model_file import Kind, identify
from dai_scoring.scorer import RuntimeSettings, Scorer


class Runtime(Enum):
    """The ways to run a model; ``auto`` takes the first that knows the file's kind."""

    AUTO = "auto"
    JAVA = "java"
    CPP = "cpp"


def open_model(path: Path, runtime: Runtime = Runtime.AUTO, settings: RuntimeSettings | None = None) -> Scorer:
    """Load the model in a file with the runtime that its kind needs, or with the one asked for.

    Raises ModelError: see :mod:`dai_scoring.errors` for which and when.
    """
    settings = settings or RuntimeSettings()
    kind = identify(path)
    if kind is Kind.H2O3_MOJO:
        if runtime is Runtime.CPP:
            raise UnsupportedError(
                f"{path} is an {kind.value}, which the C++ runtime does not load. "
                "Score it with the Java runtime (ScoreJavaMojo); that needs no licence."
            )
        from dai_scoring.runtimes import h2o3_mojo

        return Scorer(h2o3_mojo.load(path, settings))
    if kind in (Kind.DAI_MOJO, Kind.DAI_MOJO_ARCHIVE):
        if runtime is Runtime.CPP:
            from dai_scoring.runtimes import cpp_mojo

            return Scorer(cpp_mojo.load(path, kind, settings))
        from dai_scoring.runtimes import java_mojo

        return Scorer(java_mojo.load(path, kind, settings))
    words = "no runtime here loads it" if runtime is Runtime.AUTO else f"the {runtime.value} runtime does not load it"
    raise OptionError(f"{path} is a {kind.value}; {words}. Export the MOJO of the experiment instead.")
