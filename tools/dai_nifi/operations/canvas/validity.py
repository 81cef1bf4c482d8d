"""Whether the components of a flow are valid, and waiting until they are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from dai_nifi.client import nifi_messages
from dai_nifi.errors import InvalidFlowError, ToolError
from dai_nifi.operations.canvas import controller_services, deployed
from dai_nifi.operations.canvas.deployed import DeployedFlow
from dai_nifi.waiting import wait_until
from dai_nifi_protocol import Code, find_code, has_code
from dai_scoring.progress import Progress

# NiFi repeats validation in the background after some seconds; an error that lasts longer than this is real.
_SETTLED_SECONDS = 8.0

_LONGEST_STEP = 90


def is_not_ready(error: str) -> bool:
    """Whether a validation error says that a processor is not ready yet: its Python process is about to start."""
    return nifi_messages.is_loading(error) or has_code(error, Code.JAVA_RESTARTING)


def problems(processors: Sequence[Any]) -> list[str]:
    """The validation errors of processors, with their names; without those of processors that are not ready yet."""
    return [
        f"{one.component.name}: {error}"
        for one in processors
        if one.component.validation_status == "INVALID"
        for error in one.component.validation_errors or []
        if not is_not_ready(error)
    ]


def not_valid(processors: Sequence[Any]) -> list[str]:
    """The processors that are not valid, each with its validation errors, or with its status if there are none."""
    return [
        f"{one.name}: {' '.join(one.validation_errors or []) or one.validation_status}"
        for one in (entity.component for entity in processors)
        if one.validation_status != "VALID"
    ]


def wait_until_valid(flow: DeployedFlow, timeout: float, progress: Progress) -> None:
    """Enable the services and wait until every processor is valid. Raises InvalidFlowError, naming those that are not.

    The time in which a processor makes its Python environment does not count.
    """
    progress(f"enabling the services of {flow.name}", None)
    controller_services.set_state(flow.id, "ENABLED", timeout)
    progress(f"waiting until every component of {flow.name} is valid", None)
    since: dict[str, float] = {}
    environments: list[str] = []

    def valid() -> bool:
        found = deployed.processors(flow.id)
        wrong = []
        environments.clear()
        for problem in problems(found):
            code = find_code(problem)
            if code is not None and code[0] == Code.ENVIRONMENT_BEING_MADE:
                environments.append(code[1])
                progress(environment_step(code[1]), None)
            else:
                wrong.append(problem)
        for text in since.keys() - set(wrong):
            del since[text]
        now = time.monotonic()
        for text in wrong:
            since.setdefault(text, now)
        if any(now - first > _SETTLED_SECONDS for first in since.values()):
            raise invalid(flow, wrong)
        return all(one.component.validation_status == "VALID" for one in found)

    def late() -> ToolError:
        return invalid(flow, not_valid(deployed.processors(flow.id)), f" after {timeout:g} s")

    wait_until(valid, timeout, late, busy=lambda: bool(environments))


def environment_step(step: str) -> str:
    """A line of progress about the Python environment that a processor makes."""
    return f"making the Python environment: {step[:_LONGEST_STEP]}"


def invalid(flow: DeployedFlow, found: Sequence[str], when: str = "") -> InvalidFlowError:
    """The error for a flow with these problems."""
    lines = "\n  ".join(found)
    # NiFi 2.3 can lose a processor's process when an archive is replaced, and waits for it until it is started again.
    lost = any(is_not_ready(line) or nifi_messages.is_lost(line) for line in found)
    advice = "Fix that"
    if lost:
        advice = "Restart NiFi, which could not start the processor's Python (of make demo: make stop),"
    elif any(nifi_messages.is_folder_missing(line) for line in found):
        advice = "Make the folder on the machine that runs NiFi, for NiFi's user to read and write,"
    return InvalidFlowError(
        f"The flow {flow.name} is not valid{when}:\n  {lines}\n{advice} and deploy again under the same name."
    )
