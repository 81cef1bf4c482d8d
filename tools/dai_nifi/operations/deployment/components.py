"""Whether a NiFi has its own processors and controller services that the flows use.

A flow definition names the bundle (group, artifact and version of an archive) of each component. NiFi looks in that
bundle. Only if it has no such bundle, it takes the one other bundle that has the type
(``BundleUtils.getCompatibleBundle`` in NiFi's framework). So a type in another archive than the named one is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dai_nifi.client import api
from dai_nifi.errors import NotFoundError
from dai_nifi.flows import nifi_components
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.parts import Bundle, Json


@dataclass(frozen=True)
class MissingComponent:
    """A component that a flow needs and NiFi does not find; both are short names, of a type and of an archive (NAR)."""

    kind: str
    archive: str
    why: str
    needs: tuple[str, ...] = ()
    """Further archives, which that one needs and which may be missing too."""


def component_types() -> Mapping[str, frozenset[Bundle]]:
    """The bundles that have each type of processor and controller service in the connected NiFi."""
    calls = api.flow
    processors = calls.get_processor_types().processor_types or []
    services = calls.get_controller_service_types().controller_service_types or []
    found: dict[str, set[Bundle]] = {}
    for one in (*processors, *services):
        bundle = Bundle(one.bundle.artifact, one.bundle.version, one.bundle.group)
        found.setdefault(one.type, set()).add(bundle)
    return {name: frozenset(bundles) for name, bundles in found.items()}


def missing_from(definition: Json, there: Mapping[str, frozenset[Bundle]]) -> list[MissingComponent]:
    """What a flow definition needs and a NiFi with these types does not find; ordered by name.

    The processors of this suite are left out.
    """
    own = {one.processor for one in RUNTIMES.values()}
    contents = definition["flowContents"]
    wanted = {
        (one["type"], Bundle(one["bundle"]["artifact"], one["bundle"]["version"], one["bundle"]["group"]))
        for one in (*contents["processors"], *contents["controllerServices"])
        if one["type"] not in own
    }
    found = (
        MissingComponent(_short(kind), named.artifact, why, nifi_components.component(kind).needs)
        for kind, named in wanted
        for why in _not_found(kind, named, there)
    )
    return sorted(found, key=lambda one: one.kind)


def _not_found(kind: str, named: Bundle, there: Mapping[str, frozenset[Bundle]]) -> Iterator[str]:
    """Why NiFi does not find a type in the bundle where it should be; nothing if it does."""
    having = there.get(kind, frozenset())
    if named in having:
        return
    if any(named in bundles for bundles in there.values()):
        yield f"the {_named(named)} that is there does not have it{_elsewhere(having)}"
    elif not having:
        yield f"no {named.artifact} is there"
    elif len(having) > 1:
        yield f"it is there more than once ({_listed(having)}), but not in {_named(named)}"


def _short(kind: str) -> str:
    return kind.rpartition(".")[2]


def _named(bundle: Bundle) -> str:
    return f"{bundle.artifact} {bundle.version}"


def _listed(bundles: Iterable[Bundle]) -> str:
    return ", ".join(sorted(map(_named, bundles)))


def _elsewhere(having: frozenset[Bundle]) -> str:
    return f"; it is in {_listed(having)}" if having else ""


def archives(missing: Iterable[MissingComponent]) -> str:
    """The archives to get for what is missing."""
    return ", ".join(sorted({archive for one in missing for archive in (one.archive, *one.needs)}))


def advice(missing: Iterable[MissingComponent]) -> str:
    """What to do about what is missing."""
    return (
        "An official NiFi has each of these in the archive of that name, in the folder lib of its binary "
        "(https://nifi.apache.org/download). Put the archives of NiFi's own version into its lib folder, in place of "
        f"others that have the same components, and restart it: {archives(missing)}."
    )


def check(flow: str, definition: Json) -> None:
    """Raise NotFoundError if the connected NiFi lacks something that the definition needs."""
    missing = missing_from(definition, component_types())
    if missing:
        lacking = "; ".join(f"{one.kind} ({one.why})" for one in missing)
        raise NotFoundError(
            f"This NiFi lacks components of the flow {flow}: {lacking}. Nothing was changed. {advice(missing)}"
        )
