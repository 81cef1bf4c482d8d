"""``dai-score stream activemq`` with TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.brokers.activemq import activemq
from tests.support.brokers.records import message
from tests.support.brokers.worker import run
from tests.support.server.certificates import Authority

pytestmark = pytest.mark.runtime

_PASSWORD = "of-the-key-store"


def test_tls(titanic: Path, tmp_path: Path) -> None:
    import stomp

    (tmp_path / "broker").mkdir()
    (tmp_path / "other").mkdir()
    authority, other = Authority(tmp_path), Authority(tmp_path / "other")
    store = authority.key_store("broker", _PASSWORD)
    options = [f"-Djavax.net.ssl.keyStore={store}", f"-Djavax.net.ssl.keyStorePassword={_PASSWORD}"]
    with activemq(tmp_path / "broker", java_options=options) as broker:
        address = ("127.0.0.1", broker.port)
        client = stomp.Connection12([address], auto_content_length=False)
        client.set_ssl([address], ca_certs=str(authority.certificate), ssl_version=ssl.PROTOCOL_TLS_CLIENT)
        client.connect(wait=True)
        client.send("/queue/in", message(1), headers={"persistent": "true"}, receipt="sent")
        url = broker.url.replace("stomp:", "stomp+ssl:")
        words: list[object] = ["activemq", "--url", url, "--input", "in", "--output", "out", "--model", titanic]
        words += ["--accept-h2o-licence", "--drain", "--broker-timeout", 5]
        done = run(*words, environment={"DAI_ACTIVEMQ_CA_FILE": str(other.certificate)})
        assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
        assert "is not trusted" in done.stderr
        assert "DAI_ACTIVEMQ_CA_FILE" in done.stderr
        trusted = {"DAI_ACTIVEMQ_CA_FILE": str(authority.certificate)}
        elsewhere = [str(one).replace("127.0.0.1", "localhost") for one in words]
        done = run(*elsewhere, environment=trusted)
        assert (done.returncode, "is not trusted: Hostname mismatch" in done.stderr) == (4, True), done.stderr
        plain = [broker.url if one == url else one for one in words]
        done = run(*plain)
        assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
        assert "speaks TLS: write its address with stomp+ssl://" in done.stderr
        done = run(*words, environment=trusted)
        assert done.returncode == 0, done.stderr
        assert "1 messages scored, 0 rejected" in done.stdout
        client.disconnect()
