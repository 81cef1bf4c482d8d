"""The files of a parameter context, which NiFi calls assets: models above all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dai_nifi.client import api
from dai_scoring.model_file import sha256

_DEFINITION = "dai-nifi-template-"


@dataclass(frozen=True)
class Asset:
    """A file that is stored in NiFi."""

    id: str
    name: str


def name_of(file: Path) -> str:
    """The name of a model or another file as an asset: its file name and the start of its SHA-256.

    So each model is a separate asset. One of the same name with other contents would be overwritten under a
    runtime that has it open.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-.") or "model"
    return f"{stem[:80]}-{sha256(file)[:8]}{file.suffix if file.suffix.isascii() else ''}"


def definition_name(fingerprint: str) -> str:
    """The name of the asset that keeps the flow definition of this fingerprint."""
    return f"{_DEFINITION}{fingerprint}.json"


def all_of(context_id: str) -> list[Asset]:
    """All assets of a context, also those that no parameter refers to."""
    return [Asset(one["id"], one["name"]) for one in api.parameters.list_assets(context_id)]


def upload(context_id: str, file: Path) -> Asset:
    """Upload a file under the name of name_of(), unless it is there already."""
    name = name_of(file)
    for one in api.parameters.list_assets(context_id):
        if one["name"] == name and not one["missing_content"]:
            return Asset(one["id"], name)
    return upload_as(context_id, file.read_bytes(), name)


def upload_as(context_id: str, content: bytes, name: str) -> Asset:
    """Upload contents under a name, replacing those that are there."""
    made = api.parameters.upload_asset(context_id, file_bytes=content, filename=name)
    return Asset(made["id"], made["name"])


def write(context_id: str, name: str, text: str) -> Asset:
    """Store a small text, or replace it; no parameter refers to it, so NiFi restarts nothing."""
    return upload_as(context_id, text.encode(), name)


def download(context_id: str, asset: Asset, folder: Path) -> Path:
    """A copy of an asset in a folder, under its own name."""
    target = folder / asset.name
    # Unparsed: nipyapi would take it for text.
    with (
        api.unparsed(api.parameter_contexts.get_asset_content1, context_id, asset.id) as answer,
        target.open("wb") as file,
    ):
        shutil.copyfileobj(answer, file)
    return target


def digest(context_id: str, asset: Asset) -> str:
    """The SHA-256 of an asset, in hex, as NiFi has it."""
    return next(str(one["digest"]) for one in api.parameters.list_assets(context_id) if one["id"] == asset.id)


def remove_others(context_id: str, kept: Collection[str], definition: str | None = None) -> None:
    """Delete the assets whose ids are not among those that are ``kept``.

    Flow definitions stay too; only the one of this name, if it is given.
    """
    for one in all_of(context_id):
        stays = one.name == definition if definition is not None else one.name.startswith(_DEFINITION)
        if one.id not in kept and not stays:
            api.parameters.delete_asset(context_id, one.id)
