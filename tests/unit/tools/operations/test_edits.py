"""What was edited on the canvas of a NiFi that calls a property otherwise than the definition that was deployed."""

from __future__ import annotations

from typing import Any

import pytest

from dai_nifi.operations.deployment import edits
from dai_nifi.operations.deployment.edits import ComponentValues

OLD, NEW = "schema-access-strategy", "Schema Access Strategy"


def contents(name: str, value: str) -> dict[str, Any]:
    service = {
        "identifier": "reader",
        "instanceIdentifier": "1",
        "name": "Read records",
        "type": "org.apache.nifi.json.JsonTreeReader",
        "properties": {name: value},
        "propertyDescriptors": {name: {"name": name}},
    }
    return {"identifier": "flow", "controllerServices": [service]}


@pytest.mark.parametrize(("value", "edited"), [("infer-schema", False), ("schema-name", True)])
def test_an_edit_of_a_renamed_property_is_made_by_the_name_that_the_definition_has(value: str, edited: bool) -> None:
    live = {"1": ComponentValues({NEW: value}, {NEW: "infer-schema"}, frozenset())}
    found = edits.differences(contents(OLD, "infer-schema"), contents(NEW, value), live)
    assert [(one.field, one.was, one.value) for one in found] == [(OLD, "infer-schema", value)] * edited
    to_come = contents(OLD, "infer-schema")
    assert edits.apply(found, to_come) == (found, [])
    assert to_come["controllerServices"][0]["properties"] == {OLD: value}
