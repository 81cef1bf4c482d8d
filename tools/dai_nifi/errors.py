"""The errors of the tool; each class carries the exit code that the command ends with.

===== ===================== ========================================================================================
 code  class                 when
===== ===================== ========================================================================================
   1   ToolError             anything without a code of its own
   2   UsageError            a wrong option or argument (also typer's own)
   3   PrerequisiteError     something this machine lacks: a JDK, Maven, a port, disk
   4   NiFiUnreachableError  no NiFi answers at the URL, it refuses the connection, or the profile does not work
   5   NotFoundError         the named flow, NAR, model or file does not exist, or NiFi lacks what the flow is made of
   6   InvalidFlowError      a component is not valid, or did not start in time
   7   ModelRefusedError     the model cannot be loaded or is not what the flow needs
   8   ConflictError         the name or port is taken, FlowFiles are queued in what goes, or NiFi refuses for now
   9   ScoringFailedError    the input could not be scored
  10   NotPermittedError     NiFi knows who asks, and does not let them do it
  11   BusyError             another command is changing the same flow
  12   NodeAwayError         a node of the cluster is away, so NiFi takes no changes
  13   NotRestoredError      a swap failed, and the old model could not be put back
  14   RejectedRowsError     rows were rejected, and --fail-on-rejects was given
  15   InternalError         dai-nifi has a fault of its own
 130   CancelledError        ctrl-C; of SIGTERM the command ends with 143
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
    """What was done all the same, as plain values: printed beside the error with --json."""

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


class NiFiUnreachableError(ToolError):
    """No NiFi answers at the URL, or it refuses the connection."""

    exit_code = 4
    code = "nifi_unreachable"


class NotFoundError(ToolError):
    """The named thing does not exist."""

    exit_code = 5
    code = "not_found"


class InvalidFlowError(ToolError):
    """A component is not valid, or did not start in time."""

    exit_code = 6
    code = "invalid_flow"


class ModelRefusedError(ToolError):
    """The model cannot be loaded, or is not what the flow needs."""

    exit_code = 7
    code = "model_refused"


class ConflictError(ToolError):
    """The name or the port is taken by something else."""

    exit_code = 8
    code = "conflict"


class ScoringFailedError(ToolError):
    """The input could not be scored."""

    exit_code = 9
    code = "scoring_failed"


class NotPermittedError(ToolError):
    """NiFi knows who asks, and does not let them do it."""

    exit_code = 10
    code = "not_permitted"


class BusyError(ToolError):
    """Another command is changing the same flow."""

    exit_code = 11
    code = "busy"


class NodeAwayError(ToolError):
    """A node of the cluster is away, so NiFi takes no changes."""

    exit_code = 12
    code = "node_away"


class NotRestoredError(ToolError):
    """A swap failed, and so did the way back: the flow may stand still."""

    exit_code = 13
    code = "not_restored"


class RejectedRowsError(ToolError):
    """Rows were rejected, and the caller said that this is a failure; everything was written."""

    exit_code = 14
    code = "rejected_rows"


class InternalError(ToolError):
    """An exception that nobody foresaw: a fault of this tool."""

    exit_code = 15
    code = "internal"


class CancelledError(ToolError):
    """Somebody pressed ctrl-C, or ended the command (SIGTERM)."""

    exit_code = 130
    code = "cancelled"
