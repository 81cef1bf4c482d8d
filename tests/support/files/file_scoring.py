"""A file scored into another, in a folder of a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.scorer import Scorer
from tests.support.engines import Sum


class Bench:
    """A folder in which ``Sum`` scores files."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target, self.rejected = folder / "in", folder / "out", folder / "rejected"
        self.scorer = Scorer(Sum())

    def score(self, content: str | bytes, mime: str | None = None, **options: Any) -> Summary:
        self.source.write_bytes(content.encode() if isinstance(content, str) else content)
        return score_file(self.scorer, self.source, self.target, self.rejected, FileOptions(**options), mime_type=mime)

    def out(self) -> str:
        return self.target.read_text()


def closed(scorer: Scorer) -> bool:
    return scorer._closed
