"""The errors of commands; each class carries the exit code that the command ends with.

===== ===================== ========================================================================================
 code  class                 when
===== ===================== ========================================================================================
   1   ToolError             an error without another code
   2   UsageError            a wrong option or argument (also typer's own)
   3   PrerequisiteError     something this machine lacks: Java, Maven, a package, a port, disk
   5   NotFoundError         the named model or file does not exist
   7   ModelRefusedError     the model cannot be loaded
   9   ScoringFailedError    the input could not be scored
  14   RejectedRowsError     rows were rejected, and --fail-on-rejects was given
  15   InternalError         an error in the command itself
 130   CancelledError        ctrl-C; after SIGTERM the command ends with 143
===== ===================== ========================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class ToolError(Exception):
    """A failure that the user can do something about; the message says what."""

    exit_code = 1
    code = "error"

    where: Mapping[str, Any] = {}
    """The row, from 1, and the column of the records that are at fault, if they are known."""

    details: Mapping[str, Any] | None = None
    """What was done although the command failed, as values for JSON: printed with the error by --json."""

    status: int | None = None
    answer: str | None = None
    """What a server answered, if the error is about that: the HTTP status and its message."""

    def as_json(self) -> str:
        """What the command prints of it with --json."""
        return json.dumps(
            {"error": {"code": self.code, "message": str(self), **self.where}, **(self.details or {})},
            indent=2,
            default=str,
        )


class UsageError(ToolError):
    """A wrong option or argument."""

    exit_code = 2
    code = "usage"


class PrerequisiteError(ToolError):
    """Something that this machine lacks."""

    exit_code = 3
    code = "prerequisite"


class MissingExtraError(PrerequisiteError, ImportError):
    """A Python package is not installed; the message says which extra brings it."""


class NotFoundError(ToolError):
    """The named thing does not exist."""

    exit_code = 5
    code = "not_found"


class ModelRefusedError(ToolError):
    """The model cannot be loaded, or is not what is needed."""

    exit_code = 7
    code = "model_refused"


class ScoringFailedError(ToolError):
    """The input could not be scored."""

    exit_code = 9
    code = "scoring_failed"


class RejectedRowsError(ToolError):
    """Rows were rejected, and the caller said that this is a failure; everything was written."""

    exit_code = 14
    code = "rejected_rows"


class InternalError(ToolError):
    """An exception that nobody foresaw: a fault of the command."""

    exit_code = 15
    code = "internal"


class CancelledError(ToolError):
    """Somebody pressed ctrl-C, or ended the command (SIGTERM)."""

    exit_code = 130
    code = "cancelled"
