"""The processors and services of several versions of NiFi, from nifi_components.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "nifi_components.json"
_RENAMED_IN = "2.7.0"


@dataclass(frozen=True)
class Component:
    """A type of processor or controller service: ``archive`` is the NAR that has it in an official NiFi."""

    archive: str
    relationships: frozenset[str]
    properties: Mapping[str, Sequence[str]]
    """By the first name: the later ones, the latest first. Empty if it was not renamed."""
    renamed_in: Mapping[str, str] = field(default_factory=dict)
    """By the first name: the version of NiFi that renamed the property, if that was not 2.7."""
    needs: tuple[str, ...] = ()
    """The archives that the archive itself needs, and that are not in every NiFi."""

    def names(self, name: str, version: str) -> tuple[str, ...]:
        """What the property may be called in a version of NiFi; ``name`` is its first name."""
        later = tuple(self.properties[name])
        renamed = _parsed(self.renamed_in.get(name, _RENAMED_IN))
        return later if later and _parsed(version) >= renamed else (name,)

    def every_name(self, name: str) -> tuple[str, ...]:
        """All names that a property has had, by any of them; only the given one if nothing is recorded."""
        known = next((one for one in self.properties.items() if name == one[0] or name in one[1]), None)
        return (name,) if known is None else (known[0], *known[1])


_NOTHING = Component("", frozenset(), {})


def versions() -> tuple[str, ...]:
    """The versions of NiFi that the record is about."""
    return tuple(_recorded()["versions"])


def components() -> Mapping[str, Component]:
    """What is recorded, by type."""
    return {kind: _component(one) for kind, one in _recorded()["components"].items()}


def component(kind: str) -> Component:
    """What is recorded of a type; a component without properties if nothing is."""
    found = _recorded()["components"].get(kind)
    return _NOTHING if found is None else _component(found)


def _component(found: Mapping[str, Any]) -> Component:
    return Component(
        found["archive"],
        frozenset(found["relationships"]),
        found["properties"],
        found.get("renamed_in", {}),
        tuple(found.get("needs", ())),
    )


def _parsed(version: str) -> tuple[int, ...]:
    """The major and the minor version."""
    return tuple(int(part) for part in version.split(".")[:2])


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found
