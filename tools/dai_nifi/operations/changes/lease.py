"""The lease on a flow: one command at a time may change it, from any machine.

A command renews its lease every few seconds, by NiFi's clock; one that does not is taken to be dead. What it was doing
stays in its journal, so that the next command can continue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from dai_nifi.client import api
from dai_nifi.errors import BusyError, NodeAwayError, NotPermittedError, ToolError
from dai_nifi.operations.changes import lease_store
from dai_nifi.operations.changes.journal import FlowChange
from dai_nifi.operations.changes.lease_store import SILENT_SECONDS, Entry, Holder
from dai_scoring.progress import Progress

Result = TypeVar("Result")

_RENEW_SECONDS = 8.0


class Lease:
    """The right to change a flow, while :func:`hold` gives it; ``unfinished`` is an earlier change that was cut off."""

    def __init__(self, entry: Entry, context: Any) -> None:
        self.unfinished = entry.unfinished
        self._entry = entry
        self._half_done = False
        # No context if this user may not make one: then other commands cannot be kept away.
        self._id = context.id if context is not None else None
        self._version = context.revision.version if context is not None else 0
        self._lost = False
        self._guard = threading.Lock()
        self._over = threading.Event()
        if context is not None:
            threading.Thread(target=self._keep_renewing, name="dai-nifi-lease", daemon=True).start()

    def begin(
        self, stopped: Iterable[str] = (), of: str | None = None, old: str | None = None, new: str | None = None
    ) -> None:
        """Write into the journal what is about to be stopped and changed.

        Raises BusyError if another command has taken over the lease.
        """
        change = replace(self._entry.change, stopped=tuple(stopped), of=of, old=old, new=new)
        if change != self._entry.change or self._entry.unfinished is not None:
            self._write(lambda entry: replace(entry, change=change, unfinished=None))
        if self._lost:
            raise BusyError(
                f"Another command has taken over {change.name}, since NiFi had not heard of this one for "
                f"{SILENT_SECONDS:g} s. Nothing was switched; see dai-nifi status {change.name}."
            )
        self._half_done = True

    def complete(self) -> None:
        """Record that nothing is half done any more, of this change or of an earlier one."""
        self._half_done = False
        self._entry = replace(self._entry, unfinished=None)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """A change that is complete after this, also after an error that says what was not done; not after ctrl-C."""
        self.begin()
        try:
            yield
        except ToolError:
            self.complete()
            raise
        self.complete()

    def release(self) -> None:
        """Release the lease. A change that is half done stays in the journal, as cut off."""
        self._over.set()
        if self._half_done:
            self._write(lambda entry: replace(entry, change=replace(entry.change, cut_off=True)))
        elif self._entry.unfinished is not None:
            unfinished = self._entry.unfinished
            self._write(lambda entry: replace(entry, change=unfinished, unfinished=None))
        else:
            with self._guard:
                self._if_own(lease_store.remove)

    def _keep_renewing(self) -> None:
        while not self._over.wait(_RENEW_SECONDS):
            # A NiFi that does not answer for a moment is no reason to give up.
            with suppress(ToolError):
                self._write(partial(self._renewed, now=lease_store.now()))

    def _renewed(self, entry: Entry, now: datetime) -> Entry:
        return entry if self._over.is_set() else replace(entry, renewed=now)

    def _write(self, changed: Callable[[Entry], Entry]) -> None:
        with self._guard:
            entry = changed(self._entry)
            if entry is self._entry:
                return
            context = self._if_own(lambda context_id, version: lease_store.write(context_id, version, entry))
            if context is not None:
                self._version = context.revision.version
            self._entry = entry

    def _if_own(self, call: Callable[[str, int], Result]) -> Result | None:
        """Change the lease in NiFi if it still is this command's."""
        if self._id is None or self._lost:
            return None
        try:
            return call(self._id, self._version)
        except ToolError:
            # Ctrl-C may have come between the last change and its answer, which has the revision.
            found = lease_store.find(self._entry.change.name)
            self._lost = found is None or found[1] is None or found[1].holder != self._entry.holder
            if found is None or self._lost:
                return None
            return call(self._id, found[0].revision.version)


