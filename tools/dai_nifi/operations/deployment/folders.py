"""Asking NiFi whether it may take files from a folder of its machine, by a processor that takes none."""

from __future__ import annotations

import nipyapi

from dai_nifi.client.calls import nifi_calls
from dai_nifi.errors import InvalidFlowError
from dai_nifi.operations.deployment import database

_TYPE = "org.apache.nifi.processors.standard.GetFile"
_NO_FILE = "(?!)"


def check(group: str, parameter: str, folder: str, timeout: float) -> None:
    """Raise InvalidFlowError if NiFi cannot read and change a folder, the value of a parameter."""
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
        wanted = {"Input Directory": folder, "File Filter": _NO_FILE, "Keep Source File": "false"}
        said = database.run_once(asker, wanted, timeout)
    finally:
        database.remove(asker)
    if said is not None:
        raise InvalidFlowError(
            f"NiFi cannot take files from {folder}, the parameter {parameter}:\n  {said}\n"
            "Let the user that runs NiFi read and write it, and deploy again."
        )
