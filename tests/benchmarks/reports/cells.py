"""What is measured: the matrix of runtime, model, format and size, and the part of it that a plain run takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch

from dai_scoring.formats import Format

SIZES = (1, 100, 10_000, 100_000, 1_000_000)
TASKS = (1, 2)
SERVICES = "services"
"""In the place of a format: CSV read and written by NiFi's record services."""

FORMATS = {
    "csv": Format.CSV,
    "json-lines": Format.JSON_LINES,
    "json-array": Format.JSON_ARRAY,
    "avro": Format.AVRO,
    "parquet": Format.PARQUET,
    "arrow": Format.ARROW_STREAM,
    SERVICES: Format.CSV,
}
RECORD_TRANSFORM = "RecordTransform"
_RECORD_ROWS = 1_000
# A plain run takes every size of one format, and one size of the others: of all for Java, of some for the rest.
_USUAL_ROWS, _USUAL_FORMAT = 10_000, "csv"
_FEWER = ("arrow", "json-lines")


@dataclass(frozen=True)
class Cell:
    """One kind of FlowFile through one processor, measured with one task and with two."""

    runtime: str
    model: str
    """narrow (6 columns) or wide (200)"""
    format: str
    rows: int

    @property
    def name(self) -> str:
        """What ``--only`` looks at."""
        return f"{self.runtime} {self.model} {self.format} {self.rows}"

    @property
    def is_usual(self) -> bool:
        """Whether a plain run has it."""
        if self.runtime == RECORD_TRANSFORM or self.format == _USUAL_FORMAT:
            return True
        return self.rows == _USUAL_ROWS and (self.runtime == "java" or self.format in _FEWER)


INSTEAD = Cell("java", "narrow", "csv", 100_000)
"""What RecordTransform is compared with: the same rows as this suite takes them."""


def matrix(runtimes: tuple[str, ...]) -> list[Cell]:
    """Every cell that there is for these runtimes; only Java scores H2O-3 models, so only it has the wide one."""
    lines = [(runtime, "narrow") for runtime in runtimes]
    lines += [("java", "wide")] if "java" in runtimes else []
    found = [Cell(*line, kind, rows) for line in lines for kind in FORMATS for rows in SIZES]
    return [*found, Cell(RECORD_TRANSFORM, "narrow", SERVICES, _RECORD_ROWS)]


def matches(name: str, pattern: str) -> bool:
    """Whether all words of a pattern are in the name, in that order; ``*`` and ``?`` stand for letters of a word."""
    words, at = name.split(), 0
    for part in re.split(r"\s+", pattern.strip()):
        while at < len(words) and not fnmatch(words[at], part):
            at += 1
        if at == len(words):
            return False
        at += 1
    return True
