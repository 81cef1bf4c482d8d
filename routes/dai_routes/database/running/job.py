"""What to score and where the scores go, and how that ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from dai_routes.database.contract import TableName
from dai_routes.database.running.outputs import Outputs
from dai_scoring.batch.options import FileOptions

_NONE = TableName("")


class Mode(Enum):
    """What to do with the target."""

    FAIL = "fail"
    APPEND = "append"
    REPLACE = "replace"
    UPDATE = "update"


@dataclass(frozen=True)
class Job:
    """What to score, and where the scores go."""

    query: str = ""
    target: TableName = _NONE
    """Without a table the scores go to a file."""
    rejected: TableName = _NONE
    mode: Mode = Mode.FAIL
    key: str | None = None
    key_is_primary: bool = False
    chunk_rows: int = 50_000
    threads: int = 1
    """How many chunks are scored at once, while others are read and written."""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    outputs: Outputs = field(default_factory=Outputs)
    source: str = ""
    """What the address of the source leads to, if that is not the database of the target."""

    @property
    def by_chunks(self) -> bool:
        """Whether each chunk is committed separately. A table that is replaced is written in one transaction."""
        return self.key is not None and self.mode is not Mode.REPLACE

    def id_with(self, model: str, options: FileOptions) -> str:
        """An id of the job, by its source, query, model and options: other jobs for the same target have other ids."""
        is_update = self.mode is Mode.UPDATE
        parts = [self.query, self.key, str(self.rejected), is_update, model, repr(options), repr(self.outputs)]
        if self.source:
            parts.append(self.source)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass
class Times:
    """Seconds that a run was reading, scoring and writing. These overlap, and scoring is that of all threads."""

    reading: float = 0.0
    scoring: float = 0.0
    writing: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The counts of a run. ``earlier`` is the number of rows that earlier runs of the same job have written."""

    scored: int
    rejected: int
    earlier: int
    seconds: float
    times: Times
    unseen: Mapping[str, int] | None = None

    @property
    def records(self) -> int:
        """How many rows this run has read."""
        return self.scored + self.rejected
