"""What is recorded of NiFi's own components is what the local NiFi says."""

from __future__ import annotations

import nipyapi
import pytest

from dai_nifi.flows import nifi_components
from dai_nifi.local import assembly
from dai_nifi.operations.canvas import properties
from dai_nifi.operations.deployment import components
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi


def test_the_record_of_this_version_is_true(nifi: NiFi) -> None:
    version = assembly.version()
    there = components.component_types()
    root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
    group = nipyapi.canvas.create_process_group(root, "facts", (0.0, 0.0))
    processors = {one.type: one for one in nipyapi.canvas.list_all_processor_types().processor_types}
    services = {one.type: one for one in nipyapi.canvas.list_all_controller_types()}
    try:
        for kind, recorded in nifi_components.components().items():
            (bundle,) = there[kind]
            assert (kind, bundle.artifact, bundle.version) == (kind, recorded.archive, version)
            if kind in processors:
                made = nipyapi.canvas.create_processor(group, processors[kind], (0.0, 0.0), name=kind)
                known = made.component.config.descriptors
                assert {one.name for one in made.component.relationships} == recorded.relationships, kind
            else:
                known = nipyapi.canvas.create_controller(group, services[kind]).component.descriptors
            # The names since 2.7 lead to the ones of this version, too.
            for name in recorded.properties:
                every = recorded.every_name(name)
                assert {key for one in every for key in properties.named(kind, known, {one: ""})} == {name}, kind
    finally:
        nipyapi.canvas.delete_process_group(group, force=True)
