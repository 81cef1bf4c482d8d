"""Bulletins: what components of NiFi reported lately. NiFi keeps them for five minutes."""

from __future__ import annotations

from dataclasses import dataclass

from dai_nifi.client import api
from dai_nifi.client.nifi_messages import without_source


@dataclass(frozen=True)
class Bulletin:
    """A message of a component; ``id`` grows with time."""

    id: int
    time: str
    level: str
    source: str
    message: str


def read(group_id: str | None = None, source_id: str | None = None, after: int | None = None) -> list[Bulletin]:
    """The bulletins of a group or a component, or of all of NiFi; only those after an id, if given. Oldest first."""
    filters = {"group_id": group_id, "source_id": source_id, "after": after}
    given = {name: str(value) for name, value in filters.items() if value is not None}
    board = api.flow.get_bulletin_board(**given).bulletin_board
    found = [one.bulletin for one in board.bulletins or [] if one.bulletin is not None]
    return sorted(
        (Bulletin(int(b.id), b.timestamp, b.level, b.source_name, without_source(b.message or "")) for b in found),
        key=lambda one: one.id,
    )


def last_id(source_id: str | None = None) -> int:
    """The id of the latest bulletin, of a component or of all; -1 without bulletins."""
    return max((one.id for one in read(source_id=source_id)), default=-1)
