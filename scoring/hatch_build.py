"""Puts the jars of the Java runtimes into a wheel, so that who installs it needs neither Maven nor a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class JarsHook(BuildHookInterface[Any]):
    """Builds the jars by Maven, into the cache that a checkout uses, and includes them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the jars to a wheel; an editable installation makes them when it first needs them."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "scoring"))
        from dai_scoring.errors import ScoringError
        from dai_scoring.provision import jars

        try:
            folder = jars.open_jars(self._show)
            routes = jars.built_once(
                "routes-java", Path(self.root) / "routes" / "java", "build the jar for Hive and Spark", self._show
            )
        except ScoringError as error:
            raise SystemExit(f"The wheel needs the jars of the Java runtimes. {error}") from error
        build_data["force_include"][str(folder / "open")] = "dai_scoring/jars/open"
        build_data["force_include"][str(routes / "routes")] = "dai_routes/jars"

    def _show(self, what: str, share: float | None = None) -> None:
        self.app.display_waiting(what)
