"""The processors of an archive that are on the canvas, when it is replaced: whether NiFi gets the new code to run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import nipyapi

from dai_nifi.errors import NotPermittedError
from dai_nifi.flows import lifecycle
from dai_nifi.flows.rest import of_all_nodes
from dai_nifi.progress import Progress

_LOADED_SECONDS = 120.0
# NiFi says what it said of the code before until it has looked at the new one.
_STEADY_SECONDS = 2.0
_POLL_SECONDS = 0.5


def of(kinds: Sequence[str], version: str) -> list[Any]:
    """The processors of these kinds and that version, in all groups; none where this user may not see them."""
    try:
        found = of_all_nodes(nipyapi.canvas.list_all_processors)
    except NotPermittedError:
        return []
    return [one for one in found if one.component.type in kinds and one.component.bundle.version == version]


def are_loaded(kinds: Sequence[str], version: str, progress: Progress) -> bool:
    """Wait until they have the code; False where NiFi has lost the process of one, as it does not notice itself."""
    end = time.monotonic() + _LOADED_SECONDS
    since = time.monotonic()
    while time.monotonic() < end:
        found = [one.component for one in of(kinds, version)]
        told = [error for one in found for error in one.validation_errors or []]
        if any(lifecycle.LOST in error for error in told):
            return False
        if any(map(lifecycle.is_not_ready, told)) or any(one.validation_status == "VALIDATING" for one in found):
            since = time.monotonic()
        elif time.monotonic() > since + _STEADY_SECONDS:
            return True
        progress("waiting until processors have loaded the code", None)
        time.sleep(_POLL_SECONDS)
    return False


def start_again(before: Sequence[Any], kinds: Sequence[str], version: str) -> None:
    """Start those that were running ``before`` and are stopped now."""
    ran = {one.id for one in before if one.component.state == "RUNNING"}
    for one in of(kinds, version):
        if one.id in ran and one.component.state == "STOPPED" and one.component.validation_status == "VALID":
            lifecycle.schedule(one.component.parent_group_id, [one], "RUNNING")
