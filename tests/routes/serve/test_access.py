"""Who is let in: keys, TLS, and certificates of clients."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from dai_routes.serve.answering import keys
from tests.support.server.certificates import Authority
from tests.support.server.serving import serving


def test_keys(samples: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    file = tmp_path / "keys"
    file.write_text("# of the tests\nfirst-key\n\nsecond key\n")
    with serving(tmp_path, samples / "penguins.mojo", "--api-key-file", file) as server:
        assert [server.get(path).status for path in ("/livez", "/readyz", "/v2/health/ready")] == [200] * 3
        refused = [server.post("/score", rows[0]), server.post("/score", rows[0], X_API_Key="wrong"),
                   server.get("/metrics"), server.get("/model/schema"), server.get("/nothing")]  # fmt: skip
        assert [one.status for one in refused] == [401] * 5
        assert (refused[0].json["code"], refused[0].headers["www-authenticate"]) == ("unauthorized", "Bearer")
        assert server.post("/score", rows[0], X_API_Key="second key").status == 200
        assert server.post("/score", rows[0], Authorization="Bearer first-key").status == 200
        assert server.get("/nothing", Authorization="bearer first-key").status == 404
    assert "first-key" not in server.log.read_text()


def test_tls_and_certificates_of_clients(samples: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    authority = Authority(tmp_path)
    server_files, client = authority.pair("server"), authority.pair("client")
    tls = ssl.create_default_context(cafile=str(authority.certificate))
    words = ("--tls-cert", server_files.certificate, "--tls-key", server_files.key,
             "--tls-client-ca", authority.certificate)  # fmt: skip
    with serving(tmp_path, samples / "penguins.mojo", *words, tls=tls) as server:
        assert server.address.startswith("https://")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            server.get("/livez")
        tls.load_cert_chain(client.certificate, client.key)
        assert server.post("/score", rows[0]).status == 200


def test_keys_that_an_editor_of_windows_wrote(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("first\r\nsecond\r\n", encoding="utf-8-sig", newline="")
    known = keys.digests(file)
    assert [keys.is_known({"x-api-key": one}, known) for one in ("first", "second", "third")] == [True, True, False]
