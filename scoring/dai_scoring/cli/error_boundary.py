"""How a command ends after an unexpected error: with one sentence, and the traceback in a file."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from dai_scoring.cli import opening
from dai_scoring.cli.errors import InternalError, PrerequisiteError, ToolError
from dai_scoring.errors import ScoringError
from dai_scoring.messages import without_values
from dai_scoring.provision import cache


@dataclass(frozen=True)
class Program:
    """The command that runs: its name, the environment variable that prints tracebacks, and what may fill a disk."""

    name: str = "dai-score"
    debug: str = "DAI_SCORING_DEBUG"
    disks: str = "TMPDIR for the rest"


_program = Program()


def runs(program: Program) -> None:
    """Set which command this process runs, if it is not dai-score."""
    global _program
    _program = program


def as_tool_error(error: Exception) -> ToolError:
    """Any exception as one with an exit code."""
    if isinstance(error, ToolError):
        return error
    if isinstance(error, OSError):
        return of_system(error)
    if isinstance(error, ScoringError):
        return opening.as_tool_error(error)
    if isinstance(error, MemoryError):
        return PrerequisiteError("This machine does not have enough free memory for that.")
    return _unforeseen(error)


def of_system(error: OSError) -> ToolError:
    """The error for what the system refuses, such as a full disk."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PrerequisiteError(
            f"The disk is full{where}. Make room, or name a folder on a larger disk: {cache.variable()} for what is "
            f"downloaded and assembled, {_program.disks}. Then the same command again."
        )
    return ToolError(f"{error.strerror or type(error).__name__}{where}.")


def _unforeseen(error: Exception) -> InternalError:
    """The sentence for a fault of the command; the exception's message loses what it quotes, maybe a row's value."""
    says = without_values(str(error), ())
    what = f"{type(error).__name__}: {says}" if says else type(error).__name__
    if os.environ.get(_program.debug):
        traceback.print_exception(error)
    kept = _kept(error)
    where = f"Its traceback is in {kept}" if kept else f"{_program.debug}=1 prints its traceback"
    return InternalError(f"{_program.name} failed with an unexpected error ({what}). {where}: please report it.")


def _kept(error: BaseException) -> Path | None:
    """Write down where the error and its causes arose, but no messages, which may quote rows; None if that fails."""
    lines = [f"{_program.name} {' '.join(sys.argv[1:2])}\n"]
    one: BaseException | None = error
    while one is not None:
        lines += [f"{type(one).__module__}.{type(one).__qualname__}\n", *traceback.format_tb(one.__traceback__)]
        one = one.__cause__ or one.__context__
    file = cache.directory() / "last-error.log"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(lines), encoding="utf-8")
    except OSError:
        return None
    return file