@contextmanager
def hold(name: str, verb: str, progress: Progress) -> Iterator[Lease]:
    """Hold the lease on the flow of that name.

    Raises:
        BusyError: another command is changing it.
        NodeAwayError: NiFi takes no changes, since a node of its cluster is away.

    """
    lease = _acquire(name, verb, progress)
    try:
        yield lease
    except BaseException:
        # The error of the command matters more; a lease that stays expires by itself.
        with suppress(ToolError):
            lease.release()
        raise
    lease.release()


def change_of(name: str) -> FlowChange | None:
    """The change of a flow that is under way, or was cut off; None also if this user may not see it."""
    found = lease_store.find(name)
    return found[1].current(lease_store.now()) if found is not None and found[1] is not None else None


def all_changes() -> list[FlowChange]:
    """All changes in this NiFi that are under way, or were cut off."""
    entries = lease_store.entries()
    now = lease_store.now() if entries else None
    return [one.current(now) for one in entries if now is not None]


def _acquire(name: str, verb: str, progress: Progress) -> Lease:
    _check_nodes()
    now = lease_store.now()
    change = FlowChange(name, verb, lease_store.who(), now.isoformat(timespec="seconds"), False)
    fresh = Entry(change, Holder.this_process(), now)
    found = lease_store.find(name)
    if found is None:
        try:
            return Lease(fresh, lease_store.create(fresh))
        except NotPermittedError:
            progress("going on without a lease on it: NiFi does not let this user make parameter contexts", None)
            return Lease(fresh, None)
        except NodeAwayError:
            raise
        except ToolError:
            found = lease_store.find(name)
            if found is None:
                raise
    context, present = found
    current = present.current(now) if present is not None else None
    if present is not None and current is not None and not current.cut_off:
        raise _busy(current, present, now)
    if current is not None:
        progress(f"going on after this: {current.says}", None)
        fresh = replace(fresh, unfinished=current)
    try:
        return Lease(fresh, lease_store.write(context.id, context.revision.version, fresh))
    except NotPermittedError:
        progress("going on without a lease on it: NiFi does not let this user change parameter contexts", None)
        return Lease(fresh, None)
    except NodeAwayError:
        raise
    except ToolError as error:
        raise BusyError(
            f"Another command has just begun to change {name}. Nothing was changed; see dai-nifi status {name}."
        ) from error


def _busy(change: FlowChange, entry: Entry, now: datetime) -> BusyError:
    ago = max(0, round((now - entry.renewed).total_seconds()))
    return BusyError(
        f"Another command is changing the flow: {change.says}; it was last heard of {ago} s ago. Nothing was changed. "
        f"Wait until it has ended (dai-nifi status {change.name} shows it) and try again. If it was killed, its lease "
        f"expires within {SILENT_SECONDS:g} s."
    )


def _check_nodes() -> None:
    """Raise NodeAwayError if a node is away, before anything is begun: NiFi would refuse every change."""
    summary = api.flow.get_cluster_summary().cluster_summary
    if not summary.clustered or summary.connected_node_count == summary.total_node_count:
        return
    known = api.if_permitted(lambda: api.controller.get_cluster().cluster.nodes) or []
    away = [f"{one.address}:{one.api_port} is {one.status}" for one in known if one.status != "CONNECTED"]
    raise NodeAwayError(
        f"Of NiFi's nodes {summary.connected_nodes} are connected{': ' + ', '.join(away) if away else ''}. NiFi takes "
        "no changes to flows while a node is away, so nothing was changed; what runs goes on. Start that node "
        "(dai-nifi nifi start, for a local cluster) or take it out of the cluster (NiFi's menu, Cluster: disconnect, "
        "offload, delete), and try again."
    )
