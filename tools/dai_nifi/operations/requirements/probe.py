"""A processor that is placed in a flow, run once to check something on NiFi's machine, and removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dai_nifi.client import api
from dai_nifi.client.nifi_messages import root_cause
from dai_nifi.errors import InvalidFlowError, ToolError
from dai_nifi.operations.canvas import bulletins, deployed, properties, scheduling
from dai_nifi.waiting import wait_until

_NAME = "Asked by dai-nifi deploy"
_AT = (0.0, -1000.0)


@contextmanager
def temporary_processor(group: str, kind: str, ends: Sequence[str]) -> Iterator[str]:
    """The id of a processor of this type in a group, whose relationships all end; removed afterwards.

    One that an interrupted command has left is removed first.
    """
    for left in deployed.processors(group):
        if left.component.name == _NAME:
            _remove(left.id)
    entity = api.canvas.create_processor(
        api.canvas.get_process_group(group, "id"),
        api.processor_type(kind),
        _AT,
        _NAME,
        api.dto.ProcessorConfigDTO(auto_terminated_relationships=list(ends)),
    )
    try:
        yield str(entity.id)
    finally:
        _remove(entity.id)


def run_once(processor_id: str, values: Mapping[str, str], timeout: float) -> str | None:
    """Run the processor once with these values of its properties; returns the last error that it reports, or None.

    Raises InvalidFlowError if it is not valid with them, or does not come to its end.
    """
    before = bulletins.last_id(processor_id)

    def now() -> Any:
        return api.processors.get_processor(processor_id)

    def late() -> ToolError:
        reasons = " ".join(now().component.validation_errors or []) or "it does not say why"
        return InvalidFlowError(f"NiFi did not check it within {timeout:g} s: {reasons}")

    def valid() -> Any | None:
        found = now()
        return found if found.component.validation_status == "VALID" else None

    properties.set_of_processor(processor_id, values)
    entity = wait_until(valid, timeout, late)
    api.processors.update_run_status5({"revision": entity.revision, "state": "RUN_ONCE"}, processor_id)
    wait_until(lambda: now().component.state == "STOPPED" and not scheduling.is_busy(now()), timeout, late)
    errors = [one.message for one in bulletins.read(source_id=processor_id, after=before) if one.level == "ERROR"]
    return root_cause(errors[-1]) if errors else None


def _remove(processor_id: str) -> None:
    api.canvas.delete_processor(api.canvas.get_processor(processor_id, "id"), force=True)
