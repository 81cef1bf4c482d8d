"""What this suite has in a NiFi: processors, flows, their ports and licences."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Sequence
from urllib.parse import urlsplit

from dai_nifi.archives import install
from dai_nifi.checkup.finding import OK, PROBLEM, UNKNOWN, Finding
from dai_nifi.client import api
from dai_nifi.client.errors import address
from dai_nifi.errors import NiFiUnreachableError, NotPermittedError, ToolError
from dai_nifi.flows import templates
from dai_nifi.flows.common import LICENCE, MODEL, RUNTIMES
from dai_nifi.operations import status
from dai_nifi.operations.canvas import deployed, parameter_context
from dai_nifi.operations.changes import lease
from dai_nifi.operations.deployment import components
from dai_nifi.operations.deployment.checks import LARGEST_ASSET
from dai_nifi.operations.models import processor_state
from dai_nifi.operations.status import FlowStatus
from dai_nifi_protocol import Code, has_code

_LICENCE_VARIABLES = ("DRIVERLESS_AI_LICENSE_KEY", "DRIVERLESS_AI_LICENSE_FILE")
_ANSWER_SECONDS = 10


def examine() -> Iterator[Finding]:
    """Check the processors and the deployed flows of the connected NiFi."""
    types = api.flow.get_processor_types().processor_types or []
    versions: dict[str, set[str]] = {}
    for one in types:
        versions.setdefault(one.type, set()).add(one.bundle.version)
    yield from _processors(versions)
    yield _archives()
    yield _components()
    flows = status.status_all()
    yield _flows(flows)
    yield _changes({one.name for one in flows})
    yield _parameters()
    yield from _ports(flows)
    yield _licence(flows)
    yield Finding("assets", OK, f"models of up to {LARGEST_ASSET >> 30} GB can be uploaded to NiFi")


def python_of_processors() -> str | None:
    """The version of NiFi's Python, as a scoring processor reports it; None if none does."""
    for flow in deployed.find_all():
        runtime = RUNTIMES.get(flow.mark.runtime)
        for one in deployed.processors(flow.id):
            if runtime and one.component.type == runtime.processor:
                version = processor_state.read(one.id).first("python")
                if version is not None:
                    return version
    return None


def _processors(known: dict[str, set[str]]) -> Iterator[Finding]:
    present = [one for one in RUNTIMES.values() if one.processor in known]
    if not present:
        names = ", ".join(one.processor for one in RUNTIMES.values())
        yield Finding(
            "processors", PROBLEM, f"none of {names} is installed", "dai-nifi nars build, then dai-nifi nars install."
        )
    for one in present:
        versions = ", ".join(sorted(known[one.processor]))
        if one.version in known[one.processor]:
            yield Finding("processors", OK, f"{one.processor} {versions}")
        else:
            yield Finding(
                "processors",
                PROBLEM,
                f"{one.processor} is there in version {versions}; this tool goes with {one.version}",
                "Build and install the archives of this version: dai-nifi nars build, dai-nifi nars install.",
            )


def _archives() -> Finding:
    """Whether the archives that were uploaded have been installed."""
    try:
        found = install.list_when_installed()
    except NotPermittedError:
        return Finding("archives", UNKNOWN, "this user may not see NiFi's archives", "Ask as a user who may.")
    except NiFiUnreachableError:
        raise
    except ToolError as error:
        # This happens when the Python process in which NiFi reads archives has ended.
        return Finding("archives", PROBLEM, str(error), "Restart NiFi; its log says why.")
    bad = [one for one in found if not one.installed]
    if bad:
        text = "; ".join(f"{one.name} {one.version} is not installed: {one.problem or one.state}" for one in bad)
        removed = "; ".join(f"dai-nifi nars remove {one.name}" for one in bad)
        return Finding("archives", PROBLEM, text, f"{removed}. NiFi's log says why; build it again for this NiFi.")
    return Finding("archives", OK, ", ".join(f"{one.name} {one.version}" for one in found) or "none was uploaded")


def _components() -> Finding:
    """Whether NiFi has all the processors and services of its own that the flows use.

    A NiFi without those for message brokers is fine, for flows that have nothing to do with brokers.
    """
    there = components.component_types()
    for_flows: dict[components.MissingComponent, list[str]] = {}
    without = []
    for name, template in templates.TEMPLATES.items():
        missing = components.missing_from(templates.definition(name, template.runtimes[0]), there)
        if missing and template.for_broker:
            without.append(f"{name} needs {components.archives(missing)}")
            continue
        for one in missing:
            for_flows.setdefault(one, []).append(name)
    if not for_flows:
        text = "all of NiFi's own that the flows need"
        return Finding("components", OK, f"{text}, but {'; '.join(without)}" if without else text)
    text = "; ".join(f"{one.kind} (for {', '.join(names)}): {one.why}" for one, names in for_flows.items())
    return Finding("components", PROBLEM, f"this NiFi lacks {text}", components.advice(for_flows))


