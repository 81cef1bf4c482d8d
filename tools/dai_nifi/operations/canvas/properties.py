"""Finding the properties of NiFi's own components by the descriptors that NiFi gives.

NiFi 2.7 renamed many properties. It renames those of a flow that is imported, but not those that are set over REST:
there, an unknown name makes the component invalid. So whatever sets properties over REST comes through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from dai_nifi.client import api
from dai_nifi.errors import ToolError
from dai_nifi.flows import nifi_components

Value = TypeVar("Value")


def named(kind: str, descriptors: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Value]:
    """Give values by the names that a component's own descriptors have; both the old name and the new one work.

    ``kind`` is the component's type. A property is found by its name, else by another name that it has had, else by
    the name that people see on the canvas.

    Raises:
        ToolError: the component has no such property.

    """
    return {_name(kind, descriptors, one): value for one, value in values.items()}


def _name(kind: str, descriptors: Mapping[str, Any], wanted: str) -> str:
    names = nifi_components.component(kind).every_name(wanted)
    for name in (wanted, *names):
        if name in descriptors:
            return name
    shown = {one.casefold() for one in (wanted, *names)}
    found = [name for name, one in descriptors.items() if str(one.display_name).casefold() in shown]
    if len(found) != 1:
        raise ToolError(
            f"{kind.rpartition('.')[2]} of this NiFi has no property {wanted!r}. It has: {', '.join(descriptors)}."
        )
    return found[0]


def set_of_processor(processor_id: str, values: Mapping[str, str | None]) -> Any:
    """Set properties of one of NiFi's own processors; returns it as it is then."""
    entity = api.canvas.get_processor(processor_id, "id")
    properties = named(entity.component.type, entity.component.config.descriptors, values)
    return api.canvas.update_processor(entity, api.dto.ProcessorConfigDTO(properties=properties))


def set_of_service(service_id: str, values: Mapping[str, str | None]) -> Any:
    """Set properties of one of NiFi's own controller services; returns it as it is then."""
    entity = api.controller_services.get_controller_service(service_id)
    properties = named(entity.component.type, entity.component.descriptors, values)
    return api.canvas.update_controller(entity, api.dto.ControllerServiceDTO(properties=properties))
