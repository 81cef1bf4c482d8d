"""How a server is set: plain values that go to each of its processes."""

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


@dataclass(frozen=True)
class Certificates:
    """The files of TLS; ``client_authority`` is whose clients are let in, None for all."""

    certificate: Path
    key: Path
    client_authority: Path | None = None

    def context(self) -> ssl.SSLContext:
        """TLS as a server uses it. Raises OSError, SSLError included, for files that are of no use."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if self.client_authority is not None:
            context.load_verify_locations(self.client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True)
class ServerSettings:
    """What a server does. Times are in seconds, sizes in bytes.

    ``key_digests`` are the SHA-256 of the keys that clients may send, () if they need none. ``timeout`` is for one
    request, from its first byte to its answer. ``most_waiting`` requests wait for a model, at most, and ``most_bytes``
    of bodies are held. ``drain`` is how long new requests are still answered after SIGTERM.
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
    routes: tuple[tuple[str, str], ...] = ()
    """Further paths, as a platform sets them: (path, what it is another name of)."""

    @property
    def scheme(self) -> str:
        """http or https."""
        return "http" if self.certificates is None else "https"
