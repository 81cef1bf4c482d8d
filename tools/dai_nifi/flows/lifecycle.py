"""Starting and stopping a deployed flow, and waiting until it is what it should be."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import nipyapi

from dai_nifi.errors import ConflictError, InvalidFlowError, ToolError
from dai_nifi.flows import claims, deployed, serving
from dai_nifi.flows.deployed import Deployed
from dai_nifi.flows.rest import DEFAULT_TIMEOUT, PAUSE, nifi_calls, until_accepted, wait_for
from dai_nifi.progress import Progress, silent
from dai_scoring.worker.environment import BEING_MADE

# NiFi validates again in the background, some seconds apart; an error that outlives this is meant.
_SETTLED = 8.0
# A server either listens at once or says why not.
_LISTENING = 15.0

# What NiFi says of a Python processor until its process has started; and what ours says of Java when its process is to
# end and start anew (processors/dai_scoring_nifi/java_process.py), which NiFi shows until that has started.
_NOT_READY = (
    "Initializing runtime environment",
    "In the process of loading Processor code",
    "It is being started anew with the change",
)
LOST = "Failed to parse or load Processor code"
"""What NiFi says of a Python processor whose process has ended, or cannot load it; it goes on trying."""

_NO_FOLDER = re.compile(r"Directory.*does not exist")

# How a component names itself before what it has to say; the bulletin says already whose it is.
_SELF = re.compile(r"^\w+\[[^\]]*\]\s*")


@dataclass(frozen=True)
class Change:
    """What start or stop did; ``changed`` is false if the flow was so already."""

    name: str
    id: str
    state: str
    changed: bool


@dataclass(frozen=True)
class Bulletin:
    """Something that a component told."""

    id: int
    time: str
    level: str
    source: str
    message: str


def start(name: str, timeout: float = DEFAULT_TIMEOUT, progress: Progress = silent) -> Change:
    """Start a deployed flow once everything in it is valid.

    Raises:
        NotFoundError: no such flow.
        InvalidFlowError: a component is not valid, or does not start; says which and why.
        ConflictError: the port that the flow should listen at is taken.
        BusyError: another command is changing the flow.

    """
    flow = deployed.find(name)
    with claims.claimed(name, "start", progress) as claim, claim.changing():
        changed = start_group(flow, timeout, progress)
    return Change(name, flow.id, "RUNNING", changed)


def stop(name: str, timeout: float = DEFAULT_TIMEOUT, progress: Progress = silent) -> Change:
    """Stop a deployed flow; FlowFiles stay in its queues."""
    flow = deployed.find(name)
    with claims.claimed(name, "stop", progress) as claim, claim.changing():
        progress(f"stopping {name}", None)
        changed = stop_group(flow.id, timeout)
    return Change(name, flow.id, "STOPPED", changed)


def start_group(flow: Deployed, timeout: float, progress: Progress) -> bool:
    """Start what does not run, the entrances last; False if everything ran already."""
    stopped = [one for one in deployed.processors(flow.id) if one.component.state != "RUNNING"]
    if not stopped:
        return False
    wait_until_valid(flow, timeout, progress)
    progress(f"starting {flow.name}", None)
    before = last_bulletin()
    entrances = [one for one in stopped if one.component.input_requirement == "INPUT_FORBIDDEN"]
    # A model may take its time to load: nothing is let in before.
    schedule(flow.id, [one for one in stopped if one not in entrances], "RUNNING")
    wait_for_state(flow.id, {one.id for one in stopped} - {one.id for one in entrances}, "RUNNING", timeout)
    schedule(flow.id, entrances, "RUNNING")
    wait_for_state(flow.id, {one.id for one in entrances}, "RUNNING", timeout)
    for one in entrances:
        if one.component.name == serving.RECEIVER:
            _wait_until_listening(flow, one.id, before)
    return True


def running(group_id: str) -> frozenset[str]:
    """The ids of the processors that run."""
    return frozenset(one.id for one in deployed.processors(group_id) if one.component.state == "RUNNING")


def start_again(flow: Deployed, ids: Collection[str], timeout: float, progress: Progress) -> None:
    """Start those processors of a flow that ran before, once they are valid."""
    progress(f"starting {flow.name}", None)
    set_services(flow.id, "ENABLED", timeout)
    wanted = set(ids) & {one.id for one in deployed.processors(flow.id)}

    def valid() -> bool | None:
        now = [one for one in deployed.processors(flow.id) if one.id in wanted]
        return None if any(one.component.validation_status == "VALIDATING" for one in now) or problems(now) else True

    wait_for(valid, timeout, lambda: _invalid(flow, problems(deployed.processors(flow.id))))
    schedule(flow.id, [one for one in deployed.processors(flow.id) if one.id in wanted], "RUNNING")
    wait_for_state(flow.id, wanted, "RUNNING", timeout)


def try_listening(flow: Deployed, name: str, timeout: float) -> None:
    """Let the processor of that name, which listens, run for a moment; raises ConflictError if it cannot."""
    found = [one for one in deployed.processors(flow.id) if one.component.name == name]
    before = last_bulletin()
    schedule(flow.id, found, "RUNNING")
    try:
        for one in found:
            _wait_until_listening(flow, one.id, before)
    finally:
        stop_group(flow.id, timeout)


def stop_group(group_id: str, timeout: float) -> bool:
    """Stop every processor and wait until none works any more; False if nothing ran."""
    running = [one for one in deployed.processors(group_id) if one.component.state == "RUNNING"]
    body = nipyapi.nifi.ScheduleComponentsEntity(id=group_id, state="STOPPED")
    until_accepted(lambda: nipyapi.nifi.FlowApi().schedule_components(body, group_id))

    def quiet() -> bool | None:
        busy = [
            one
            for one in deployed.processors(group_id)
            if one.component.state == "RUNNING" or one.status.aggregate_snapshot.active_thread_count
        ]
        return None if busy else True

    wait_for(quiet, timeout, lambda: InvalidFlowError(f"The flow did not stop within {timeout:g} s."))
    return bool(running)


def stop_entrances(flow: Deployed, timeout: float) -> None:
    """Let nothing more in; what is inside goes on."""
    entrances = [one for one in deployed.processors(flow.id) if one.component.input_requirement == "INPUT_FORBIDDEN"]
    running = [one for one in entrances if one.component.state == "RUNNING"]
    schedule(flow.id, running, "STOPPED")
    wait_for_state(flow.id, {one.id for one in running}, "STOPPED", timeout)


def set_services(group_id: str, state: str, timeout: float) -> None:
    """Enable or disable (ENABLED, DISABLED) the controller services of a group."""
    if not deployed.services(group_id):
        return
    body = nipyapi.nifi.ActivateControllerServicesEntity(id=group_id, state=state)
    until_accepted(lambda: nipyapi.nifi.FlowApi().activate_controller_services(body, group_id))

    def done() -> bool | None:
        return True if all(one.component.state == state for one in deployed.services(group_id)) else None

    def late() -> ToolError:
        left = [
            f"{one.component.name}: {one.component.state}; {' '.join(one.component.validation_errors or [])}"
            for one in deployed.services(group_id)
            if one.component.state != state
        ]
        return InvalidFlowError(f"Controller services are not {state} after {timeout:g} s: {'; '.join(left)}")

    wait_for(done, timeout, late)


def wait_until_valid(flow: Deployed, timeout: float, progress: Progress) -> None:
    """Enable the services and wait until every processor is valid; raises InvalidFlowError saying which is not."""
    progress(f"enabling the services of {flow.name}", None)
    set_services(flow.id, "ENABLED", timeout)
    progress(f"waiting until every component of {flow.name} is valid", None)
    since: dict[str, float] = {}
    being_made: list[str] = []

    def valid() -> bool | None:
        found = deployed.processors(flow.id)
        told = problems(found)
        being_made[:] = [one for one in told if BEING_MADE in one]
        for one in being_made:
            progress(f"making the Python environment: {one.partition('Now: ')[2][:90]}", None)
        bad = {one: one for one in told if BEING_MADE not in one}
        for text in list(since):
            if text not in bad:
                del since[text]
        now = time.monotonic()
        for text in bad:
            since.setdefault(text, now)
        if any(now - first > _SETTLED for first in since.values()):
            raise _invalid(flow, list(bad))
        return True if all(one.component.validation_status == "VALID" for one in found) else None

    def late() -> ToolError:
        waiting = [
            f"{one.name}: {' '.join(one.validation_errors or []) or one.validation_status}"
            for one in (entity.component for entity in deployed.processors(flow.id))
            if one.validation_status != "VALID"
        ]
        return _invalid(flow, waiting, f" after {timeout:g} s")

    wait_for(valid, timeout, late, lambda: bool(being_made))


def bulletins(group_id: str | None = None, source_id: str | None = None, after: int | None = None) -> list[Bulletin]:
    """What components told lately (NiFi keeps it for five minutes), the oldest first."""
    with nifi_calls():
        filters = {"group_id": group_id, "source_id": source_id, "after": after}
        given = {name: str(value) for name, value in filters.items() if value is not None}
        board = nipyapi.nifi.FlowApi().get_bulletin_board(**given).bulletin_board
    told = [one.bulletin for one in board.bulletins or [] if one.bulletin is not None]
    return sorted(
        (Bulletin(int(b.id), b.timestamp, b.level, b.source_name, _SELF.sub("", b.message or "")) for b in told),
        key=lambda one: one.id,
    )


def is_not_ready(error: str) -> bool:
    """Whether that is said of a Python processor whose process, or the next one, has not started yet."""
    return any(words in error for words in _NOT_READY)


def problems(found: Sequence[Any]) -> list[str]:
    """What is wrong by NiFi's word, without what is only not ready yet."""
    return [
        f"{one.component.name}: {error}"
        for one in found
        if one.component.validation_status == "INVALID"
        for error in one.component.validation_errors or []
        if not is_not_ready(error)
    ]


