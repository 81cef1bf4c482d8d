"""One change of a deployed flow at a time, whoever makes it from wherever; and what is left of one that was cut off.

While a command changes a flow, a parameter context named for that is in NiFi: NiFi gives a name once, so of two
commands one gets it. It says whose it is, and while its command lives it says so again every few seconds, by NiFi's
clock. It also keeps what the command has stopped: of one that was killed, the next command knows how to go on.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import nipyapi

from dai_nifi.errors import BusyError, NodeAwayError, NotPermittedError, ToolError
from dai_nifi.flows.rest import Found, if_permitted, nifi_calls
from dai_nifi.nifi import processes
from dai_nifi.progress import Progress

_SUFFIX = " (change under way)"
_PREFIX = "dai "
_MARK = re.compile(r"^\[dai-nifi change (\{.*\})\]$", re.MULTILINE)

_BEAT_SECONDS = 8.0
TRIAL = "deploy --dry-run"
"""The verb of a trial that deploy places aside."""

SILENT_SECONDS = 40.0
"""A command of another machine that has not been heard of for so long is taken to be dead."""

_PID_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class UnderWay:
    """A change of a flow that a command is at, or was at when it was cut off."""

    name: str
    """The flow's."""
    verb: str
    who: str
    since: str
    """By NiFi's clock, in ISO form."""
    cut_off: bool
    """Whether nobody is at it any more."""
    stopped: tuple[str, ...] = ()
    """The ids of processors that it stops for a while, and that ran before."""
    of: str | None = None
    """Which model it changes: model, or challenger."""
    old: str | None = None
    """The model before it, by its name as an asset."""
    new: str | None = None

    @property
    def says(self) -> str:
        """What is going on, in a sentence without its end."""
        what = f"{self.verb} of {self.name}" + (f" (from {self.old} to {self.new})" if self.new else "")
        when = self.since.replace("T", " ").removesuffix("+00:00") + " UTC"
        if self.cut_off:
            return f"a {what} by {self.who}, begun {when}, was cut off"
        return f"a {what} is under way, by {self.who}, since {when}"

    def advice(self, *, is_there: bool = True) -> str:
        """What to do about one that was cut off; ``is_there`` says whether a flow of that name is on the canvas."""
        if self.verb == "deploy":
            return "Deploy again under the same name: that goes on from there."
        if self.verb == TRIAL:
            return "The next dai-nifi deploy of the same flow, with or without --dry-run, removes what is left of it."
        if self.verb == "undeploy":
            return f"dai-nifi undeploy {self.name} finishes it."
        if not is_there:
            return (
                "If the flow was renamed on the canvas, rename it back; if it was removed, dai-nifi undeploy "
                f"{self.name} clears up what is left."
            )
        if not self.new:
            return f"dai-nifi status {self.name} shows its state; dai-nifi start or stop makes it what you want."
        of = f" --of {self.of}" if self.of != "model" else ""
        back = f"dai-nifi rollback {self.name}{of}"
        if self.verb == "rollback":
            return f"{back} finishes it."
        return f"{back} goes back to {self.old}; the same dai-nifi swap again finishes it."


@dataclass(frozen=True)
class _Process:
    """A command, as others can look for it: ``machine`` tells where its id means something."""

    machine: str
    pid: int
    identity: str | None

    @classmethod
    def own(cls) -> _Process:
        return cls(_machine(), os.getpid(), processes.identity(os.getpid()))


@dataclass(frozen=True)
class _Entry:
    """What the context's description keeps; ``left`` is an earlier change that was cut off, until it is dealt with."""

    change: UnderWay
    process: _Process
    beat: datetime
    left: UnderWay | None = None

    def text(self) -> str:
        kept = json.dumps({**asdict(self), "beat": self.beat.isoformat()})
        sentence = self.change.says[0].upper() + self.change.says[1:]
        return f"{sentence}. dai-nifi removes this when it has ended.\n[dai-nifi change {kept}]"

    def judged(self, now: datetime) -> UnderWay:
        """The change, if its command still lives; else what is to be dealt with."""
        if self.change.cut_off:
            return self.change
        if self.process.machine == _machine():
            dead = processes.identity(self.process.pid) != self.process.identity
        else:
            dead = now - self.beat > timedelta(seconds=SILENT_SECONDS)
        return (self.left or replace(self.change, cut_off=True)) if dead else self.change


