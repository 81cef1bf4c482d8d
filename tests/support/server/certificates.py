"""Certificates of an authority of one's own."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class Authority:
    """Signs certificates for 127.0.0.1; its own is ``certificate``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("test authority")
        self._own = self._signed(self._name, self._key, is_authority=True)
        self.certificate = folder / "ca.pem"
        self.certificate.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def pair(self, name: str) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        signed = self._signed(_name(name), key, is_authority=False)
        made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made

    def key_store(self, name: str, password: str) -> Path:
        """A key and its certificate in the format that Java reads, PKCS #12."""
        pair = self.pair(name)
        found = pkcs12.serialize_key_and_certificates(
            name.encode(),
            serialization.load_pem_private_key(pair.key.read_bytes(), None),  # type: ignore[arg-type]
            x509.load_pem_x509_certificate(pair.certificate.read_bytes()),
            [self._own],
            serialization.BestAvailableEncryption(password.encode()),
        )
        store = self._folder / f"{name}.p12"
        store.write_bytes(found)
        return store

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, is_authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
