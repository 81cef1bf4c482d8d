"""Messages of NiFi that the tool has to recognise, since NiFi's API has no field with the same information.

If a version of NiFi changes a message, only this module has to change.
"""

from __future__ import annotations

import re

# Validation errors of a Python processor until its process has started.
_INITIALIZING = "Initializing runtime environment"
_LOADING = "In the process of loading Processor code"
_LOST = "Failed to parse or load Processor code"
# Validation error of one whose process has ended, until NiFi has started the next one. Py4JException, without Network,
# is something else: an error of the processor's own code.
_NO_PROCESS = "Py4JNetworkException"
_BRIDGE = "Py4J"

# HandleHttpRequest, whose state is RUNNING although its server may not be up.
_LISTENS = "Started Connector"
_DOES_NOT_LISTEN = "Failed to initialize the server"
_ADDRESS_IN_USE = ("Address already in use", "BindException", "Failed to bind")

_OLD_REVISION = "is not the most up-to-date revision"

# From NiFi's replication of requests, while a node of the cluster is disconnected or has just disconnected.
_NODE_SILENT = "WebClientServiceException: Request execution failed"
_NODE_AWAY = re.compile(
    r"disconnected from the cluster|not connected|is (still )?(dis)?connecting|node.* disconnected", re.IGNORECASE
)

# Validation errors of a property that names a folder.
_NO_FOLDER = re.compile(r"Directory.*does not exist")
_NOT_THERE = "does not exist"

# The component's name in front of its message; the bulletin has it in another field.
_SOURCE = re.compile(r"^\w+\[[^\]]*\]\s*")


def is_loading(error: str) -> bool:
    """Whether a validation error only says that a Python processor has no process yet."""
    return any(text in error for text in (_INITIALIZING, _LOADING, _NO_PROCESS))


def is_lost(error: str) -> bool:
    """Whether the process of a Python processor has ended, or cannot load it; NiFi keeps trying."""
    return _LOST in error


def is_bridge_failure(message: str) -> bool:
    """Whether NiFi gave an archive the process of another archive, while it ended that process (NiFi 2.3)."""
    return _BRIDGE in message


def listens(message: str) -> bool | None:
    """Whether the server of HandleHttpRequest is up; None if the message is about something else."""
    return True if _LISTENS in message else False if _DOES_NOT_LISTEN in message else None


def is_old_revision(message: str) -> bool:
    """Whether somebody else has changed the component since it was read."""
    return _OLD_REVISION in message


def silent_node(message: str) -> str | None:
    """What NiFi reports about a node that does not answer the others; None if the message is about something else."""
    _, found, says = message.partition(_NODE_SILENT)
    return says.strip() if found else None


def is_node_away(message: str) -> bool:
    """Whether NiFi accepts no changes because a node of its cluster is disconnected."""
    return _NODE_AWAY.search(message) is not None


def is_folder_missing(error: str) -> bool:
    """Whether a property names a folder that does not exist."""
    return _NO_FOLDER.search(error) is not None


def is_path_missing(error: str) -> bool:
    """Whether something does not exist, in a message that is about a folder."""
    return _NOT_THERE in error


def is_address_in_use(message: str) -> bool:
    """Whether a server could not start because another program uses its address."""
    return any(text in message for text in _ADDRESS_IN_USE)


def without_source(message: str) -> str:
    """A bulletin's message without the name of the component in front of it."""
    return _SOURCE.sub("", message)


def root_cause(message: str) -> str:
    """The last cause in a message with Java's exceptions; all of it if it names none."""
    return message.rpartition("Caused by: ")[2].strip() or message
