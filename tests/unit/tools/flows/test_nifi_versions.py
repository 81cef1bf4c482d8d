"""What flows and commands use of NiFi's own components, against what is recorded of NiFi 2.3, 2.6, 2.9 and 2.11."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from dai_nifi.errors import ToolError
from dai_nifi.flows import nifi_components, templates
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.parts import Bundle
from dai_nifi.operations.canvas import properties
from dai_nifi.operations.deployment import components
from dai_nifi.operations.requirements import database

EVERY = [(name, runtime) for name, found in templates.TEMPLATES.items() for runtime in found.runtimes]
OURS = {one.processor for one in RUNTIMES.values()}

# What commands and tests make or change over REST.
MADE_OVER_REST = {
    database.TYPE: (database.POOL, database.QUERY, database.NORMALIZE),
    "org.apache.nifi.processors.standard.GetFile": ("Input Directory", "File Filter", "Keep Source File"),
    "org.apache.nifi.processors.standard.GenerateFlowFile": ("Custom Text", "Mime Type", "File Size", "Data Format"),
    "org.apache.nifi.processors.standard.HandleHttpRequest": ("Listening Port", "container-queue-size"),
    "org.apache.nifi.json.JsonRecordSetWriter": ("Output Grouping",),
    "org.apache.nifi.avro.AvroReader": ("Schema Access Strategy",),
}


def nifi(version: str) -> dict[str, frozenset[Bundle]]:
    """The types of an official NiFi of that version, by what is recorded."""
    return {kind: frozenset({Bundle(one.archive, version)}) for kind, one in nifi_components.components().items()}


def descriptors(kind: str, version: str) -> list[Mapping[str, Any]]:
    """The descriptors of a component in that version; several, where it is not known which of its names it has."""
    recorded = nifi_components.component(kind)
    choices = [recorded.names(name, version) for name in recorded.properties]
    return [
        {names[min(turn, len(names) - 1)]: SimpleNamespace(display_name=names[0]) for names in choices}
        for turn in range(max(map(len, choices)))
    ]


@pytest.mark.parametrize("version", nifi_components.versions())
@pytest.mark.parametrize(("name", "runtime"), EVERY)
def test_every_template_fits(name: str, runtime: str, version: str) -> None:
    definition = templates.definition(name, runtime)
    assert components.missing_from(definition, nifi(version)) == []
    flow = definition["flowContents"]
    for one in (*flow["processors"], *flow["controllerServices"]):
        if one["type"] in OURS:
            continue
        recorded = nifi_components.components()[one["type"]]
        assert one["bundle"]["artifact"] == recorded.archive
        dynamic = {key for key, value in one["propertyDescriptors"].items() if value["dynamic"]}
        # The first names: later versions rename them in a flow that is imported, and 2.3 does not know newer ones.
        assert one["properties"].keys() - dynamic <= recorded.properties.keys()
        assert all(recorded.names(name, version) for name in one["properties"].keys() - dynamic)
        used = set(one.get("autoTerminatedRelationships", ())) | {
            relationship
            for connection in flow["connections"]
            if connection["source"]["id"] == one["identifier"]
            for relationship in connection["selectedRelationships"]
        }
        assert used <= recorded.relationships | dynamic


@pytest.mark.parametrize("version", nifi_components.versions())
@pytest.mark.parametrize("kind", MADE_OVER_REST)
def test_what_is_made_over_rest_fits(kind: str, version: str) -> None:
    for known in descriptors(kind, version):
        values = {wanted: wanted for wanted in MADE_OVER_REST[kind]}
        found = properties.named(kind, known, values)
        assert found.keys() <= known.keys()
        recorded = nifi_components.component(kind)
        assert all(name in recorded.every_name(wanted) for name, wanted in found.items())


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("2.3.0", "dbf-normalize"),
        ("2.6.0", "dbf-normalize"),
        ("2.9.0", "Normalize Table and Column Names"),
        ("2.11.0", "Normalize Table and Column Names"),
    ],
)
def test_the_question_to_a_database_names_its_property_as_that_nifi_does(version: str, name: str) -> None:
    known = descriptors(database.TYPE, version)[0]
    assert properties.named(database.TYPE, known, {database.NORMALIZE: "true"}) == {name: "true"}


@pytest.mark.parametrize(
    ("kind", "name", "version", "called"),
    [
        ("amqp.processors.ConsumeAMQP", "batch.size", "2.3.0", "batch.size"),
        ("amqp.processors.ConsumeAMQP", "batch.size", "2.6.0", "Batch Size"),
        ("amqp.processors.ConsumeAMQP", "User Name", "2.6.0", "User Name"),
        ("amqp.processors.ConsumeAMQP", "User Name", "2.9.0", "Username"),
        ("jms.processors.PublishJMS", "message-body-type", "2.9.0", "message-body-type"),
        ("jms.processors.PublishJMS", "message-body-type", "2.11.0", "Message Body Type"),
        ("jms.cf.JMSConnectionFactoryProvider", "cflib", "2.3.0", "cflib"),
        ("jms.cf.JMSConnectionFactoryProvider", "cflib", "2.9.0", "JMS Client Libraries"),
        ("kafka.processors.ConsumeKafka", "auto.offset.reset", "2.11.0", "auto.offset.reset"),
    ],
)
def test_the_names_of_the_brokers_processors_move_between_versions(
    kind: str, name: str, version: str, called: str
) -> None:
    found = nifi_components.component(f"org.apache.nifi.{kind}")
    assert found.names(name, version)[0] == called
    assert {name, called} <= set(found.every_name(called))


def test_a_property_that_is_not_recorded_is_found_by_the_name_that_people_see() -> None:
    known = {"new-key": SimpleNamespace(display_name="Schema Text"), "x": SimpleNamespace(display_name="Other")}
    assert properties.named("a.Reader", known, {"Schema text": "{}"}) == {"new-key": "{}"}
    with pytest.raises(ToolError, match=r"Reader of this NiFi has no property 'gone'. It has: new-key, x\."):
        properties.named("a.Reader", known, {"gone": "1"})