class Claim:
    """The right to change a flow, while :func:`claimed` holds it; ``left`` is what an earlier change left undone."""

    def __init__(self, entry: _Entry, held: Any) -> None:
        self.left = entry.left
        self._entry = entry
        self._half_done = False
        self._id = held.id if held is not None else None
        self._version = held.revision.version if held is not None else 0
        self._lost = False
        self._guard = threading.Lock()
        self._over = threading.Event()
        if held is not None:
            threading.Thread(target=self._go_on_beating, name="dai-nifi-claim", daemon=True).start()

    def begin(
        self, stopped: Iterable[str] = (), of: str | None = None, old: str | None = None, new: str | None = None
    ) -> None:
        """Say what is about to be stopped and changed, so that the next command knows it if this one is killed.

        Raises BusyError if somebody has taken over meanwhile.
        """
        change = replace(self._entry.change, stopped=tuple(stopped), of=of, old=old, new=new)
        if change != self._entry.change or self._entry.left is not None:
            self._write(lambda entry: replace(entry, change=change, left=None))
        if self._lost:
            raise BusyError(
                f"Another command has taken over {change.name}, since NiFi had not heard of this one for "
                f"{SILENT_SECONDS:g} s. Nothing was switched; see dai-nifi status {change.name}."
            )
        self._half_done = True

    def settle(self) -> None:
        """Say that nothing is half done any more, of this change or an earlier one."""
        self._half_done = False
        self._entry = replace(self._entry, left=None)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Settled after this, also by an error that says what was not done; not after ctrl-C."""
        self.begin()
        try:
            yield
        except ToolError:
            self.settle()
            raise
        self.settle()

    def end(self) -> None:
        """Let go: of what is settled nothing stays; else it stays, as cut off."""
        self._over.set()
        if self._half_done:
            self._write(lambda entry: replace(entry, change=replace(entry.change, cut_off=True)))
        elif self._entry.left is not None:
            left = self._entry.left
            self._write(lambda entry: replace(entry, change=left, left=None))
        else:
            with self._guard:
                self._as_own(_remove)

    def _go_on_beating(self) -> None:
        while not self._over.wait(_BEAT_SECONDS):
            # A NiFi that does not answer for a moment is no reason to give up what is under way.
            with suppress(ToolError):
                self._write(partial(self._beaten, now=_now()))

    def _beaten(self, entry: _Entry, now: datetime) -> _Entry:
        return entry if self._over.is_set() else replace(entry, beat=now)

    def _write(self, changed: Callable[[_Entry], _Entry]) -> None:
        with self._guard:
            entry = changed(self._entry)
            if entry is self._entry:
                return
            held = self._as_own(lambda context_id, version: _put(context_id, version, entry))
            if held is not None:
                self._version = held.revision.version
            self._entry = entry

    def _as_own(self, call: Callable[[str, int], Found]) -> Found | None:
        """Change what is in NiFi, if it still is this command's."""
        if self._id is None or self._lost:
            return None
        try:
            return call(self._id, self._version)
        except ToolError:
            # Ctrl-C may have come between the last change and its answer, which has the revision.
            found = _find(self._entry.change.name)
            self._lost = found is None or found[1] is None or found[1].process != self._entry.process
            if found is None or self._lost:
                return None
            return call(self._id, found[0].revision.version)


@contextmanager
def claimed(name: str, verb: str, progress: Progress) -> Iterator[Claim]:
    """Hold the claim on a flow of that name while it is changed.

    Raises:
        BusyError: another command is changing it.
        NodeAwayError: NiFi takes no changes, since a node of its cluster is away.

    """
    claim = _take(name, verb, progress)
    try:
        yield claim
    except BaseException:
        # What went wrong in there is what counts; a claim that stays is given up by itself.
        with suppress(ToolError):
            claim.end()
        raise
    claim.end()


def of(name: str) -> UnderWay | None:
    """What is under way with a flow of that name, or was cut off; None where this user may not see it."""
    found = _find(name)
    return found[1].judged(_now()) if found is not None and found[1] is not None else None


def every() -> list[UnderWay]:
    """All that is under way, or was cut off, in this NiFi."""
    entries = [found for found in map(_read, _contexts()) if found is not None]
    now = _now() if entries else None
    return [one.judged(now) for one in entries if now is not None]


