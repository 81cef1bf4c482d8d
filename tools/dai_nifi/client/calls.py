"""What every call to NiFi needs: foreign exceptions become the tool's own, and waiting ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import nipyapi
import urllib3.exceptions

from dai_nifi.client.connection import describe
from dai_nifi.errors import (
    ConflictError,
    InvalidFlowError,
    NiFiUnreachableError,
    NodeAwayError,
    NotFoundError,
    NotPermittedError,
    ToolError,
)

Found = TypeVar("Found")

DEFAULT_TIMEOUT = 120.0

PAUSE = 0.25
"""Seconds between two questions to NiFi while something is waited for."""

_SETTLED = 60.0

_ACCEPTED = 20.0

_OLD_REVISION = "is not the most up-to-date revision"

# What NiFi's replicator of requests says while a node of the cluster is away, or has just gone.
_NODE_SILENT = "WebClientServiceException: Request execution failed"
_NODE_AWAY = re.compile(
    r"disconnected from the cluster|not connected|is (still )?(dis)?connecting|node.* disconnected", re.I
)


@contextmanager
def nifi_calls() -> Iterator[None]:
    """Translate what nipyapi raises inside the block."""
    try:
        yield
    except nipyapi.nifi.rest.ApiException as error:
        raise _translated(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise NiFiUnreachableError(f"NiFi at {api()} does not answer: {_reason(error)}") from error


def if_permitted(call: Callable[[], Found]) -> Found | None:
    """What NiFi answers, None where this user may not know."""
    with nifi_calls():
        try:
            return call()
        except nipyapi.nifi.rest.ApiException as error:
            if error.status != 403:
                raise
            return None


def api() -> str:
    """The address of NiFi's API, as nipyapi is set up."""
    return str(nipyapi.config.nifi_config.host)


def canvas(group: str) -> str:
    """The address of a process group in NiFi's web interface."""
    return f"{api().removesuffix('-api')}/#/process-groups/{group}"


def wait_for(
    check: Callable[[], Found | None],
    timeout: float,
    late: Callable[[], ToolError],
    busy: Callable[[], bool] = lambda: False,
    pause: float = PAUSE,
) -> Found:
    """Ask until the check gives something; raises what ``late`` makes if that takes too long.

    The time while ``busy`` does not count: something goes on that takes as long as it takes.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = check()
        if found is not None:
            return found
        if busy():
            deadline = time.monotonic() + timeout
        if time.monotonic() > deadline:
            raise late()
        time.sleep(pause)


def of_all_nodes(call: Callable[[], Found]) -> Found:
    """What a call to NiFi gives; asked again for a while where NiFi fails at it.

    A cluster answers 500 as long as a Python processor is ready on one node and not on the other (its
    PropertyDescriptorDtoMerger throws a NullPointerException, in 2.3.0).
    """
    failures: list[Any] = []

    def answer() -> Found | None:
        try:
            return call()
        except nipyapi.nifi.rest.ApiException as error:
            if error.status != 500:
                raise
            failures.append(error)
            return None

    with nifi_calls():
        return wait_for(answer, _SETTLED, lambda: _translated(failures[-1]))


def until_accepted(call: Callable[[], Found]) -> Found:
    """What a call to NiFi gives; made again for a while where NiFi refuses it for now (409, or an old revision).

    Just after its start, and while it starts or stops components, NiFi changes them itself. The call must ask for
    revisions anew each time.
    """
    refusals: list[ConflictError] = []

    def accepted() -> list[Found] | None:
        try:
            with nifi_calls():
                return [call()]
        except ConflictError as error:
            refusals.append(error)
            return None

    return wait_for(accepted, _ACCEPTED, lambda: refusals[-1])[0]


def finish_request(
    get: Callable[[], Any], delete: Callable[[], Any], what: str, timeout: float, pause: float = PAUSE
) -> None:
    """Wait for one of NiFi's asynchronous requests and remove it; raises InvalidFlowError if it failed."""

    def complete() -> Any | None:
        request = get().request
        return request if request.complete else None

    # An unfinished request is left alone: to delete it is to cancel it half-way.
    request = wait_for(
        complete, timeout, lambda: InvalidFlowError(f"NiFi did not {what} within {timeout:g} s."), pause=pause
    )
    delete()
    if request.failure_reason:
        raise InvalidFlowError(f"NiFi could not {what}: {request.failure_reason}")


def _translated(error: Any) -> ToolError:
    said = describe(error)[:1000]
    if error.status in (401, 403):
        return NotPermittedError(f"NiFi at {api()} does not let this user do it ({error.status}): {said}")
    if error.status == 404:
        return NotFoundError(f"NiFi does not find it: {said}")
    if error.status == 500 and _NODE_SILENT in said:
        return NodeAwayError(
            f"A node of NiFi's cluster does not answer the others: {said.partition(_NODE_SILENT)[2].strip()}. NiFi "
            "gives such a node up within a minute, and then shows again what runs. For changes, start that node "
            "(dai-nifi nifi start, for a local cluster) or take it out of the cluster, and try again."
        )
    if error.status == 409 and _NODE_AWAY.search(said):
        return NodeAwayError(
            f"NiFi takes no changes of a flow while a node of its cluster is away: {said} Start that node, or take it "
            "out of the cluster, and try again."
        )
    if error.status == 409 or (error.status == 400 and _OLD_REVISION in said):
        return ConflictError(f"NiFi refuses for now: {said}")
    return ToolError(f"NiFi answered {error.status}: {said}")


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    return str(inner if isinstance(inner, BaseException) else error)
