"""The response to a request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dai_scoring.batch.summary import Summary
from dai_scoring.engine import ModelInfo
from dai_scoring.service.failures import Failure
from dai_scoring.service.h2o_rest import Endpoint


@dataclass(slots=True)
class Response:
    """Scored contents, or a failure. It is not frozen, since one is made for each message, but nothing changes it.

    ``contents`` are bytes if the request brought bytes, else a file, which whoever takes the response deletes; None
    if the request failed. ``rejected`` are the rows that could not be scored, in the same form, where they are kept
    apart. ``summary`` counts rows. ``endpoint`` is set for a response of H2O's dialect. ``model`` is None if there was
    none to score with.
    """

    model: ModelInfo | None
    contents: bytes | Path | None = None
    mime_type: str | None = None
    rejected: bytes | Path | None = None
    summary: Summary | None = None
    endpoint: Endpoint | None = None
    failure: Failure | None = None

    @property
    def has_only_rejected_rows(self) -> bool:
        """Whether there were rows, and none of them could be scored."""
        return self.summary is not None and self.summary.rejected > 0 and self.summary.scored == 0

    def discard(self) -> None:
        """Delete the files; for a response that is not used."""
        for one in (self.contents, self.rejected):
            if isinstance(one, Path):
                one.unlink(missing_ok=True)
