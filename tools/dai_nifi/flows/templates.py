"""The flows that this suite ships."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from dai_nifi import resources
from dai_nifi.errors import NotFoundError, UsageError
from dai_nifi.flows.batch import database, files
from dai_nifi.flows.common import RUNTIMES, Template
from dai_nifi.flows.parts import Json
from dai_nifi.flows.realtime import champion_challenger, http
from dai_nifi.flows.stream import activemq, kafka, rabbitmq

TEMPLATES: Mapping[str, Template] = {
    one.name: one
    for one in (
        http.TEMPLATE,
        champion_challenger.TEMPLATE,
        files.TEMPLATE,
        database.TEMPLATE,
        kafka.TEMPLATE,
        activemq.TEMPLATE,
        rabbitmq.TEMPLATE,
    )
}


def template(name: str) -> Template:
    """The template of that name; raises NotFoundError with the names there are."""
    try:
        return TEMPLATES[name]
    except KeyError:
        raise NotFoundError(f"There is no flow {name!r}. The flows are: {', '.join(TEMPLATES)}.") from None


def file_name(name: str, runtime: str) -> str:
    """How the flow definition of a template and runtime is called."""
    return f"{name}-{runtime}.json"


def generated(name: str, runtime: str) -> str:
    """The flow definition as the file holds it, made from the source here."""
    found = template(name)
    _check_runtime(found, runtime)
    flow = found.build(RUNTIMES[runtime])
    return json.dumps(flow.definition(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def path(name: str, runtime: str) -> Path:
    """The shipped file of a template and runtime; raises NotFoundError or UsageError."""
    found = template(name)
    _check_runtime(found, runtime)
    file = resources.flows() / file_name(name, runtime)
    if not file.is_file():
        raise NotFoundError(f"The flow definition {file} is missing; install this package again.")
    return file


def definition(name: str, runtime: str) -> Json:
    """The shipped flow definition of a template and runtime, parsed."""
    loaded: Json = json.loads(path(name, runtime).read_text(encoding="utf-8"))
    return loaded


def fingerprint(flow: Json) -> str:
    """A short hash that changes whenever a flow definition does."""
    text = json.dumps(flow, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _check_runtime(found: Template, runtime: str) -> None:
    if runtime not in found.runtimes:
        raise UsageError(
            f"The flow {found.name} has no runtime {runtime!r}. Its runtimes are: {', '.join(found.runtimes)}."
        )
