"""Removing a flow from NiFi, with its parameter context if nothing else uses it."""

from __future__ import annotations

from dai_nifi.client import api
from dai_nifi.errors import InvalidFlowError
from dai_nifi.operations.canvas import controller_services, deployed, parameter_context, scheduling
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.waiting import wait_until


def queued(flow: DeployedFlow) -> int:
    """How many FlowFiles wait in a flow's queues or are worked on."""
    return int(deployed.group(flow).status.aggregate_snapshot.flow_files_queued or 0)


def remove_flow(flow: DeployedFlow, timeout: float) -> int:
    """Stop a flow and remove its process group; returns how many FlowFiles were dropped with it."""
    scheduling.stop_group(flow.id, timeout)
    dropped = queued(flow)
    if dropped:
        _drop(flow, timeout)
    controller_services.set_state(flow.id, "DISABLED", timeout)

    def remove() -> None:
        version = str(deployed.group(flow).revision.version)
        api.process_groups.remove_process_group(flow.id, version=version)

    api.until_accepted(remove)
    return dropped


def remove_context(context_id: str, timeout: float) -> list[str]:
    """Delete a parameter context with its files, once its group is removed.

    Returns what else uses it; if anything does, it stays.
    """
    others = deployed.other_users(context_id, "")
    if not others and parameter_context.is_own(context_id):
        parameter_context.remove(context_id, timeout)
    return others


def clean_up(flow: DeployedFlow | None, context_id: str | None, timeout: float) -> None:
    """Remove what an unfinished deployment has made."""
    if flow is not None:
        remove_flow(flow, timeout)
    if context_id is not None:
        remove_context(context_id, timeout)


def _drop(flow: DeployedFlow, timeout: float) -> None:
    calls = api.process_groups
    request = calls.create_empty_all_connections_request(flow.id).drop_request.id

    def finished() -> bool | None:
        return True if calls.get_drop_all_flowfiles_request(flow.id, request).drop_request.finished else None

    wait_until(finished, timeout, lambda: InvalidFlowError(f"NiFi did not empty the queues within {timeout:g} s."))
    calls.remove_drop_request1(flow.id, request)
