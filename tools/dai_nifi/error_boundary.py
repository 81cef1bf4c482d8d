"""Any exception as an error of the tool: those of calls to NiFi here, the others as the library's command does it."""

from __future__ import annotations

from dai_nifi.client import errors as client_errors
from dai_nifi.errors import ToolError
from dai_scoring.cli import error_boundary
from dai_scoring.cli.error_boundary import Program

DEBUG = "DAI_NIFI_DEBUG"
"""The environment variable that also prints the traceback."""

PROGRAM = Program("dai-nifi", DEBUG, "--dir for NiFi, TMPDIR for the rest")


def as_tool_error(error: Exception) -> ToolError:
    """Any exception as one of the tool's, with an exit code."""
    if isinstance(error, client_errors.FOREIGN):
        return client_errors.as_tool_error(error)
    return error_boundary.as_tool_error(error)
