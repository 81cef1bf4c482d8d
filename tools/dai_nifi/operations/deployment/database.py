"""Asking a database, through the connection pool of a flow, whether it has what the flow uses.

NiFi reaches the database, and the machine that deploys may not. So a processor of NiFi asks: it is placed in the flow,
run once for each question, and removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nipyapi

from dai_nifi.client.calls import nifi_calls, wait_for
from dai_nifi.errors import InvalidFlowError, ToolError
from dai_nifi.operations.canvas import deployed, properties
from dai_nifi.operations.lifecycle import bulletins

_ASKER = "Asked by dai-nifi deploy"
TYPE = "org.apache.nifi.processors.standard.ExecuteSQL"

POOL = "Database Connection Pooling Service"
QUERY = "SQL Query"
# The answer is Avro, which does not allow every name that a column can have.
NORMALIZE = "dbf-normalize"


def check(group: str, pool: str, wanted: Mapping[str, str], timeout: float) -> None:
    """Run statements that change nothing, named by what they look for; raises InvalidFlowError for those that fail."""
    for left in deployed.processors(group):
        if left.component.name == _ASKER:
            remove(left.id)
    (service,) = (one.id for one in deployed.services(group) if one.component.name == pool)
    asker = _place(group, service)
    try:
        for what, statement in wanted.items():
            said = _ask(asker, statement, timeout)
            if said is not None:
                raise InvalidFlowError(
                    f"The database does not give what the flow needs, {what}:\n  {said}\n"
                    "Fix that and deploy again under the same name."
                )
    finally:
        remove(asker)


def _place(group: str, service: str) -> str:
    with nifi_calls():
        (kind,) = (
            one for one in nipyapi.nifi.FlowApi().get_processor_types(type=TYPE).processor_types if one.type == TYPE
        )
        entity = nipyapi.canvas.create_processor(
            nipyapi.canvas.get_process_group(group, "id"),
            kind,
            (0.0, -1000.0),
            _ASKER,
            nipyapi.nifi.ProcessorConfigDTO(auto_terminated_relationships=["success", "failure"]),
        )
        asker = str(entity.id)
        try:
            properties.set_of_processor(asker, {POOL: service, QUERY: "SELECT 1", NORMALIZE: "true"})
        except ToolError:
            remove(asker)
            raise
    return asker


def _ask(asker: str, statement: str, timeout: float) -> str | None:
    """What the database had to say against a statement, or None."""
    return run_once(asker, {QUERY: statement}, timeout)


def run_once(asker: str, values: Mapping[str, str], timeout: float) -> str | None:
    """Let a processor run once with these values of its properties; what it had to say against them, or None.

    Raises InvalidFlowError if it is not valid with them, or does not come to its end.
    """
    before = max((one.id for one in bulletins(source_id=asker)), default=-1)
    calls = nipyapi.nifi.ProcessorsApi()

    def late() -> ToolError:
        return InvalidFlowError(f"NiFi did not check it within {timeout:g} s: {told() or 'it does not say why'}")

    def valid() -> Any | None:
        found = calls.get_processor(asker)
        return found if found.component.validation_status == "VALID" else None

    def told() -> str:
        return " ".join(calls.get_processor(asker).component.validation_errors or [])

    def over() -> bool | None:
        found = calls.get_processor(asker)
        busy = found.component.state != "STOPPED" or found.status.aggregate_snapshot.active_thread_count
        return None if busy else True

    with nifi_calls():
        properties.set_of_processor(asker, values)
        entity = wait_for(valid, timeout, late)
        body = {"revision": entity.revision, "state": "RUN_ONCE"}
        calls.update_run_status5(body, asker)
        wait_for(over, timeout, late)
    errors = [one.message for one in bulletins(source_id=asker, after=before) if one.level == "ERROR"]
    return _reason(errors[-1]) if errors else None


def _reason(message: str) -> str:
    """The database's own words, after the names of the exceptions that carried them."""
    return message.rpartition("Caused by: ")[2].strip() or message


def remove(asker: str) -> None:
    """Take a processor away that was placed to ask something."""
    with nifi_calls():
        nipyapi.canvas.delete_processor(nipyapi.canvas.get_processor(asker, "id"), force=True)
