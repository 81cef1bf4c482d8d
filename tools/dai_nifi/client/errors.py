"""What nipyapi and its HTTP library raise, as the tool's own errors: the one place where that is decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import nipyapi
import urllib3
from nipyapi.nifi.rest import ApiException

from dai_nifi.client import nifi_messages
from dai_nifi.errors import (
    ConflictError,
    NiFiUnreachableError,
    NodeAwayError,
    NotFoundError,
    NotPermittedError,
    ToolError,
)

FOREIGN = (ApiException, urllib3.exceptions.HTTPError, urllib3.exceptions.ProxySchemeUnsupported)
"""The exceptions that a call to NiFi may end with; all others are faults of this tool."""

_LONGEST = 1000


@contextmanager
def translated() -> Iterator[None]:
    """Raise the tool's errors for what a call to NiFi raises inside the block."""
    try:
        yield
    except FOREIGN as error:
        raise as_tool_error(error) from error
    except ValueError as error:
        # nipyapi's modules of longer operations make this of NiFi's refusals (nipyapi.utils.rest_exceptions).
        if not isinstance(error.__cause__, FOREIGN):
            raise
        raise as_tool_error(error.__cause__) from error


@contextmanager
def prefixed(what: str) -> Iterator[None]:
    """Put what could not be done in front of the message if NiFi refuses something inside the block."""
    try:
        yield
    except ToolError as error:
        if error.answer is None:
            raise
        raise type(error)(f"{what}: {error.answer}") from error


def as_tool_error(error: Exception) -> ToolError:
    """One of the FOREIGN exceptions as the tool's error, with NiFi's ``status`` and ``answer``."""
    if isinstance(error, ApiException):
        says = message_of(error)[:_LONGEST]
        made = _refused(int(error.status or 0), says)
        made.status = error.status
    else:
        says = f"NiFi stopped answering ({type(error).__name__})"
        made = NiFiUnreachableError(f"NiFi at {address()} does not answer: {_cause(error)}")
    made.answer = says
    return made


def address() -> str:
    """The address of NiFi's API, as nipyapi is set up."""
    return str(nipyapi.config.nifi_config.host)


def message_of(error: ApiException) -> str:
    """What NiFi answered, without the HTML or JSON around it."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or "")
    try:
        found = json.loads(body)
        body = found.get("message", body) if isinstance(found, dict) else body
    except ValueError:
        pass
    if body.lstrip().startswith("<"):  # a web server's page for people
        body = ""
    says = body.strip() or f"HTTP {error.status} {error.reason}"
    if error.status == 503:
        says += (
            ". NiFi gives a request up after nifi.web.request.timeout (60 s by default), and a cluster one from node "
            "to node after nifi.cluster.node.read.timeout (5 s), in conf/nifi.properties: a large file may need more"
        )
    return says


def _refused(status: int, says: str) -> ToolError:
    if status in (401, 403):
        return NotPermittedError(f"NiFi at {address()} does not let this user do it ({status}): {says}")
    if status == 404:
        return NotFoundError(f"NiFi does not find it: {says}")
    if status == 500 and (silent := nifi_messages.silent_node(says)) is not None:
        return NodeAwayError(
            f"A node of NiFi's cluster does not answer the others: {silent}. NiFi "
            "disconnects such a node within a minute, and then shows its flows again. For changes, start that node "
            "(dai-nifi nifi start, for a local cluster) or take it out of the cluster, and try again."
        )
    if status == 409 and nifi_messages.is_node_away(says):
        return NodeAwayError(
            f"NiFi accepts no changes to flows while a node of its cluster is away: {says} Start that node, or take it "
            "out of the cluster, and try again."
        )
    if status == 409 or (status == 400 and nifi_messages.is_old_revision(says)):
        return ConflictError(f"NiFi refuses for now: {says}")
    return ToolError(f"NiFi answered {status}: {says}")


def _cause(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    return str(inner if isinstance(inner, BaseException) else error)
