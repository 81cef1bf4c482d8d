"""The response to a request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dai_scoring.batch.summary import FirstReject, Summary
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
    def first_reject_if_none_scored(self) -> FirstReject | None:
        """The first row and its reason if there were rows and none could be scored; None otherwise."""
        if self.summary is None or self.summary.scored:
            return None
        return self.summary.first_reject

    def discard(self) -> None:
        """Delete the files; for a response that is not used."""
        for one in (self.contents, self.rejected):
            if isinstance(one, Path):
                one.unlink(missing_ok=True)
