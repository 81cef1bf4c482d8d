"""Asking NiFi what it may do with folders of its machine, by a processor that takes no file from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath

import nipyapi

from dai_nifi.errors import InvalidFlowError
from dai_nifi.flows import database, properties
from dai_nifi.flows.rest import nifi_calls, wait_for

_TYPE = "org.apache.nifi.processors.standard.GetFile"
_FOLDER = "Input Directory"
_SETTINGS = {"File Filter": "(?!)", "Keep Source File": "false", "Recurse Subdirectories": "false"}
_NOT_THERE = "does not exist"


def check_input(group: str, parameter: str, folder: str, timeout: float) -> None:
    """Raise InvalidFlowError if NiFi cannot read and change a folder, the value of a parameter."""
    with _asker(group) as asker:
        said = database.run_once(asker, {**_SETTINGS, _FOLDER: folder}, timeout)
    if said is not None:
        raise InvalidFlowError(
            f"NiFi cannot take files from {folder}, the parameter {parameter}:\n  {said}\n"
            "Let the user that runs NiFi read and write it, and deploy again."
        )


def check_outputs(group: str, folders: Mapping[str, str], timeout: float) -> None:
    """Raise InvalidFlowError if NiFi cannot write to a folder, or could not make it, by the parameters that name them.

    Nothing is made: of a folder that is not there, the nearest one above it that is there is looked at.
    """
    known: dict[PurePath, str | None] = {}
    for parameter, folder in folders.items():
        place = PurePath(folder)
        while True:
            if place not in known:
                known[place] = _against(group, place, timeout)
            said = known[place]
            if said is None or _NOT_THERE not in said or place == place.parent:
                break
            place = place.parent
        if said is not None:
            whole = "" if place == PurePath(folder) else f", which would be made in {place}"
            raise InvalidFlowError(
                f"NiFi cannot write to {folder}, the parameter {parameter}{whole}:\n  {said}\n"
                "Let the user that runs NiFi read and write it, or name another folder, and deploy again."
            )


def _against(group: str, folder: PurePath, timeout: float) -> str | None:
    """What NiFi has to say against a folder; None if it may change it."""

    def judged() -> list[str] | None:
        found = nipyapi.nifi.ProcessorsApi().get_processor(asker).component
        return None if found.validation_status == "VALIDATING" else list(found.validation_errors or [])

    # One that has found no file rests for a second, and would not look at another folder meanwhile.
    with _asker(group) as asker:
        properties.set_of_processor(asker, {**_SETTINGS, _FOLDER: str(folder)})
        with nifi_calls():
            errors = wait_for(judged, timeout, lambda: InvalidFlowError(f"NiFi did not check it within {timeout:g} s."))
        return " ".join(errors) if errors else database.run_once(asker, {}, timeout)


@contextmanager
def _asker(group: str) -> Iterator[str]:
    with nifi_calls():
        (kind,) = (
            one for one in nipyapi.nifi.FlowApi().get_processor_types(type=_TYPE).processor_types if one.type == _TYPE
        )
        asker = nipyapi.canvas.create_processor(
            nipyapi.canvas.get_process_group(group, "id"),
            kind,
            (0.0, -1000.0),
            "Asked by dai-nifi deploy",
            nipyapi.nifi.ProcessorConfigDTO(auto_terminated_relationships=["success"]),
        ).id
    try:
        yield asker
    finally:
        database.remove(asker)
