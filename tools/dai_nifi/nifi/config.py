"""Writes the ``conf`` folder of an instance from the templates in ``files/conf``."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from dai_nifi.errors import UsageError
from dai_nifi.nifi.assembly import Assembly

TEMPLATES = Path(__file__).parent / "files" / "conf"
_COPIED = ("authorizers.xml", "logback.xml", "login-identity-providers.xml", "state-management.xml")
_RENDERED = "nifi.properties"
_KEY_FILE = "sensitive-properties.key"


@dataclass(frozen=True)
class Settings:
    """What differs from one instance to the next.

    ``port`` is the HTTP port on 127.0.0.1; ``python`` the interpreter that runs Python processors;
    ``properties`` are keys of nifi.properties that replace or extend the template's.
    """

    port: int
    python: str
    properties: Mapping[str, str] = field(default_factory=dict)


def write(conf: Path, assembly: Assembly, settings: Settings) -> None:
    """Write the configuration files into ``conf``; the flow and the sensitive key that are there stay.

    Raises:
        UsageError: a property's name could not be one.

    """
    conf.mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        shutil.copyfile(TEMPLATES / name, conf / name)
    text = render_properties(assembly, settings, _sensitive_key(conf / _KEY_FILE))
    target = conf / _RENDERED
    # It holds the sensitive key, so it is private before anything is in it.
    target.touch(mode=0o600)
    target.write_text(text, encoding="ascii")


def render_properties(assembly: Assembly, settings: Settings, sensitive_key: str) -> str:
    """Return the text of nifi.properties, ASCII only: the template with the instance's values."""
    values = {
        "lib": str(assembly.lib),
        "python_framework": str(assembly.python_framework),
        "python": settings.python,
        "port": str(settings.port),
        "sensitive_key": sensitive_key,
    }
    template = Template((TEMPLATES / _RENDERED).read_text(encoding="utf-8"))
    text = template.substitute({name: escape(value) for name, value in values.items()})
    for key, value in settings.properties.items():
        if not re.fullmatch(r"[A-Za-z0-9._-]+", key):
            raise UsageError(f"{key!r} is not a name of nifi.properties")
        line = f"{key}={escape(value)}"
        text, replaced = re.subn(rf"^{re.escape(key)}=.*$", lambda _, new=line: new, text, flags=re.MULTILINE)  # type: ignore[misc]
        if not replaced:
            text += line + "\n"
    return text


def escape(value: str) -> str:
    """Return ``value`` as it is written in a Java properties file, which is read as ISO 8859-1."""
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if escaped.startswith(" "):
        escaped = "\\" + escaped
    units = escaped.encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


def _sensitive_key(file: Path) -> str:
    # Kept for the life of the instance: with another one NiFi cannot read the sensitive values of its flow.
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii").strip()
