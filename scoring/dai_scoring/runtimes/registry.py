"""The runtimes that score with models. To add one, write its folder and add a line to :data:`ENGINES`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from dai_scoring.engine import Engine
from dai_scoring.errors import UnsupportedError
from dai_scoring.model_file import Kind
from dai_scoring.progress import Progress
from dai_scoring.scorer import RuntimeSettings


class Runtime(Enum):
    """The ways to run a model; ``auto`` takes the first that loads the file's kind."""

    AUTO = "auto"
    JAVA = "java"
    CPP = "cpp"
    PYTHON = "python"


_TITLES = {Runtime.JAVA: "Java", Runtime.CPP: "C++", Runtime.PYTHON: "Python"}


class EngineModule(Protocol):
    """What the module of an engine has."""

    def load(self, path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> Engine:
        """Load a model file of this kind. Raises ModelError, which says what is wrong with it."""
        ...


@dataclass(frozen=True)
class EngineEntry:
    """An engine: the runtime that it belongs to, the kinds of model file that it loads, and its module.

    The module is imported when a model is loaded with it: it needs packages that not everyone installs.
    """

    runtime: Runtime
    kinds: Collection[Kind]
    module: str
    needs_java: bool = False
    advice: str = ""
    """What to do if another runtime was asked for, besides taking this one."""

    def load(self, path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> Engine:
        """Load a model file of one of its kinds. Raises ModelError."""
        if self.needs_java and settings.provision:
            from dai_scoring.provision import java_runtime

            settings = java_runtime.complete(settings, kind, progress)
        module = cast(EngineModule, import_module(f"dai_scoring.runtimes.{self.module}"))
        return module.load(path, kind, settings, progress)


_DAI_MOJOS = (Kind.DAI_MOJO, Kind.DAI_MOJO_ARCHIVE)

ENGINES = (
    EngineEntry(Runtime.JAVA, (Kind.H2O3_MOJO,), "h2o3.mojo", needs_java=True),
    EngineEntry(Runtime.JAVA, _DAI_MOJOS, "java_mojo.mojo", needs_java=True),
    EngineEntry(Runtime.CPP, _DAI_MOJOS, "cpp.workers"),
    EngineEntry(
        Runtime.PYTHON,
        (Kind.SCORING_PIPELINE,),
        "python_pipeline.pipeline",
        advice="Or export the MOJO of the experiment instead.",
    ),
)
"""All engines; for ``auto`` the first that loads a kind counts."""


def engine_for(path: Path, kind: Kind, runtime: Runtime) -> EngineEntry:
    """The engine for a model file of this kind. Raises UnsupportedError if the runtime asked for does not load it."""
    able = [one for one in ENGINES if kind in one.kinds]
    for one in able:
        if runtime in (Runtime.AUTO, one.runtime):
            return one
    loads = dict.fromkeys(one.value for entry in ENGINES if entry.runtime is runtime for one in entry.kinds)
    raise UnsupportedError(
        f"{path} is of the kind {kind.value}, which the {_TITLES[runtime]} runtime does not load. It loads "
        f"{' and '.join(loads)}.",
        "runtime",
        advice=(
            f"Score it with {{runtime={able[0].runtime.name}}}.",
            *(one.advice for one in able if one.advice),
        ),
    )
