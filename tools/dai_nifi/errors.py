"""The errors of the tool; each class has the exit code that the command ends with.

===== ===================== ========================================================================================
 code  class                 when
===== ===================== ========================================================================================
   1   ToolError             an error without another code
   2   UsageError            a wrong option or argument (also typer's own)
   3   PrerequisiteError     something this machine lacks: a JDK, Maven, a port, disk
   4   NiFiUnreachableError  no NiFi answers at the URL, it refuses the connection, or the profile does not work
   5   NotFoundError         the named flow, NAR, model or file does not exist, or NiFi lacks components of the flow
   6   InvalidFlowError      a component is not valid, or did not start in time
   7   ModelRefusedError     the model cannot be loaded or is not what the flow needs
   8   ConflictError         the name or port is taken, FlowFiles are queued, or NiFi refuses at the moment
   9   ScoringFailedError    the input could not be scored
  10   NotPermittedError     NiFi knows the user, but does not permit the action
  11   BusyError             another command is changing the same flow
  12   NodeAwayError         a node of the cluster is away, so NiFi accepts no changes
  13   NotRestoredError      a swap failed, and the old model could not be put back
  14   RejectedRowsError     rows were rejected, and --fail-on-rejects was given
  15   InternalError         an error in dai-nifi itself
 130   CancelledError        ctrl-C; after SIGTERM the command ends with 143
===== ===================== ========================================================================================
"""

from __future__ import annotations

from dai_scoring.cli.errors import (
    CancelledError,
    InternalError,
    ModelRefusedError,
    NotFoundError,
    PrerequisiteError,
    RejectedRowsError,
    ScoringFailedError,
    ToolError,
    UsageError,
)

__all__ = [
    "BusyError",
    "CancelledError",
    "ConflictError",
    "InternalError",
    "InvalidFlowError",
    "ModelRefusedError",
    "NiFiUnreachableError",
    "NodeAwayError",
    "NotFoundError",
    "NotPermittedError",
    "NotRestoredError",
    "PrerequisiteError",
    "RejectedRowsError",
    "ScoringFailedError",
    "ToolError",
    "UsageError",
]


class NiFiUnreachableError(ToolError):
    """No NiFi answers at the URL, or it refuses the connection."""

    exit_code = 4
    code = "nifi_unreachable"


class InvalidFlowError(ToolError):
    """A component is not valid, or did not start in time."""

    exit_code = 6
    code = "invalid_flow"


class ConflictError(ToolError):
    """The name or the port is taken by something else."""

    exit_code = 8
    code = "conflict"


class NotPermittedError(ToolError):
    """NiFi knows the user, but does not permit the action."""

    exit_code = 10
    code = "not_permitted"


class BusyError(ToolError):
    """Another command is changing the same flow."""

    exit_code = 11
    code = "busy"


class NodeAwayError(ToolError):
    """A node of the cluster is away, so NiFi accepts no changes."""

    exit_code = 12
    code = "node_away"


class NotRestoredError(ToolError):
    """A swap failed, and putting the old model back failed too: the flow may be stopped."""

    exit_code = 13
    code = "not_restored"
