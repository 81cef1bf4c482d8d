"""Asking NiFi whether it may take files from a folder of its machine, by a processor that takes none."""

from __future__ import annotations

from dai_nifi.errors import InvalidFlowError
from dai_nifi.operations.requirements import probe

_TYPE = "org.apache.nifi.processors.standard.GetFile"
_NO_FILE = "(?!)"


def check(group: str, parameter: str, folder: str, timeout: float) -> None:
    """Raise InvalidFlowError if NiFi cannot read and change a folder, the value of a parameter."""
    with probe.temporary_processor(group, _TYPE, ("success",)) as processor:
        wanted = {"Input Directory": folder, "File Filter": _NO_FILE, "Keep Source File": "false"}
        error = probe.run_once(processor, wanted, timeout)
    if error is not None:
        raise InvalidFlowError(
            f"NiFi cannot take files from {folder}, the parameter {parameter}:\n  {error}\n"
            "Let the user that runs NiFi read and write it, and deploy again."
        )
