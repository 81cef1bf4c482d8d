"""What is wrong with the settings of security, for a client of Kafka that says only that no broker answers."""

from __future__ import annotations

from collections.abc import Mapping

from dai_routes.stream import tls

_PROTOCOL = "security.protocol"
_PORT = 9092
# How librdkafka begins to say that the broker does not take the mechanism.
_OF_MECHANISM = "mechanism handshake failed"
_NO_MECHANISMS = "supported mechanisms: ("


def protocol(client: Mapping[str, str]) -> str:
    """The protocol that the settings of a client choose."""
    return client.get(_PROTOCOL, "PLAINTEXT").upper()


def of_tls(servers: str, client: Mapping[str, str]) -> str | None:
    """A sentence if a server speaks TLS, and the client does not."""
    own = protocol(client)
    if "SSL" in own:
        return None
    server = next((one for one in _listed(servers) if tls.is_spoken(_address(one))), None)
    other = "SASL_SSL" if own.startswith("SASL") else "SSL or SASL_SSL"
    return server and f"{server} speaks TLS, and {_PROTOCOL} is {own}: set it to {other}."


def of_silence(servers: str, client: Mapping[str, str]) -> str:
    """What to look at if a server takes connections, and nothing else is known."""
    server = next((one for one in _listed(servers) if tls.listens(_address(one))), None)
    if server is None:
        return ""
    own = protocol(client)
    others = {
        "PLAINTEXT": "SASL_PLAINTEXT, if the broker wants a user",
        "SSL": "PLAINTEXT, if it speaks no TLS, or to SASL_SSL, if it wants a user",
        "SASL_SSL": "SASL_PLAINTEXT, if it speaks no TLS, or to SSL, if it wants no user",
    }
    change = f" Set it to {others[own]}." if own in others else ""
    return f" {server} takes connections, so {_PROTOCOL} ({own}) may be wrong.{change}"


def of_refusal(said: str, servers: str) -> str:
    """What to look at if a broker refuses the client, with these words."""
    if _NO_MECHANISMS in said.replace("mechanisms:  (", "mechanisms: ("):
        return f"{servers} wants no user here: look at {_PROTOCOL}."
    if _OF_MECHANISM in said:
        return "Set sasl.mechanism to one that the broker has."
    return f"Look at the credentials and certificates for {servers}."


def _listed(servers: str) -> list[str]:
    return [one.strip() for one in servers.split(",") if one.strip()]


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition("://")[2].rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdigit() else (port, _PORT)
