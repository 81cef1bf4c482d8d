"""Leases in NiFi: each is a parameter context, named after the flow, whose description says who holds it.

NiFi gives a name once, and lets a context be changed only by who knows its revision: so of two commands one gets it.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from dai_nifi.client import api
from dai_nifi.local import processes
from dai_nifi.operations.changes.journal import FlowChange

SILENT_SECONDS = 40.0
"""A command on another machine that has not renewed its lease for this long counts as dead."""

_PREFIX = "dai "
_SUFFIX = " (change under way)"
_MARK = re.compile(r"^\[dai-nifi change (\{.*\})\]$", re.MULTILINE)
_PID_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class Holder:
    """The process that holds a lease; ``machine`` says where its id is valid."""

    machine: str
    pid: int
    identity: str | None

    @classmethod
    def this_process(cls) -> Holder:
        """The process that asks."""
        return cls(machine(), os.getpid(), processes.identity(os.getpid()))


@dataclass(frozen=True)
class Entry:
    """What the description of the context keeps."""

    change: FlowChange
    holder: Holder
    renewed: datetime
    unfinished: FlowChange | None = None
    """An earlier change that was cut off, until it is finished or undone."""

    def text(self) -> str:
        """The description: a sentence for people, and the entry as JSON."""
        kept = json.dumps({**asdict(self), "renewed": self.renewed.isoformat()})
        sentence = self.change.says[0].upper() + self.change.says[1:]
        return f"{sentence}. dai-nifi removes this when it has ended.\n[dai-nifi change {kept}]"

    def current(self, now: datetime) -> FlowChange:
        """The change, if its command lives; else what was cut off."""
        if self.change.cut_off:
            return self.change
        if self.holder.machine == machine():
            dead = processes.identity(self.holder.pid) != self.holder.identity
        else:
            dead = now - self.renewed > timedelta(seconds=SILENT_SECONDS)
        return (self.unfinished or replace(self.change, cut_off=True)) if dead else self.change


def create(entry: Entry) -> Any:
    """Create the context of a lease; raises ToolError if one with that name exists."""
    return api.parameters.create_parameter_context(_context_name(entry.change.name), entry.text(), [])


def write(context_id: str, version: int, entry: Entry) -> Any:
    """Change the entry of a lease; raises ToolError if its revision has changed meanwhile."""
    body = api.dto.ParameterContextEntity(
        id=context_id,
        revision=api.dto.RevisionDTO(version=version),
        component=api.dto.ParameterContextDTO(
            id=context_id, name=_context_name(entry.change.name), description=entry.text()
        ),
    )
    return api.parameter_contexts.update_parameter_context(body, context_id)


def remove(context_id: str, version: int) -> None:
    """Remove the context of a lease; raises as write()."""
    api.parameter_contexts.delete_parameter_context(context_id, version=str(version))


def find(name: str) -> tuple[Any, Entry | None] | None:
    """The context of the lease on that flow, and its entry (None if it cannot be read); None without a lease."""
    for one in _contexts():
        if one.component.name == _context_name(name):
            return one, _parse(one)
    return None


def entries() -> list[Entry]:
    """The entries of all leases."""
    return [found for found in map(_parse, _contexts()) if found is not None]


def now() -> datetime:
    """NiFi's time, which is the same for all who ask."""
    # nipyapi does not return the headers of an answer that it has parsed.
    with api.unparsed(api.flow.get_about_info) as answer:
        answer.read()
        date = answer.headers.get("Date")
    return parsedate_to_datetime(date) if date else datetime.now(timezone.utc)


def who() -> str:
    """This process, for people."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"


def machine() -> str:
    """Where a process id identifies a process: a host, and a container on it."""
    try:
        space = str(_PID_NAMESPACE.readlink())
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}"


def _contexts() -> list[Any]:
    found = api.flow.get_parameter_contexts().parameter_contexts or []
    return [one for one in found if one.component is not None and one.component.name.endswith(_SUFFIX)]


def _parse(entity: Any) -> Entry | None:
    marked = _MARK.search(entity.component.description or "")
    if marked is None:
        return None
    try:
        kept = json.loads(marked[1])
        unfinished = kept["unfinished"] and FlowChange.parse(kept["unfinished"])
        renewed = datetime.fromisoformat(kept["renewed"])
        return Entry(FlowChange.parse(kept["change"]), Holder(**kept["holder"]), renewed, unfinished)
    except (ValueError, KeyError, TypeError):
        return None


def _context_name(name: str) -> str:
    return f"{_PREFIX}{name}{_SUFFIX}"
