"""Whether NiFi finds the components of a flow: in the bundle that the flow names, or elsewhere if it has none such."""

from __future__ import annotations

from typing import Any

import pytest

from dai_nifi.flows import templates
from dai_nifi.flows.parts import Bundle
from dai_nifi.operations.deployment import components
from dai_nifi.operations.deployment.components import MissingComponent

UPDATE = "org.apache.nifi.processors.attributes.UpdateAttribute"
OWN, STANDARD = "nifi-update-attribute-nar", "nifi-standard-nar"


def official(definition: dict[str, Any], version: str = "2.3.0") -> dict[str, frozenset[Bundle]]:
    """An official NiFi of that version, as far as the flow goes."""
    contents = definition["flowContents"]
    return {
        one["type"]: frozenset({Bundle(one["bundle"]["artifact"], version)})
        for one in (*contents["processors"], *contents["controllerServices"])
    }


@pytest.fixture
def flow() -> dict[str, Any]:
    return templates.definition("realtime-http", "java")


@pytest.mark.parametrize("version", ["2.3.0", "2.9.0"])
def test_an_official_nifi_has_all(flow: dict[str, Any], version: str) -> None:
    assert components.missing_from(flow, official(flow, version)) == []


def test_the_named_bundle_is_there_and_does_not_have_it(flow: dict[str, Any]) -> None:
    there = official(flow) | {
        UPDATE: frozenset({Bundle(STANDARD)}),
        "some.Other": frozenset({Bundle(OWN)}),
    }
    assert components.missing_from(flow, there) == [
        MissingComponent(
            "UpdateAttribute", OWN, f"the {OWN} 2.3.0 that is there does not have it; it is in {STANDARD} 2.3.0"
        )
    ]


def test_another_bundle_is_taken_where_the_named_one_is_absent(flow: dict[str, Any]) -> None:
    there = official(flow) | {UPDATE: frozenset({Bundle(STANDARD)})}
    assert components.missing_from(flow, there) == []


def test_of_several_other_bundles_nifi_takes_none(flow: dict[str, Any]) -> None:
    there = official(flow) | {UPDATE: frozenset({Bundle(OWN, "2.4.0"), Bundle(OWN, "2.5.0")})}
    (found,) = components.missing_from(flow, there)
    assert found.why == f"it is there more than once ({OWN} 2.4.0, {OWN} 2.5.0), but not in {OWN} 2.3.0"


def test_nothing_has_it(flow: dict[str, Any]) -> None:
    there = {kind: bundles for kind, bundles in official(flow).items() if kind != UPDATE}
    assert components.missing_from(flow, there) == [MissingComponent("UpdateAttribute", OWN, f"no {OWN} is there")]
    # The version belongs to the bundle's name, and so does the group.
    elsewhere = there | {UPDATE: frozenset({Bundle(OWN, "2.3.0", "com.example")})}
    assert components.missing_from(flow, elsewhere) == []


@pytest.mark.parametrize(
    ("name", "archives"),
    [
        ("stream-kafka", "nifi-kafka-3-service-nar, nifi-kafka-nar, nifi-kafka-service-api-nar"),
        ("stream-activemq", "nifi-jms-cf-service-nar, nifi-jms-processors-nar"),
        ("stream-rabbitmq", "nifi-amqp-nar"),
    ],
)
def test_the_archives_that_a_flow_for_a_broker_needs_are_named_with_those_that_they_need(
    name: str, archives: str
) -> None:
    definition = templates.definition(name, "java")
    assert components.missing_from(definition, official(definition)) == []
    of_brokers = ("kafka", "jms", "amqp")
    there = {
        kind: bundles for kind, bundles in official(definition).items() if not any(one in kind for one in of_brokers)
    }
    missing = components.missing_from(definition, there)
    assert components.archives(missing) == archives
    assert components.advice(missing).endswith(f"restart it: {archives}.")
    assert "https://nifi.apache.org/download" in components.advice(missing)
