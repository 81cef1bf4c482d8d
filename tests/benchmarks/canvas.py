"""Flows on the canvas of the NiFi that is measured: placed, started, stopped."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import nipyapi

from dai_nifi.errors import ToolError
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.parts import Bundle
from dai_nifi.operations.canvas import bulletins, controller_services, deployed

VERSION = "0.1.0"
PYTHON = Bundle("python-extensions", VERSION)
"""The bundle of every Python processor here."""

WAIT_SECONDS = 300.0
Found = TypeVar("Found")


def until(done: Callable[[], Found], seconds: float = WAIT_SECONDS, pause: float = 0.02) -> Found:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not (value := done()):
        if time.monotonic() > end:
            told = [f"{one.source}: {one.message}" for one in bulletins.read() if one.level == "ERROR"]
            raise ToolError(f"the benchmark waited {seconds:.0f} s in vain. NiFi says: " + "\n".join(told[-3:] or "-"))
        time.sleep(pause)
    return value


def bundled(nar: Path) -> dict[str, Path | bytes]:
    """The Python packages and jars that an archive holds, by their path in it."""
    with zipfile.ZipFile(nar) as archive:
        names = [name for name in archive.namelist() if "/" in name and not name.endswith("/")]
        return {name: archive.read(name) for name in names if not name.startswith("META-INF/")}


def place(flow: Flow) -> dict[str, Any]:
    """Put a flow on the canvas, enable its services and wait until all is valid; its processors by name."""
    root = nipyapi.nifi.ProcessGroupsApi().get_process_group(nipyapi.canvas.get_root_pg_id())
    made = nipyapi.versioning.import_process_group_definition(
        root, flow_definition=nipyapi.utils.dump(flow.definition()), position=(0.0, 0.0)
    )
    controller_services.set_state(made.id, "ENABLED", WAIT_SECONDS)

    def valid() -> dict[str, Any] | None:
        found = deployed.processors(made.id)
        if all(one.component.validation_status == "VALID" for one in found):
            return {one.component.name: one for one in found}
        return None

    return until(valid, pause=0.25)


def start(processors: dict[str, Any]) -> None:
    """Start all processors of a flow, the last first."""
    for one in reversed(processors.values()):
        nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(one.id, "id"), True)
