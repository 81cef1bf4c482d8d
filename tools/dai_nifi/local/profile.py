"""The profile of nipyapi by which commands reach a secured NiFi: one line in nipyapi's own file of profiles.

The rest of that file is the user's and does not change.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dai_nifi.client.connection import profiles_file
from dai_nifi.errors import ConflictError
from dai_nifi.local.certificates import Certificates

DEFAULT_NAME = "dai-nifi"


@dataclass(frozen=True)
class Profile:
    """A profile's name and the file that it is in."""

    name: str
    file: Path


def name_of(certificates: Certificates) -> str:
    """The name of the profile with these certificates, or the name that it would get."""
    files = _files(certificates)
    for name, profile in _parsed(_text(profiles_file())).items():
        if isinstance(profile, dict) and profile.items() >= files.items():
            return str(name)
    return DEFAULT_NAME


def check(name: str, certificates: Certificates) -> None:
    """Raise ConflictError if the file cannot take the profile, as when the name belongs to another NiFi."""
    _merged(_text(profiles_file()), name, _files(certificates))


def write(name: str, api: str, certificates: Certificates) -> Profile:
    """Write the profile of a secured NiFi, or bring it up to date; raises ConflictError as check() does."""
    file = profiles_file()
    before = _text(file)
    after = _merged(before, name, {"nifi_url": api, **_files(certificates)})
    if after != before:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        part.touch(mode=0o600)
        part.write_text(after, encoding="utf-8")
        part.replace(file)
    return Profile(name, file)


def _files(certificates: Certificates) -> dict[str, str]:
    return {
        "ca_path": str(certificates.authority),
        "client_cert": str(certificates.client),
        "client_key": str(certificates.client_key),
    }


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _merged(text: str, name: str, values: dict[str, str]) -> str:
    profiles = _parsed(text)
    present = profiles.get(name)
    if present is not None and not _ours(present, values["client_cert"]):
        raise ConflictError(
            f"{profiles_file()} has a profile {name} for another NiFi. Choose another name with --profile NAME."
        )
    line = f"{json.dumps(name)}: {json.dumps(values)}"
    merged, replaced = re.subn(rf"^{re.escape(json.dumps(name))}: {{.*}}$", lambda _: line, text, flags=re.MULTILINE)
    if not replaced:
        merged = f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"
    if _parsed(merged, otherwise={}) != {**profiles, name: values}:
        raise ConflictError(
            f"{profiles_file()} is written in a way that a profile cannot be added to by itself. Add this line, or let "
            f"NIPYAPI_PROFILES_FILE name another file:\n  {line}"
        )
    return merged


def _ours(present: Any, client: str) -> bool:
    """Whether a profile is of this NiFi, or of one that is gone."""
    shown = present.get("client_cert") if isinstance(present, dict) else None
    return shown == client or (isinstance(shown, str) and not Path(shown).exists())


def _parsed(text: str, otherwise: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        if otherwise is not None:
            return otherwise
        raise ConflictError(f"{profiles_file()} is not a file of profiles: {error}") from error
    if not isinstance(found, dict):
        raise ConflictError(f"{profiles_file()} is not a file of profiles: it holds a {type(found).__name__}.")
    return found
