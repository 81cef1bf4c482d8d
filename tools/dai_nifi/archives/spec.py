"""Which processors there are, and what the archive of each holds."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

GROUP = "org.apache.nifi"
"""The group of the archives; NiFi looks for Python processors under it."""

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""The versions of Python that NiFi runs and that there are archives for."""


@dataclass(frozen=True)
class NarSpec:
    """One archive: a processor and what goes in with it.

    ``extras`` are those of the distribution, ``imports`` the modules that they are for, ``jars`` whether Java's go
    in, ``pythons`` the versions of Python that it can be for. ``proprietary`` archives need H2O's own Python
    package: they are built only if its licence is accepted, and only where the package exists.
    """

    runtime: str
    processor: str
    extras: tuple[str, ...]
    imports: tuple[str, ...]
    jars: bool = False
    proprietary: bool = False
    pythons: tuple[str, ...] = PYTHONS

    @property
    def id(self) -> str:
        """The archive's name in NiFi."""
        return f"nifi-dai-score-{self.runtime}-nar"

    def reason_not_buildable(self, accept_h2o_licence: bool, python: str) -> str | None:
        """Why this archive cannot be built here for that version of Python, if it cannot."""
        if python in PYTHONS and python not in self.pythons:
            return (
                f"{self.processor} needs packages that H2O publishes for Python {self.pythons[0]} to "
                f"{self.pythons[-1]} only, not for {python}: daimojo and datatable. Score Driverless AI MOJOs with "
                f"ScoreJavaMojo there (--runtime java), or let NiFi run Python {self.pythons[-1]}"
            )
        if not self.proprietary:
            return None
        if not accept_h2o_licence:
            return f"{self.processor} needs H2O's own runtime: accept its licence, --accept-h2o-licence"
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            return f"{self.processor} needs H2O's C++ runtime, which exists for Linux on x86_64 only"
        return None


SPECS = {
    "java": NarSpec("java", "ScoreJavaMojo", ("java",), ("jpype",), jars=True),
    "cpp": NarSpec(
        "cpp", "ScoreCppMojo", ("cpp",), ("datatable", "daimojo"), proprietary=True, pythons=("3.10", "3.11", "3.12")
    ),
    "python": NarSpec("python", "ScorePythonPipeline", (), ()),
}
"""By runtime."""
