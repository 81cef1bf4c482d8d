"""Whether the port of a flow is free, as far as NiFi's other flows show."""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.errors import ConflictError, NotPermittedError
from dai_nifi.operations.canvas import deployed, parameter_context
from dai_nifi.operations.canvas.deployed import DeployedFlow

PORT, HOST = "http.port", "http.host"

_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound


def check(values: Mapping[str, str | None], there: DeployedFlow | None) -> None:
    """Raise ConflictError if another deployed flow that runs has the port; whether a program has it, NiFi must try."""
    port = values.get(PORT)
    if port is None:
        return
    for flow in deployed.find_all():
        if (there is not None and flow.id == there.id) or flow.context_id is None:
            continue
        try:
            other = parameter_context.read(flow.context_id).values
        except NotPermittedError:
            continue
        if other.get(PORT) != port or not _meet(values.get(HOST), other.get(HOST)):
            continue
        if any(one.component.state == "RUNNING" for one in deployed.processors(flow.id)):
            raise ConflictError(
                f"The flow {flow.name} has the port {port} already. Nothing was changed. Give this one another: "
                f"--param {PORT}=PORT."
            )


def _meet(one: str | None, other: str | None) -> bool:
    return one == other or (one or "") in _EVERYWHERE or (other or "") in _EVERYWHERE
