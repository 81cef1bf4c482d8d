"""Models opened for the command line: the library's errors are given exit codes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from dai_scoring import errors
from dai_scoring.cli.errors import (
    ModelRefusedError,
    NotFoundError,
    PrerequisiteError,
    ScoringFailedError,
    ToolError,
    UsageError,
)
from dai_scoring.errors import FetchError, ModelError, ModelNotFoundError, OptionError, ScoringError
from dai_scoring.models import Runtime, open_model
from dai_scoring.option_words import Audience
from dai_scoring.progress import Progress
from dai_scoring.scorer import PipelineSettings, RuntimeSettings, Scorer


def as_tool_error(error: ScoringError) -> ToolError:
    """An error of the library as one of the tool's, which carry exit codes."""
    flags = _flags.get()
    text = error.text_for(Audience.COMMAND_LINE, None if flags is None else flags.__contains__)
    made = next((tools(text) for kind, tools in _KINDS if isinstance(error, kind)), None) or ScoringFailedError(text)
    if isinstance(made, ModelRefusedError | ScoringFailedError):
        made.code = error.code
    made.where = {name: at for name, at in (("row", error.row), ("column", error.column)) if at is not None}
    return made


def set_known_flags(flags: Iterable[str]) -> None:
    """Say which flags the command that runs takes: errors advise no others. Without, as in a program, any."""
    _flags.set(frozenset(flags))


_flags: ContextVar[frozenset[str] | None] = ContextVar("flags", default=None)


_KINDS: tuple[tuple[type[ScoringError], type[ToolError]], ...] = (
    (errors.PrerequisiteError, PrerequisiteError),
    (FetchError, ToolError),
    (ModelNotFoundError, NotFoundError),
    (ModelError, ModelRefusedError),
    (OptionError, UsageError),
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise the library's errors as the tool's."""
    try:
        yield
    except ScoringError as error:
        raise as_tool_error(error) from error


@contextmanager
def opened(
    model: Path,
    progress: Progress,
    runtime: Runtime = Runtime.AUTO,
    accept_h2o_licence: bool = False,
    licence_file: Path | None = None,
    jvm_options: tuple[str, ...] = (),
    mojo_runtime: Path | None = None,
    pipeline: PipelineSettings | None = None,
) -> Iterator[Scorer]:
    """Load a model with what this machine has, and close it at the end.

    The licence key is taken from the environment only: an argument would show in the list of processes.
    """
    with translated():
        settings = RuntimeSettings(
            licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"),
            licence_file=licence_file,
            jvm_options=jvm_options,
            mojo_runtime=mojo_runtime,
            accept_h2o_licence=accept_h2o_licence,
            pipeline=pipeline or PipelineSettings(),
        )
        progress(f"loading {model.name}", None)
        with open_model(model, runtime, settings, progress) as scorer:
            yield scorer