def _invalid(flow: Deployed, found: Sequence[str], when: str = "") -> InvalidFlowError:
    lines = "\n  ".join(found)
    # NiFi 2.3 can lose a processor's process when an archive is replaced, and waits for it until it is started again.
    lost = any(is_not_ready(line) or LOST in line for line in found)
    advice = "Fix that"
    if lost:
        advice = "Restart NiFi, which did not get the processor's Python to run (of make demo: make stop),"
    elif any(_NO_FOLDER.search(line) for line in found):
        advice = "Make the folder on the machine that runs NiFi, for NiFi's user to read and write,"
    return InvalidFlowError(
        f"The flow {flow.name} is not valid{when}:\n  {lines}\n{advice} and deploy again under the same name."
    )


def schedule(group_id: str, components: Sequence[Any], state: str) -> None:
    """Start or stop (RUNNING, STOPPED) some of a group's processors, without waiting."""
    if not components:
        return
    revisions = [{one.id: one.revision for one in components}]

    def call() -> None:
        # Those at hand are good the first time, and save a question while requests wait.
        known = revisions.pop() if revisions else _revisions(group_id, {one.id for one in components})
        body = nipyapi.nifi.ScheduleComponentsEntity(id=group_id, state=state, components=known)
        nipyapi.nifi.FlowApi().schedule_components(body, group_id)

    until_accepted(call)


