"""Ports that a local NiFi is given."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dai_nifi.local import ports

CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not CLIENTS.is_file(), reason="only Linux says which ports clients get")
def test_a_free_port_is_none_that_clients_get() -> None:
    first, last = map(int, CLIENTS.read_text().split())
    port = ports.free_port()
    assert not first <= port <= last
    socket.create_server((ports.LOOPBACK, port)).close()


def test_a_port_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "_FIRST", taken)
        monkeypatch.setattr(ports, "_COUNT", 1)
        port = ports.free_port()
        assert port != taken
        socket.create_server((ports.LOOPBACK, port)).close()
