"""NiFi's own processors and controller services, of which the flows are made: whether a NiFi has them."""

from __future__ import annotations

from collections.abc import Mapping

import nipyapi

from dai_nifi.errors import NotFoundError
from dai_nifi.flows.builder import Json
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.rest import nifi_calls


def known() -> frozenset[str]:
    """The types of the processors and controller services that the connected NiFi has."""
    with nifi_calls():
        calls = nipyapi.nifi.FlowApi()
        processors = calls.get_processor_types().processor_types or []
        services = calls.get_controller_service_types().controller_service_types or []
    return frozenset(one.type for one in (*processors, *services))


def lacking(definition: Json, there: frozenset[str]) -> Mapping[str, str]:
    """What a flow definition needs that is not there: the archive (NAR) that has it, by its short name.

    The processors of this suite are not looked at.
    """
    own = {one.processor for one in RUNTIMES.values()}
    contents = definition["flowContents"]
    return {
        one["type"].rpartition(".")[2]: one["bundle"]["artifact"]
        for one in (*contents["processors"], *contents["controllerServices"])
        if one["type"] not in there | own
    }


def check(flow: str, definition: Json) -> None:
    """Raise NotFoundError if the connected NiFi lacks something that the definition needs."""
    missing = lacking(definition, known())
    if missing:
        archives = ", ".join(sorted(set(missing.values())))
        raise NotFoundError(
            f"This NiFi lacks {', '.join(sorted(missing))}, of which the flow {flow} is made. Nothing was changed. Add "
            f"the archives of NiFi's own version to its lib folder and restart it: {archives}."
        )
