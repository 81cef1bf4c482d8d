"""The processors of an archive that are on the canvas, when it is replaced: whether NiFi gets the new code to run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import nipyapi

from dai_nifi.client.calls import of_all_nodes
from dai_nifi.errors import NotPermittedError, ToolError
from dai_nifi.operations import lifecycle
from dai_scoring.progress import Progress

_LOADED_SECONDS = 120.0
# NiFi says what it said of the code before until it has looked at the new one.
_STEADY_SECONDS = 2.0
_RUNNING_SECONDS = 60.0
_POLL_SECONDS = 0.5
# NiFi calls a processor stopped while its Python gets ready, and says here that it is to run.
_TO_RUN = ("STARTING", "RUNNING")


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


def start_again(before: Sequence[Any], kinds: Sequence[str], version: str, progress: Progress) -> None:
    """Start those that ran ``before``, or were about to, and wait until they run.

    NiFi 2.8 and later forget that a processor was starting when its archive is replaced, as after a restart of NiFi;
    and a start that is asked for too early is lost. So it is asked for again.

    Raises:
        ToolError: some do not run; says which and why.

    """
    ran = {one.id for one in before if one.component.state == "RUNNING" or one.component.physical_state in _TO_RUN}
    end = time.monotonic() + _RUNNING_SECONDS
    while True:
        left = [one for one in of(kinds, version) if one.id in ran and one.component.state != "RUNNING"]
        if not left:
            return
        if time.monotonic() > end:
            raise ToolError(_not_running(left))
        for one in left:
            if one.component.state == "STOPPED" and one.component.validation_status == "VALID":
                lifecycle.schedule(one.component.parent_group_id, [one], "RUNNING")
        progress("waiting until processors run again", None)
        time.sleep(_POLL_SECONDS)


def _not_running(left: Sequence[Any]) -> str:
    words = "\n  ".join(
        f"{one.component.name} ({one.id}): {' '.join(one.component.validation_errors or []) or one.component.state}"
        for one in left
    )
    return (
        f"The archive is installed, but processors that ran before do not run now:\n  {words}\n"
        "Put right what is said there and start them on the canvas, or with dai-nifi start NAME."
    )
