"""What a command ends with when NiFi refuses something; the rest is :mod:`dai_scoring.cli.error_boundary`'s."""

from __future__ import annotations

import urllib3
from nipyapi.nifi.rest import ApiException

from dai_nifi.client.connection import describe
from dai_nifi.errors import NiFiUnreachableError, NotPermittedError, ToolError
from dai_scoring.cli import error_boundary
from dai_scoring.cli.error_boundary import Program

DEBUG = "DAI_NIFI_DEBUG"
"""The environment variable that also prints the traceback."""

PROGRAM = Program("dai-nifi", DEBUG, "--dir for NiFi, TMPDIR for the rest")


def as_tool_error(error: Exception) -> ToolError:
    """Any exception as one of the tool's, with an exit code."""
    if isinstance(error, ApiException):
        kind = NotPermittedError if error.status in (401, 403) else ToolError
        return kind(f"NiFi refuses what was asked of it: {describe(error)}")
    if isinstance(error, urllib3.exceptions.HTTPError):
        return NiFiUnreachableError(f"NiFi stopped answering ({type(error).__name__}).")
    return error_boundary.as_tool_error(error)
