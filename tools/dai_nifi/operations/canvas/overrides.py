"""Settings of scoring processors that somebody set on the canvas, in place of the flow's parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dai_nifi.errors import NotFoundError, UsageError
from dai_nifi.flows import templates
from dai_nifi.flows.common import LICENCE, RUNTIMES
from dai_nifi.operations.canvas.deployed import DeployedFlow

NOTHING = "(nothing)"
"""Marks a property whose value was removed."""

_REFERENCE = re.compile(r"#\{(.+)\}")


def scoring_processors(flow: DeployedFlow, processors: Sequence[Any]) -> list[Any]:
    """The scoring processors among the ``processors`` of a flow, as NiFi gives them."""
    runtime = RUNTIMES.get(flow.mark.runtime)
    return [one for one in processors if runtime and one.component.type == runtime.processor]


def read(flow: DeployedFlow, processors: Sequence[Any]) -> dict[str, str]:
    """The values by the names of the parameters that the template uses there, without the licence key.

    ``processors`` are those of the flow, as NiFi gives them.
    """
    try:
        shipped = templates.definition(flow.mark.flow, flow.mark.runtime)["flowContents"]["processors"]
    except (NotFoundError, UsageError):  # a template that this package does not have
        return {}
    expected = {one["identifier"]: one["properties"] for one in shipped}
    values: dict[str, str] = {}
    for processor in scoring_processors(flow, processors):
        component = processor.component
        properties = component.config.properties or {}
        for name, text in expected.get(component.versioned_component_id, {}).items():
            reference = _REFERENCE.fullmatch(text or "")
            # An earlier template's processor may lack the property.
            if reference is None or reference[1] == LICENCE.name or name not in properties:
                continue
            if properties[name] != text:
                values[reference[1]] = NOTHING if properties[name] is None else properties[name]
    return values


def in_effect(parameters: Mapping[str, str | None], overrides: Mapping[str, str]) -> dict[str, str | None]:
    """Parameters for people, with the values of the canvas where these count."""
    return {
        name: value if name not in overrides else f"{overrides[name]} (set on the canvas; the parameter is {value})"
        for name, value in parameters.items()
    }
