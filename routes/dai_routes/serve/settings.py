"""The settings of a server: plain values, which are sent to each of its processes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from dai_scoring.batch.options import FileOptions
from dai_scoring.models import Runtime
from dai_scoring.scorer import RuntimeSettings

MOST_BODY_BYTES = 64 << 20
SECONDS = 60.0
DRAIN_SECONDS = 1.0


@dataclass(frozen=True)
class ModelFile:
    """A model to serve: its name in paths, and its file."""

    name: str
    path: Path


class EncryptedKeyError(Exception):
    """The key of a certificate has a password."""


def _no_password() -> str:
    raise EncryptedKeyError


@dataclass(frozen=True)
class Certificates:
    """The files of TLS. Only clients with a certificate of ``client_authority`` may connect; None allows all."""

    certificate: Path
    key: Path
    client_authority: Path | None = None

    def context(self) -> ssl.SSLContext:
        """The TLS context of a server. Raises OSError (SSLError is one) if the files cannot be used.

        EncryptedKeyError if the key has a password.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Without this OpenSSL would ask for the password on the terminal.
        context.load_cert_chain(self.certificate, self.key, password=_no_password)
        if self.client_authority is not None:
            context.load_verify_locations(self.client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True)
class ServerSettings:
    """The settings of a server. Times are in seconds, sizes in bytes.

    ``key_digests`` are the SHA-256 of the keys that clients may send, () if they need none. ``timeout`` is for one
    request, from the end of its headers to its answer. At most ``most_waiting`` requests wait for a model, and at most
    ``most_bytes`` of bodies are in memory. ``drain`` is how long new requests are still answered after SIGTERM.
    """

    models: tuple[ModelFile, ...]
    options: FileOptions
    runtime: Runtime
    runtime_settings: RuntimeSettings = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    certificates: Certificates | None = None
    key_digests: tuple[bytes, ...] = field(default=(), repr=False)
    dialects: tuple[str, ...] = ()
    most_body: int = MOST_BODY_BYTES
    timeout: float = SECONDS
    drain: float = DRAIN_SECONDS
    most_waiting: int = 1024
    most_bytes: int = 512 << 20
    logs_requests: bool = False
    traces: bool = False
    routes: tuple[tuple[str, str], ...] = ()
    """Paths that a platform sets: (its path, the server's own path)."""

    @property
    def scheme(self) -> str:
        """http or https."""
        return "http" if self.certificates is None else "https"
