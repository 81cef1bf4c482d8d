"""The shipped flow definitions, for people: what there is, and a copy of one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dai_nifi.errors import UsageError
from dai_nifi.flows import templates
from dai_nifi.flows.common import RUNTIMES


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter of a shipped flow."""

    name: str
    description: str
    default: str | None
    required: bool


@dataclass(frozen=True)
class FlowInfo:
    """A shipped flow."""

    name: str
    summary: str
    runtimes: list[str]
    parameters: list[ParameterInfo]


def list_flows() -> list[FlowInfo]:
    """The flows that can be deployed or exported."""
    return [
        FlowInfo(
            one.name,
            one.summary,
            list(one.runtimes),
            [
                *(ParameterInfo(each.name, each.description, each.default, each.required) for each in one.parameters),
                *(
                    ParameterInfo(each.name, f"Runtime {name}: {each.description}", each.default, required=False)
                    for name in one.runtimes
                    for each in RUNTIMES[name].parameters
                ),
            ],
        )
        for one in templates.TEMPLATES.values()
    ]


def export(name: str, file: Path, runtime: str = "java") -> Path:
    """Copy a flow definition to a file, or into a folder; returns the file.

    Raises NotFoundError for an unknown flow, UsageError for an unknown runtime or a place that cannot be written.
    """
    source = templates.path(name, runtime)
    target = file / source.name if file.is_dir() else file
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}.") from error
    return target
