"""FlowFiles that a processor takes together, and what it makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dai_scoring_nifi.record_services.helper import RecordsHelper


@dataclass(frozen=True)
class TakenFlowFile:
    """A FlowFile: its place in the batch, its size in bytes, the attributes read, its contents if small."""

    index: int
    size: int
    attributes: dict[str, str]
    contents: bytes | None


@dataclass(frozen=True)
class Outcome:
    """Where a FlowFile goes, and with which attributes and contents.

    ``contents`` are bytes, a file (which is deleted after it was read), or None to leave them as they are. ``details``
    and ``seconds`` are for the provenance event. ``further`` is another FlowFile to be made of it.
    """

    relationship: str
    attributes: dict[str, str]
    contents: bytes | Path | None = None
    details: str = ""
    seconds: float = 0.0
    further: Outcome | None = field(default=None)

    def discard(self) -> None:
        """Delete the files with the contents; for an outcome that is not sent."""
        if isinstance(self.contents, Path):
            self.contents.unlink(missing_ok=True)
        if self.further is not None:
            self.further.discard()


class Batch(Protocol):
    """FlowFiles that were taken together."""

    items: list[TakenFlowFile]
    can_add: bool
    """Whether an outcome may have a further FlowFile."""

    def export(self, item: TakenFlowFile, path: Path) -> None:
        """Write the contents of a FlowFile that is not small to a file. Safe for several threads.

        Raises OSError if the file cannot be written.
        """
        ...

    def records(self, item: TakenFlowFile, following: TakenFlowFile | None) -> RecordsHelper:
        """What reads and writes the records of a FlowFile; ``following`` is the one whose records are read next.

        One FlowFile's records are read at a time, by one thread.
        """
        ...

    def send(self, outcomes: Sequence[Outcome]) -> Any:
        """Send the FlowFiles on; returns what NiFi wants to be returned."""
        ...

    def give_back(self) -> None:
        """Leave all FlowFiles to NiFi, after an error."""
        ...
