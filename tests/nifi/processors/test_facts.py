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

_OFFICIAL_ONLY = {"nifi-amqp-nar", "nifi-jms-processors-nar", "nifi-kafka-nar", "nifi-kafka-3-service-nar"}


def test_the_record_of_this_version_is_true(nifi: NiFi) -> None:
    version = assembly.version()
    there = components.component_types()
    root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
    group = nipyapi.canvas.create_process_group(root, "facts", (0.0, 0.0))
    processors = {one.type: one for one in nipyapi.canvas.list_all_processor_types().processor_types}
    services = {one.type: one for one in nipyapi.canvas.list_all_controller_types()}
    known = nifi_components.components()
    # The others are in an official NiFi alone: Maven Central does not have their archives.
    here = {kind: one for kind, one in known.items() if kind in there}
    assert {one.archive for kind, one in known.items() if kind not in here} == _OFFICIAL_ONLY
    try:
        for kind, recorded in here.items():
            (bundle,) = there[kind]
            assert (kind, bundle.artifact, bundle.version) == (kind, recorded.archive, version)
            if kind in processors:
                made = nipyapi.canvas.create_processor(group, processors[kind], (0.0, 0.0), name=kind)
                present = made.component.config.descriptors
                assert {one.name for one in made.component.relationships} == recorded.relationships, kind
            else:
                present = nipyapi.canvas.create_controller(group, services[kind]).component.descriptors
            # The names since 2.7 lead to the ones of this version, too.
            for name in recorded.properties:
                every = recorded.every_name(name)
                assert {key for one in every for key in properties.named(kind, present, {one: ""})} == {name}, kind
    finally:
        nipyapi.canvas.delete_process_group(group, force=True)
