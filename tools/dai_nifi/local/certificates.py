"""The certificates of a secured NiFi: its own authority, one certificate for NiFi and one for its first user.

They are in one private folder, as PEM for the tool and as PKCS12 for NiFi and for browsers. They are made once and
kept. One that ends soon is replaced when NiFi starts, by the same authority and for the same name.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dai_nifi.errors import ToolError
from dai_scoring.progress import Progress

AUTHORITY, SERVER, CLIENT = "ca", "server", "client"

# The distinguished names of their owners. With several parts, they would have to be in NiFi's order.
_NAMES = {AUTHORITY: "dai-nifi authority", SERVER: "dai-nifi node", CLIENT: "dai-nifi admin"}
_LIFE = {AUTHORITY: timedelta(days=3650), SERVER: timedelta(days=730), CLIENT: timedelta(days=730)}
SOON = timedelta(days=30)

_HOSTS = ("localhost",)
_ADDRESSES = ("127.0.0.1", "::1")

# A machine whose clock is a little behind must not refuse a certificate of this minute.
_BEFORE = timedelta(minutes=5)


@dataclass(frozen=True)
class Validity:
    """Until when a certificate is valid; ``state`` is valid, ends soon or ended."""

    name: str
    file: Path
    ends: datetime
    days_left: int
    state: str


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Certificates:
    """The certificates in one folder, which is made by ``ensure``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = folder / "ca.pem"
        self.key_store = folder / "server.p12"
        self.trust_store = folder / "trust.p12"
        self.client = folder / "client.pem"
        self.client_key = folder / "client-key.pem"
        self.client_store = folder / "client.p12"
        """For browsers; its password is in ``client_password``."""
        self.client_password = folder / "client.password"
        self._stores_password = folder / "stores.password"

    @property
    def exist(self) -> bool:
        """Whether this folder was made before."""
        return self.authority.is_file()

    @property
    def stores_password(self) -> str:
        """The password of NiFi's key store and trust store."""
        return self._stores_password.read_text(encoding="ascii")

    def ensure(self, now: datetime | None = None) -> list[str]:
        """Make what is missing and what ends soon; returns what was made.

        Raises:
            ToolError: a file in the folder cannot be read as what it should be.

        """
        now = now or datetime.now(timezone.utc)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for password in (self._stores_password, self.client_password):
            if not password.exists():
                _write(password, secrets.token_urlsafe(18).encode())
        made = []
        authority = self._load(AUTHORITY, now)
        if authority is None:
            authority = issue(_NAMES[AUTHORITY], None, now, now + _LIFE[AUTHORITY])
            trusted = [pkcs12.PKCS12Certificate(authority.certificate, b"ca")]
            encryption = BestAvailableEncryption(self.stores_password.encode())
            _write(self.trust_store, pkcs12.serialize_java_truststore(trusted, encryption))
            self._store(AUTHORITY, authority)
            made.append(AUTHORITY)
        for kind, store, password in (
            (SERVER, self.key_store, self._stores_password),
            (CLIENT, self.client_store, self.client_password),
        ):
            pair = None if made[:1] == [AUTHORITY] else self._load(kind, now)
            if pair is None:
                ends = min(now + _LIFE[kind], authority.certificate.not_valid_after_utc)
                pair = issue(_NAMES[kind], authority, now, ends, server=kind == SERVER)
                _write(store, _pkcs12(_NAMES[kind], pair, authority, password.read_bytes()))
                self._store(kind, pair)
                made.append(kind)
        return made

    def renew(self, progress: Progress) -> None:
        """Make what is missing and what ends soon, and say so."""
        for kind in self.ensure():
            progress(f"made the certificate {self.folder / kind}.pem", None)

    def validity(self, now: datetime | None = None) -> list[Validity]:
        """Until when each certificate is valid."""
        now = now or datetime.now(timezone.utc)
        found = []
        for kind in (AUTHORITY, SERVER, CLIENT):
            file = self.folder / f"{kind}.pem"
            ends = _read(file).not_valid_after_utc
            left = ends - now
            state = "ended" if left <= timedelta(0) else "ends soon" if left <= SOON else "valid"
            found.append(Validity(kind, file, ends, max(left.days, 0), state))
        return found

    def all_validity(self) -> tuple[Validity, ...]:
        """The same now; empty if there are no certificates."""
        return tuple(self.validity()) if self.exist else ()

    def identity(self, kind: str) -> str:
        """What NiFi calls the owner of a certificate: its distinguished name."""
        return _read(self.folder / f"{kind}.pem").subject.rfc4514_string()

    def pair(self, kind: str) -> Pair:
        """A certificate and its key from the folder; raises ToolError if they cannot be read."""
        file = self.folder / f"{kind}-key.pem"
        try:
            key = load_pem_private_key(file.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise _unreadable(file, error) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise _unreadable(file, TypeError("not a key of an elliptic curve"))
        return Pair(_read(self.folder / f"{kind}.pem"), key)

    def _load(self, kind: str, now: datetime) -> Pair | None:
        """A pair from the folder; None if it is missing or ends soon."""
        if not (self.folder / f"{kind}.pem").exists():
            return None
        pair = self.pair(kind)
        return pair if pair.certificate.not_valid_after_utc - now > SOON else None

    def _store(self, kind: str, pair: Pair) -> None:
        key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(self.folder / f"{kind}-key.pem", key)
        # The certificate last: if it is there, everything that belongs to it is.
        _write(self.folder / f"{kind}.pem", pair.certificate.public_bytes(Encoding.PEM))


def issue(name: str, authority: Pair | None, now: datetime, ends: datetime, server: bool = False) -> Pair:
    """Make a key and a certificate: of an authority if none is given, else of a server or a client, signed by it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, issuer = (key, subject) if authority is None else (authority.key, authority.certificate.subject)
    is_authority = authority is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_authority:
        # The nodes of a cluster are each other's clients.
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if server else [])]
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if server:
        names: list[x509.GeneralName] = [x509.DNSName(one) for one in _HOSTS]
        names += [x509.IPAddress(ip_address(one)) for one in _ADDRESSES]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Pair(builder.sign(signer, hashes.SHA256()), key)


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pkcs12(name: str, pair: Pair, authority: Pair, password: bytes) -> bytes:
    chain = [authority.certificate]
    encryption = BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(name.encode(), pair.key, pair.certificate, chain, encryption)


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> ToolError:
    return ToolError(
        f"{file} cannot be read ({error}). Put it back, or delete {file.parent} and have all certificates made again."
    )


def _write(file: Path, content: bytes) -> None:
    """Write a private file, which is complete as soon as it has its name."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
    part.replace(file)
