"""Messages of NiFi that the tool has to recognise, since NiFi's API has no field that says the same.

If a version of NiFi words one differently, this is the only place to change.
"""

from __future__ import annotations

import re

# Validation errors of a Python processor until its process has started.
INITIALIZING = "Initializing runtime environment"
LOADING = "In the process of loading Processor code"
LOST = "Failed to parse or load Processor code"
"""Of a Python processor whose process has ended, or cannot load it; NiFi keeps trying."""
BRIDGE = "Py4J"
"""In the failure of an archive that NiFi gave the process of another one, while it ended that (NiFi 2.3)."""

# HandleHttpRequest, whose state is RUNNING although its server may not be up.
LISTENS = "Started Connector"
DOES_NOT_LISTEN = "Failed to initialize the server"
_ADDRESS_IN_USE = ("Address already in use", "BindException", "Failed to bind")

OLD_REVISION = "is not the most up-to-date revision"

# The replicator of requests, while a node of the cluster is away or has just gone.
NODE_SILENT = "WebClientServiceException: Request execution failed"
NODE_AWAY = r"disconnected from the cluster|not connected|is (still )?(dis)?connecting|node.* disconnected"

# How a component names itself in front of its message; the bulletin says already whose it is.
_SOURCE = re.compile(r"^\w+\[[^\]]*\]\s*")


def is_loading(error: str) -> bool:
    """Whether a validation error says that a Python processor is not ready yet, rather than wrong."""
    return INITIALIZING in error or LOADING in error


def is_address_in_use(message: str) -> bool:
    """Whether a server could not start since another program has its address."""
    return any(words in message for words in _ADDRESS_IN_USE)


def without_source(message: str) -> str:
    """A bulletin's message without the name of the component in front of it."""
    return _SOURCE.sub("", message)


def root_cause(message: str) -> str:
    """The last cause in a message with Java's exceptions; all of it if it names none."""
    return message.rpartition("Caused by: ")[2].strip() or message
