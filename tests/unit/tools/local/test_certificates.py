"""The certificates of a secured NiFi, looked at with the means of whoever must accept them."""

from __future__ import annotations

import ssl
import stat
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import verification
from typer.testing import CliRunner

from dai_nifi.commands.nifi import app
from dai_nifi.errors import ToolError
from dai_nifi.local.certificates import AUTHORITY, CLIENT, SERVER, Certificates

NOW = datetime(2031, 5, 17, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    certificates = Certificates(tmp_path / "tls")
    assert not certificates.exist
    assert certificates.ensure(NOW) == [AUTHORITY, SERVER, CLIENT]
    return certificates


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_everything_is_private(made: Certificates) -> None:
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.folder.iterdir()} == {0o600}


def test_the_server_is_who_it_says_and_the_client_is_known(made: Certificates) -> None:
    authority = made.pair(AUTHORITY).certificate
    policy = verification.PolicyBuilder().store(verification.Store([authority])).time(NOW)
    for host in (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))):
        policy.build_server_verifier(host).verify(made.pair(SERVER).certificate, [])
    assert made.identity(CLIENT) == "CN=dai-nifi admin"
    assert made.identity(SERVER) == "CN=dai-nifi node"
    client = made.pair(CLIENT).certificate
    client.verify_directly_issued_by(authority)
    usage = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]


def test_the_stores_open_with_their_passwords(made: Certificates) -> None:
    key, certificate, chain = pkcs12.load_key_and_certificates(
        made.client_store.read_bytes(), made.client_password.read_bytes()
    )
    assert certificate == made.pair(CLIENT).certificate
    assert chain == [made.pair(AUTHORITY).certificate]
    assert key is not None
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(made.key_store.read_bytes(), made.client_password.read_bytes())
    pkcs12.load_key_and_certificates(made.key_store.read_bytes(), made.stores_password.encode())


def test_they_are_made_once(made: Certificates) -> None:
    before = content(made.folder)
    assert made.ensure(NOW + timedelta(days=690)) == []
    assert content(made.folder) == before


def test_what_ends_soon_is_told_and_made_anew_by_the_same_authority(made: Certificates) -> None:
    authority, before = made.pair(AUTHORITY).certificate, made.pair(CLIENT).certificate
    assert [one.state for one in made.validity(NOW)] == ["valid"] * 3
    later = NOW + timedelta(days=710)
    told = {one.name: (one.state, one.days_left) for one in made.validity(later)}
    assert (told[SERVER], told[CLIENT]) == (("ends soon", 20), ("ends soon", 20))
    assert told[AUTHORITY][0] == "valid"
    assert [one.state for one in made.validity(NOW + timedelta(days=731))][1:] == ["ended", "ended"]
    assert made.ensure(later) == [SERVER, CLIENT]
    assert made.pair(AUTHORITY).certificate == authority
    assert made.pair(CLIENT).certificate != before
    assert made.identity(CLIENT) == before.subject.rfc4514_string()
    assert [one.state for one in made.validity(later)] == ["valid"] * 3


def test_status_names_what_ends_soon(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    made.ensure(datetime.now(timezone.utc) - timedelta(days=710))
    shown = CliRunner().invoke(app, ["status", "--dir", str(tmp_path)])
    assert shown.exit_code == 0
    ends = made.pair(CLIENT).certificate.not_valid_after_utc
    assert f"client.pem ends on {ends:%Y-%m-%d}; the next start makes a new one." in shown.stdout
    assert "server.pem ends on" in shown.stdout
    assert "ca.pem" not in shown.stdout


def test_nothing_outlives_the_authority(made: Certificates) -> None:
    later = NOW + timedelta(days=3000)
    made.ensure(later)
    assert made.pair(CLIENT).certificate.not_valid_after_utc == made.pair(AUTHORITY).certificate.not_valid_after_utc
    assert made.ensure(NOW + timedelta(days=3640)) == [AUTHORITY, SERVER, CLIENT]


def test_openssl_takes_them(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "tls")
    certificates.ensure()
    context = ssl.create_default_context(cafile=certificates.authority)
    context.load_cert_chain(certificates.client, certificates.client_key)
    (authority,) = context.get_ca_certs()
    assert dict(part[0] for part in authority["subject"]) == {"commonName": "dai-nifi authority"}


def test_a_spoiled_file_is_named(made: Certificates) -> None:
    (made.folder / "client-key.pem").write_text("nothing")
    with pytest.raises(ToolError, match=r"client-key\.pem cannot be read"):
        made.ensure(NOW)
