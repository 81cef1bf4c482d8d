"""The flow definition that a group was deployed from, kept in NiFi: without it nobody could tell what was edited since.

It lies beside the model, as an asset of the flow's parameter context that no parameter refers to. Flows that were
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
from dai_nifi.flows.builder import Json
from dai_nifi.operations.canvas import context
from dai_nifi.operations.canvas.context import Asset, Context

_EARLIER = Path(__file__).parent / "earlier.json.xz"


def read(current: Context | None, fingerprint: str) -> Json | None:
    """The definition with this fingerprint; None if nobody has it any more."""
    kept = _kept(current, fingerprint) if current is not None else None
    return kept or earlier().get(fingerprint)


@cache
def earlier() -> dict[str, Json]:
    """The definitions that were deployed before NiFi kept them, by their fingerprints."""
    found: dict[str, Json] = json.loads(lzma.decompress(_EARLIER.read_bytes()))
    return found


def write(current: Context, definition: Json) -> None:
    """Keep a definition in NiFi."""
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    context.put_word(current, context.record_name(templates.fingerprint(definition)), text)


def _kept(current: Context, fingerprint: str) -> Json | None:
    name = context.record_name(fingerprint)
    for one in context.assets(current):
        if one.name == name:
            return _downloaded(current, one, fingerprint)
    return None


def _downloaded(current: Context, asset: Asset, fingerprint: str) -> Json | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found: Json = json.loads(context.download(current, asset, Path(folder)).read_bytes())
        except (ToolError, ValueError):
            return None
    # Somebody could have put another file there.
    return found if templates.fingerprint(found) == fingerprint else None
