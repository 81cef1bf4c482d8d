"""Any exception as an error of the tool; for an unexpected one, a sentence, and its traceback in a file."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path

from dai_nifi import scoring
from dai_nifi.client import errors as client_errors
from dai_nifi.errors import InternalError, PrerequisiteError, ToolError
from dai_scoring.errors import ScoringError
from dai_scoring.messages import without_values
from dai_scoring.provision import cache

DEBUG = "DAI_NIFI_DEBUG"
"""The environment variable that also prints the traceback."""


def as_tool_error(error: Exception) -> ToolError:
    """Any exception as one of the tool's, with an exit code."""
    if isinstance(error, ToolError):
        return error
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, client_errors.FOREIGN):
        return client_errors.as_tool_error(error)
    if isinstance(error, ScoringError):
        return scoring.as_tool_error(error)
    if isinstance(error, MemoryError):
        return PrerequisiteError("This machine does not have enough free memory for that.")
    return _unforeseen(error)


def _of_system(error: OSError) -> ToolError:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PrerequisiteError(
            f"The disk is full{where}. Make room, or name a folder on a larger disk: DAI_NIFI_CACHE for what is "
            "downloaded and assembled, --dir for NiFi, TMPDIR for the rest. Then the same command again."
        )
    return ToolError(f"{error.strerror or type(error).__name__}{where}.")


def _unforeseen(error: Exception) -> InternalError:
    """The sentence for a fault of this tool, without what the exception quotes, which may be a value of a row."""
    says = without_values(str(error), ())
    what = f"{type(error).__name__}: {says}" if says else type(error).__name__
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    kept = _kept(error)
    where = f"Its traceback is in {kept}" if kept else f"{DEBUG}=1 prints its traceback"
    return InternalError(f"dai-nifi has a fault of its own here ({what}). {where}: please report it.")


def _kept(error: BaseException) -> Path | None:
    """Write the tracebacks of the error and its causes to a file, without messages, which may quote rows.

    Returns None if the file cannot be written.
    """
    lines = [f"dai-nifi {' '.join(sys.argv[1:2])}\n"]
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
