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
from dai_nifi.local import security
from dai_nifi.local.assembly import Assembly
from dai_nifi.local.certificates import Certificates
from dai_nifi.local.cluster_member import ClusterMember

TEMPLATES = Path(__file__).parent / "files" / "conf"
_COPIED = ("authorizers.xml", "logback.xml", "login-identity-providers.xml", "state-management.xml")
_RENDERED = "nifi.properties"
KEY_FILE = "sensitive-properties.key"


@dataclass(frozen=True)
class Settings:
    """What differs from one instance to the next.

    ``port`` is the HTTP port on 127.0.0.1, that of HTTPS where there are ``certificates``; ``python`` the interpreter
    that runs Python processors; ``properties`` are keys of nifi.properties that replace or extend the template's;
    ``member`` is the place in a cluster, of a node.
    """

    port: int
    python: str
    properties: Mapping[str, str] = field(default_factory=dict)
    certificates: Certificates | None = None
    member: ClusterMember | None = None

    def changed(self) -> dict[str, str]:
        """All keys of nifi.properties that replace or extend the template's."""
        secured = security.properties(self.certificates, self.port) if self.certificates else {}
        clustered = self.member.properties(bool(self.certificates)) if self.member else {}
        return {**secured, **clustered, **self.properties}


def write(conf: Path, assembly: Assembly, settings: Settings) -> None:
    """Write the configuration files into ``conf``; the flow and the sensitive key that are there stay.

    Raises:
        UsageError: a property's name could not be one.

    """
    conf.mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        shutil.copyfile(TEMPLATES / name, conf / name)
    if settings.certificates:
        (conf / "authorizers.xml").write_text(security.authorizers(settings.certificates), encoding="utf-8")
    if settings.member:
        settings.member.write(conf)
    key = settings.member.sensitive_key if settings.member else sensitive_key(conf / KEY_FILE)
    text = render_properties(assembly, settings, key)
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
    for key, value in settings.changed().items():
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


def sensitive_key(file: Path) -> str:
    """Return the key in the file, which is made first if it is missing."""
    # Kept for the life of the instance: with another one NiFi cannot read the sensitive values of its flow.
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii").strip()