def _revisions(group_id: str, ids: set[str]) -> dict[str, Any]:
    return {one.id: one.revision for one in deployed.processors(group_id) if one.id in ids}


def wait_for_state(group_id: str, ids: set[str], state: str, timeout: float, pause: float = PAUSE) -> None:
    """Wait until these processors are RUNNING, or STOPPED; raises InvalidFlowError saying what they told instead."""

    def reached() -> bool | None:
        others = [one for one in deployed.processors(group_id) if one.id in ids and one.component.state != state]
        return None if others else True

    def late() -> ToolError:
        others = [one for one in deployed.processors(group_id) if one.id in ids and one.component.state != state]
        names = ", ".join(one.component.name for one in others)
        told = [f"{one.source}: {one.message}" for one in bulletins(group_id) if one.level == "ERROR"]
        return InvalidFlowError(f"Not {state.lower()} after {timeout:g} s: {names}.\n  " + "\n  ".join(told[-3:]))

    wait_for(reached, timeout, late, pause=pause)


def last_bulletin() -> int:
    """The number of the latest that any component told, -1 if there is none."""
    return max((one.id for one in bulletins()), default=-1)


def _wait_until_listening(flow: Deployed, source_id: str, before: int) -> None:
    """Wait for the word of HandleHttpRequest, which NiFi calls running although its server may not be up."""

    def told() -> Callable[[], None] | None:
        for one in bulletins(source_id=source_id, after=before):
            if "Started Connector" in one.message:
                return lambda: None
            if "Failed to initialize the server" in one.message:
                return lambda: _refuse(one.message)
        return None

    def _refuse(message: str) -> None:
        stop_group(flow.id, _LISTENING)
        if "Address already in use" in message or "BindException" in message or "Failed to bind" in message:
            raise ConflictError(
                f"The flow {flow.name} cannot listen: something else has its address ({_cause(message)}). Deploy again "
                "under the same name with another --param http.port=PORT."
            )
        raise InvalidFlowError(f"The flow {flow.name} cannot listen: {message}")

    wait_for(
        told,
        _LISTENING,
        lambda: InvalidFlowError(
            f"The flow {flow.name} was started but does not say that it listens; see its bulletins."
        ),
    )()


def _cause(message: str) -> str:
    return message.rpartition("Caused by: ")[2].strip() or message
