"""The processors on the canvas whose archive is replaced: waited for, and started again if they ran."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from dai_nifi.client import api
from dai_nifi.client.nifi_messages import is_lost
from dai_nifi.errors import NotPermittedError, ToolError
from dai_nifi.operations.canvas import scheduling, validity
from dai_nifi.waiting import wait_until
from dai_scoring.progress import Progress

_LOADED_SECONDS = 120.0
# NiFi shows the messages of the old code until it has checked the new code.
_STEADY_SECONDS = 2.0
_RUNNING_SECONDS = 60.0
_PAUSE = 0.5
# NiFi calls a processor stopped while its Python gets ready, and says here that it is to run.
_TO_RUN = ("STARTING", "RUNNING")


def of(kinds: Sequence[str], version: str) -> list[Any]:
    """The processors of these types and that version, in all groups; none if this user may not see them."""
    try:
        found = api.retried(api.canvas.list_all_processors)
    except NotPermittedError:
        return []
    return [one for one in found if one.component.type in kinds and one.component.bundle.version == version]


def are_loaded(kinds: Sequence[str], version: str, progress: Progress) -> bool:
    """Wait until they have the new code; False if NiFi has lost the process of one, which it does not notice itself."""
    since = time.monotonic()

    def outcome() -> str | None:
        nonlocal since
        found = [one.component for one in of(kinds, version)]
        errors = [error for one in found for error in one.validation_errors or []]
        if any(map(is_lost, errors)):
            return "lost"
        if any(map(validity.is_not_ready, errors)) or any(one.validation_status == "VALIDATING" for one in found):
            since = time.monotonic()
        return "loaded" if time.monotonic() > since + _STEADY_SECONDS else None

    what = "waiting until processors have loaded the code"
    return wait_until(outcome, _LOADED_SECONDS, what=what, progress=progress, pause=_PAUSE) == "loaded"


def restart(before: Sequence[Any], kinds: Sequence[str], version: str, progress: Progress) -> None:
    """Start those that ran ``before``, or were about to, and wait until they run.

    NiFi 2.8 and later forget that a processor was starting when its archive is replaced, as after a restart of NiFi;
    and a start that is asked for too early is lost. So it is asked for again.

    Raises:
        ToolError: some do not run; says which and why.

    """
    ran = {one.id for one in before if one.component.state == "RUNNING" or one.component.physical_state in _TO_RUN}

    def stopped() -> list[Any]:
        return [one for one in of(kinds, version) if one.id in ran and one.component.state != "RUNNING"]

    def all_run() -> bool:
        left = stopped()
        for one in left:
            if one.component.state == "STOPPED" and one.component.validation_status == "VALID":
                scheduling.schedule(one.component.parent_group_id, [one], "RUNNING")
        return not left

    what = "waiting until processors run again"
    wait_until(all_run, _RUNNING_SECONDS, lambda: _not_running(stopped()), what=what, progress=progress, pause=_PAUSE)


def _not_running(left: Sequence[Any]) -> ToolError:
    lines = "\n  ".join(
        f"{one.component.name} ({one.id}): {' '.join(one.component.validation_errors or []) or one.component.state}"
        for one in left
    )
    return ToolError(
        f"The archive is installed, but processors that ran before do not run now:\n  {lines}\n"
        "Fix the problem and start them on the canvas, or with dai-nifi start NAME."
    )
