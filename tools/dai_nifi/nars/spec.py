"""Which processors there are, and what the archive of each holds."""

from __future__ import annotations

from dataclasses import dataclass

GROUP = "org.apache.nifi"
"""The group of the archives; NiFi looks for Python processors under it."""


@dataclass(frozen=True)
class NarSpec:
    """One archive: a processor, the extras of the distribution that it needs, and whether Java's jars go in."""

    runtime: str
    processor: str
    extras: tuple[str, ...]
    jars: bool

    @property
    def id(self) -> str:
        """The archive's name in NiFi."""
        return f"nifi-dai-score-{self.runtime}-nar"


SPECS = {"java": NarSpec("java", "ScoreJavaMojo", ("java",), jars=True)}
"""By runtime."""
