"""The controller services of a process group."""

from __future__ import annotations

from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import InvalidFlowError, ToolError
from dai_nifi.waiting import wait_until


def of_group(group_id: str) -> list[Any]:
    """The controller services that belong to a group itself, as they are now."""
    found = api.flow.get_controller_services_from_group(group_id)
    return [one for one in found.controller_services or [] if one.component.parent_group_id == group_id]


def set_state(group_id: str, state: str, timeout: float) -> None:
    """Enable or disable (ENABLED, DISABLED) the controller services of a group, and wait until they are."""
    if not of_group(group_id):
        return
    body = api.dto.ActivateControllerServicesEntity(id=group_id, state=state)
    api.until_accepted(lambda: api.flow.activate_controller_services(body, group_id))

    def others() -> list[Any]:
        return [one.component for one in of_group(group_id) if one.component.state != state]

    def late() -> ToolError:
        left = [f"{one.name}: {one.state}; {' '.join(one.validation_errors or [])}" for one in others()]
        return InvalidFlowError(f"Controller services are not {state} after {timeout:g} s: {'; '.join(left)}")

    wait_until(lambda: not others(), timeout, late)
