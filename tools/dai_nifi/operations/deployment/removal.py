"""Taking a flow from NiFi, with the parameter context that nothing else uses."""

from __future__ import annotations

import nipyapi

from dai_nifi.client.calls import nifi_calls, until_accepted, wait_for
from dai_nifi.errors import InvalidFlowError
from dai_nifi.operations import lifecycle
from dai_nifi.operations.canvas import context, deployed
from dai_nifi.operations.canvas.deployed import Deployed


def queued(flow: Deployed) -> int:
    """How many FlowFiles wait in a flow's queues or are worked on."""
    return int(deployed.group(flow).status.aggregate_snapshot.flow_files_queued or 0)


def take_away(flow: Deployed, timeout: float) -> int:
    """Stop a flow and remove its process group; returns how many FlowFiles were dropped with it."""
    lifecycle.stop_group(flow.id, timeout)
    dropped = queued(flow)
    if dropped:
        _drop(flow, timeout)
    lifecycle.set_services(flow.id, "DISABLED", timeout)

    def remove() -> None:
        version = str(deployed.group(flow).revision.version)
        nipyapi.nifi.ProcessGroupsApi().remove_process_group(flow.id, version=version)

    until_accepted(remove)
    return dropped


def remove_context(context_id: str, timeout: float) -> list[str]:
    """Delete a parameter context with its files, once its group is gone; returns what else uses it: then it stays."""
    others = deployed.shares_with(context_id, "")
    if not others and context.is_own(context_id):
        context.remove(context_id, timeout)
    return others


def clear(flow: Deployed | None, context_id: str | None, timeout: float) -> None:
    """Remove what a deployment has placed that did not come to its end."""
    if flow is not None:
        take_away(flow, timeout)
    if context_id is not None:
        remove_context(context_id, timeout)


def _drop(flow: Deployed, timeout: float) -> None:
    calls = nipyapi.nifi.ProcessGroupsApi()
    with nifi_calls():
        request = calls.create_empty_all_connections_request(flow.id).drop_request.id

        def finished() -> bool | None:
            return True if calls.get_drop_all_flowfiles_request(flow.id, request).drop_request.finished else None

        wait_for(finished, timeout, lambda: InvalidFlowError(f"NiFi did not empty the queues within {timeout:g} s."))
        calls.remove_drop_request1(flow.id, request)
