"""The flow definition that a group was deployed from, kept in NiFi: it shows what was edited since.

It is stored with the model, as an asset of the flow's parameter context that no parameter refers to. Flows that were
deployed before that was so are known by the mark in their comments; what they were deployed from is in this package.
"""

from __future__ import annotations

import json
import lzma
import tempfile
from functools import cache
from pathlib import Path

from dai_nifi.errors import ToolError
from dai_nifi.flows import templates
from dai_nifi.flows.parts import Json
from dai_nifi.operations.canvas import assets
from dai_nifi.operations.canvas.assets import Asset
from dai_nifi.operations.canvas.parameter_context import ParameterContext

_EARLIER = Path(__file__).parent / "earlier.json.xz"


def read(current: ParameterContext | None, fingerprint: str) -> Json | None:
    """The definition with this fingerprint; None if neither NiFi nor this package has it."""
    kept = _kept(current, fingerprint) if current is not None else None
    return kept or earlier().get(fingerprint)


@cache
def earlier() -> dict[str, Json]:
    """The definitions that were deployed before NiFi kept them, by their fingerprints."""
    found: dict[str, Json] = json.loads(lzma.decompress(_EARLIER.read_bytes()))
    return found


def write(current: ParameterContext, definition: Json) -> None:
    """Keep a definition in NiFi."""
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    assets.write(current.id, assets.definition_name(templates.fingerprint(definition)), text)


def _kept(current: ParameterContext, fingerprint: str) -> Json | None:
    name = assets.definition_name(fingerprint)
    for one in assets.all_of(current.id):
        if one.name == name:
            return _downloaded(current, one, fingerprint)
    return None


def _downloaded(current: ParameterContext, asset: Asset, fingerprint: str) -> Json | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found: Json = json.loads(assets.download(current.id, asset, Path(folder)).read_bytes())
        except (ToolError, ValueError):
            return None
    # Somebody could have put another file there.
    return found if templates.fingerprint(found) == fingerprint else None