def _changes(flows: Collection[str]) -> Finding:
    """Whether a command was cut off in the middle of a change; ``flows`` are the names of the flows on the canvas."""
    found = lease.all_changes()
    bad = [one for one in found if one.cut_off]
    if bad:
        advice = " ".join(one.advice(is_there=one.name in flows) for one in bad)
        return Finding("changes", PROBLEM, "; ".join(one.says for one in bad), advice)
    return Finding("changes", OK, "; ".join(one.says for one in found) or "no command was cut off")


def _parameters() -> Finding:
    """Whether flows share their parameters: then a value set for one is set for the other too."""
    contexts = api.flow.get_parameter_contexts().parameter_contexts or []
    common = []
    for one in (entity.component for entity in contexts if entity.component is not None):
        bound = one.bound_process_groups or []
        named = [f"{group.component.name if group.component else 'a group'} ({group.id})" for group in bound]
        if len(bound) > 1 and MODEL.name in {each.parameter.name for each in one.parameters or []}:
            common.append(f"{', '.join(named)} share the parameter context {one.name!r}")
    if common:
        return Finding(
            "parameters",
            PROBLEM,
            "; ".join(common),
            "Give all but one of them separate parameters: dai-nifi adopt ID --name NAME.",
        )
    return Finding("parameters", OK, "no two flows share theirs")


def _flows(flows: Sequence[FlowStatus]) -> Finding:
    waiting = [one for one in flows if one.state == status.NOT_SCORING]
    if waiting:
        text = "; ".join(f"{one.name}: {'; '.join(one.problems)}" for one in waiting)
        advice = (
            "A process that is being restarted scores again within a minute. If it ends again and again, the machine "
            "has too little memory. Fix anything else; FlowFiles wait until then."
        )
        return Finding("flows", PROBLEM, text, advice)
    bad = [one for one in flows if one.state == "invalid" or one.problems]
    if bad:
        text = "; ".join(f"{one.name}: {'; '.join(one.problems) or one.state}" for one in bad)
        return Finding("flows", PROBLEM, text, "dai-nifi status NAME says more; deploy again once it is fixed.")
    halves = [one.name for one in flows if one.state == "partly running"]
    if halves:
        return Finding("flows", PROBLEM, f"{', '.join(halves)}: only parts run", "dai-nifi start NAME.")
    names = ", ".join(f"{one.name} ({one.state})" for one in flows)
    return Finding("flows", OK, names or "none is deployed")


def _ports(flows: Sequence[FlowStatus]) -> Iterator[Finding]:
    here = urlsplit(address()).hostname in ("127.0.0.1", "localhost", "::1")
    for one in flows:
        if one.endpoint is None or one.state != "running":
            continue
        ready = one.endpoint.removesuffix("/score") + "/readyz"
        try:
            with urllib.request.urlopen(ready, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - http by construction
                answer.read()
        except (urllib.error.URLError, OSError) as error:
            state = PROBLEM if here else UNKNOWN
            says = f"{one.name} does not answer at {ready}: {getattr(error, 'reason', error)}"
            yield Finding(
                "ports",
                state,
                says,
                "See its bulletins (dai-nifi status), and the firewall if it is on another machine.",
            )
        else:
            yield Finding("ports", OK, f"{one.name} answers at {ready}")


def _licence(flows: Sequence[FlowStatus]) -> Finding:
    lacking = [one.name for one in flows if any(has_code(problem, Code.LICENCE) for problem in one.problems)]
    if lacking:
        return Finding(
            "licence",
            PROBLEM,
            f"the model of {', '.join(lacking)} needs a Driverless AI licence that NiFi does not have",
            "Set DRIVERLESS_AI_LICENSE_KEY where you run dai-nifi deploy, or set the variable in NiFi's environment.",
        )
    given = [one.name for one in deployed.find_all() if _has_key(one)]
    text = [f"a key is set in {', '.join(given)}"] if given else ["no deployed flow lacks one"]
    text += [f"{name} is set here" for name in _LICENCE_VARIABLES if os.environ.get(name)]
    return Finding("licence", OK, "; ".join(text))


def _has_key(flow: deployed.DeployedFlow) -> bool:
    # NiFi shows asterisks for a sensitive value, and nothing if it is not set.
    try:
        return bool(flow.context_id and parameter_context.read(flow.context_id).values.get(LICENCE.name))
    except NotPermittedError:
        return False