def _take(name: str, verb: str, progress: Progress) -> Claim:
    _check_nodes()
    now = _now()
    process = _Process.own()
    since = now.isoformat(timespec="seconds")
    fresh = _Entry(UnderWay(name, verb, _who(), since, False), process, now)
    found = _find(name)
    if found is None:
        try:
            with nifi_calls():
                return Claim(fresh, nipyapi.parameters.create_parameter_context(_context(name), fresh.text(), []))
        except NotPermittedError:
            progress("going on without a claim on it: NiFi does not let this user make parameter contexts", None)
            return Claim(fresh, None)
        except NodeAwayError:
            raise
        except ToolError:
            found = _find(name)
            if found is None:
                raise
    entity, present = found
    change = present.judged(now) if present is not None else None
    if present is not None and change is not None and not change.cut_off:
        raise _busy(change, present, now)
    if change is not None:
        progress(f"going on after this: {change.says}", None)
        fresh = replace(fresh, left=change)
    try:
        return Claim(fresh, _put(entity.id, entity.revision.version, fresh))
    except NotPermittedError:
        progress("going on without a claim on it: NiFi does not let this user change parameter contexts", None)
        return Claim(fresh, None)
    except NodeAwayError:
        raise
    except ToolError as error:
        raise BusyError(
            f"Another command has just begun to change {name}. Nothing was changed; see dai-nifi status {name}."
        ) from error


def _busy(change: UnderWay, entry: _Entry, now: datetime) -> BusyError:
    heard = f", heard of {max(0, round((now - entry.beat).total_seconds()))} s ago"
    return BusyError(
        f"Another command is at it: {change.says}{heard}. Nothing was changed. Wait until it has ended "
        f"(dai-nifi status {change.name} shows it) and try again. If it was killed, this lapses by itself within "
        f"{SILENT_SECONDS:g} s."
    )


def _check_nodes() -> None:
    """NiFi refuses every change while a node is away: say so before anything is begun."""
    with nifi_calls():
        summary = nipyapi.nifi.FlowApi().get_cluster_summary().cluster_summary
    if not summary.clustered or summary.connected_node_count == summary.total_node_count:
        return
    known = if_permitted(lambda: nipyapi.nifi.ControllerApi().get_cluster().cluster.nodes) or []
    away = [f"{one.address}:{one.api_port} is {one.status}" for one in known if one.status != "CONNECTED"]
    raise NodeAwayError(
        f"Of NiFi's nodes {summary.connected_nodes} are connected{': ' + ', '.join(away) if away else ''}. NiFi takes "
        "no changes of a flow while a node is away, so nothing was changed; what runs goes on. Start that node "
        "(dai-nifi nifi start, for a local cluster) or take it out of the cluster (NiFi's menu, Cluster: disconnect, "
        "offload, delete), and try again."
    )


def _put(context_id: str, version: int, entry: _Entry) -> Any:
    body = nipyapi.nifi.ParameterContextEntity(
        id=context_id,
        revision=nipyapi.nifi.RevisionDTO(version=version),
        component=nipyapi.nifi.ParameterContextDTO(
            id=context_id, name=_context(entry.change.name), description=entry.text()
        ),
    )
    with nifi_calls():
        return nipyapi.nifi.ParameterContextsApi().update_parameter_context(body, context_id)


def _remove(context_id: str, version: int) -> None:
    with nifi_calls():
        nipyapi.nifi.ParameterContextsApi().delete_parameter_context(context_id, version=str(version))


def _contexts() -> list[Any]:
    with nifi_calls():
        found = nipyapi.nifi.FlowApi().get_parameter_contexts().parameter_contexts or []
    return [one for one in found if one.component is not None and one.component.name.endswith(_SUFFIX)]


def _find(name: str) -> tuple[Any, _Entry | None] | None:
    """The context of a claim on that flow, and what it says, if that can be read."""
    for one in _contexts():
        if one.component.name == _context(name):
            return one, _read(one)
    return None


def _read(entity: Any) -> _Entry | None:
    marked = _MARK.search(entity.component.description or "")
    if marked is None:
        return None
    try:
        kept = json.loads(marked[1])
        left = kept["left"] and _change(kept["left"])
        beat = datetime.fromisoformat(kept["beat"])
        return _Entry(_change(kept["change"]), _Process(**kept["process"]), beat, left)
    except (ValueError, KeyError, TypeError):
        return None  # somebody wrote in it


def _change(kept: dict[str, Any]) -> UnderWay:
    return UnderWay(**{**kept, "stopped": tuple(kept["stopped"])})


def _context(name: str) -> str:
    return f"{_PREFIX}{name}{_SUFFIX}"


def _now() -> datetime:
    """NiFi's time, which is one for all who ask it."""
    with nifi_calls():
        # nipyapi gives no headers beside what it has read.
        answer = nipyapi.nifi.FlowApi().get_about_info(_preload_content=False)
        try:
            answer.read()
            said = answer.headers.get("Date")
        finally:
            answer.release_conn()
    return parsedate_to_datetime(said) if said else datetime.now(timezone.utc)


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"


def _machine() -> str:
    """Where the ids of processes mean the same: a host, and in it a container."""
    try:
        space = str(_PID_NAMESPACE.readlink())
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}"
