"""Checks what NiFi may do with folders of its machine, by a processor that takes no files from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from dai_nifi.client import api, nifi_messages
from dai_nifi.errors import InvalidFlowError
from dai_nifi.operations.canvas import properties
from dai_nifi.operations.requirements import probe
from dai_nifi.waiting import wait_until

_TYPE = "org.apache.nifi.processors.standard.GetFile"
_RELATIONSHIPS = ("success",)
_FOLDER = "Input Directory"
_SETTINGS = {"File Filter": "(?!)", "Keep Source File": "false", "Recurse Subdirectories": "false"}


def check_input(group: str, parameter: str, folder: str, timeout: float) -> None:
    """Raise InvalidFlowError if NiFi cannot read and change a folder, the value of a parameter."""
    with probe.temporary_processor(group, _TYPE, _RELATIONSHIPS) as processor:
        error = probe.run_once(processor, {**_SETTINGS, _FOLDER: folder}, timeout)
    if error is not None:
        raise InvalidFlowError(
            f"NiFi cannot take files from {folder}, the parameter {parameter}:\n  {error}\n"
            "Let the user that runs NiFi read and write it, and deploy again."
        )


def check_outputs(group: str, folders: Mapping[str, str], timeout: float) -> None:
    """Raise InvalidFlowError if NiFi cannot write to a folder, or could not create it.

    ``folders`` are by the parameters that name them. Nothing is created: if a folder is missing, the
    nearest existing one above it is checked.
    """
    known: dict[PurePath, str | None] = {}
    for parameter, folder in folders.items():
        place = PurePath(folder)
        while True:
            if place not in known:
                known[place] = _problem(group, place, timeout)
            problem = known[place]
            if problem is None or not nifi_messages.is_path_missing(problem) or place == place.parent:
                break
            place = place.parent
        if problem is not None:
            whole = "" if place == PurePath(folder) else f", which would be created in {place}"
            raise InvalidFlowError(
                f"NiFi cannot write to {folder}, the parameter {parameter}{whole}:\n  {problem}\n"
                "Let the user that runs NiFi read and write it, or name another folder, and deploy again."
            )


def _problem(group: str, folder: PurePath, timeout: float) -> str | None:
    """Why NiFi cannot change a folder; None if it can."""

    def errors() -> list[str] | None:
        found = api.processors.get_processor(processor).component
        return None if found.validation_status == "VALIDATING" else list(found.validation_errors or [])

    def late() -> InvalidFlowError:
        return InvalidFlowError(f"NiFi did not check it within {timeout:g} s.")

    # A separate processor for each folder: one that has found no file waits for a second before it looks again.
    with probe.temporary_processor(group, _TYPE, _RELATIONSHIPS) as processor:
        properties.set_of_processor(processor, {**_SETTINGS, _FOLDER: str(folder)})
        found = wait_until(errors, timeout, late)
        return " ".join(found) if found else probe.run_once(processor, {}, timeout)
