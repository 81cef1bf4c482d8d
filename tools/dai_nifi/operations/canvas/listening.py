"""Whether a flow's HandleHttpRequest listens: NiFi says that it runs even if its server does not."""

from __future__ import annotations

from dai_nifi.client import nifi_messages
from dai_nifi.errors import ConflictError, InvalidFlowError, ToolError
from dai_nifi.operations.canvas import bulletins
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.waiting import wait_until

# A server either listens at once or says why not.
SECONDS = 15.0


def failure(flow: DeployedFlow, processor_id: str, after: int) -> ToolError | None:
    """Wait until the processor reports that it listens; returns the error if it reports that it cannot.

    ``after`` is the id of the last bulletin from before it was started. Raises InvalidFlowError if it reports nothing.
    """

    def outcome() -> str | None:
        for one in bulletins.read(source_id=processor_id, after=after):
            if nifi_messages.listens(one.message) is not None:
                return one.message
        return None

    message = wait_until(
        outcome,
        SECONDS,
        lambda: InvalidFlowError(
            f"The flow {flow.name} was started but does not say that it listens; see its bulletins."
        ),
    )
    if nifi_messages.listens(message):
        return None
    if nifi_messages.is_address_in_use(message):
        return ConflictError(
            f"The flow {flow.name} cannot listen: something else has its address "
            f"({nifi_messages.root_cause(message)}). Deploy again under the same name with another "
            "--param http.port=PORT."
        )
    return InvalidFlowError(f"The flow {flow.name} cannot listen: {message}")
