"""NiFi's REST API: every call of the tool to the NiFi that :func:`dai_nifi.client.connection.connect` has chosen.

``flow``, ``controller`` and so on are nipyapi's classes of NiFi's resources, ``canvas``, ``parameters``,
``versioning`` and ``extensions`` its modules of longer operations, and ``dto`` what they take. Their calls raise the
tool's errors (:mod:`dai_nifi.client.errors`). No other module calls nipyapi.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import nipyapi

from dai_nifi.client.errors import address, translated
from dai_nifi.errors import ConflictError, InvalidFlowError, NotPermittedError, ToolError
from dai_nifi.waiting import PAUSE, wait_until

Found = TypeVar("Found")

DEFAULT_TIMEOUT = 120.0
"""Seconds to wait for each thing that NiFi does."""

_RETRY_SECONDS = 60.0
_ACCEPT_SECONDS = 20.0


class _Calls:
    """The calls of a class or module of nipyapi, with their exceptions translated."""

    def __init__(self, of: Callable[[], Any]) -> None:
        self._of = of

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._of(), name)

        @wraps(call)
        def translating(*arguments: Any, **named: Any) -> Any:
            with translated():
                return call(*arguments, **named)

        return translating


# Made at each call: nipyapi's client is another one after each connect().
flow = _Calls(lambda: nipyapi.nifi.FlowApi())
controller = _Calls(lambda: nipyapi.nifi.ControllerApi())
controller_services = _Calls(lambda: nipyapi.nifi.ControllerServicesApi())
counters = _Calls(lambda: nipyapi.nifi.CountersApi())
parameter_contexts = _Calls(lambda: nipyapi.nifi.ParameterContextsApi())
process_groups = _Calls(lambda: nipyapi.nifi.ProcessGroupsApi())
processors = _Calls(lambda: nipyapi.nifi.ProcessorsApi())
system_diagnostics = _Calls(lambda: nipyapi.nifi.SystemDiagnosticsApi())
canvas = _Calls(lambda: nipyapi.canvas)
extensions = _Calls(lambda: nipyapi.extensions)
parameters = _Calls(lambda: nipyapi.parameters)
versioning = _Calls(lambda: nipyapi.versioning)

dto = nipyapi.nifi
"""The documents that NiFi takes and gives, such as ``dto.ProcessorConfigDTO``."""


def canvas_address(group: str) -> str:
    """The address of a process group in NiFi's web interface."""
    return f"{address().removesuffix('-api')}/#/process-groups/{group}"


def if_permitted(call: Callable[[], Found]) -> Found | None:
    """What a call returns; None if this user may not see it."""
    try:
        return call()
    except NotPermittedError as error:
        if error.status != 403:
            raise
        return None


def retried(call: Callable[[], Found]) -> Found:
    """What a call returns; made again for a while if NiFi fails at it.

    A cluster answers 500 as long as a Python processor is ready on one node and not on the other (its
    PropertyDescriptorDtoMerger throws a NullPointerException, in 2.3.0).
    """
    failures: list[ToolError] = []

    def look() -> list[Found] | None:
        try:
            return [call()]
        except ToolError as error:
            if error.status != 500:
                raise
            failures.append(error)
            return None

    return wait_until(look, _RETRY_SECONDS, lambda: failures[-1])[0]


def until_accepted(call: Callable[[], Found]) -> Found:
    """What a call returns; made again for a while if NiFi refuses it for now (409, or an old revision).

    Just after its start, and while it starts or stops components, NiFi changes them itself. The call must read the
    revisions again each time.
    """
    refusals: list[ConflictError] = []

    def look() -> list[Found] | None:
        try:
            return [call()]
        except ConflictError as error:
            refusals.append(error)
            return None

    return wait_until(look, _ACCEPT_SECONDS, lambda: refusals[-1])[0]


def finish_request(
    get: Callable[[], Any], delete: Callable[[], Any], what: str, timeout: float, pause: float = PAUSE
) -> None:
    """Wait for one of NiFi's asynchronous requests and remove it; raises InvalidFlowError if it failed."""

    def complete() -> Any | None:
        request = get().request
        return request if request.complete else None

    # An unfinished request is left alone: to delete it is to cancel it half-way.
    request = wait_until(
        complete, timeout, lambda: InvalidFlowError(f"NiFi did not {what} within {timeout:g} s."), pause=pause
    )
    delete()
    if request.failure_reason:
        raise InvalidFlowError(f"NiFi could not {what}: {request.failure_reason}")


def connected_nodes() -> int:
    """How many nodes NiFi has; 1 if it is no cluster."""
    summary = flow.get_cluster_summary().cluster_summary
    return int(summary.connected_node_count or 1) if summary.clustered else 1


def processor_type(name: str) -> Any:
    """What NiFi says of its processor type of this class; the last one if it has several versions."""
    return next(one for one in flow.get_processor_types(type=name).processor_types if one.type == name)


@contextmanager
def unparsed(call: Callable[..., Any], *arguments: Any, **named: Any) -> Iterator[Any]:
    """NiFi's answer to a call as it was sent: with ``read()``, or as a stream, and ``headers``."""
    answer = call(*arguments, _preload_content=False, **named)
    try:
        with translated():
            yield answer
    finally:
        answer.release_conn()
