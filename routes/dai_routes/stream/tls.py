"""TLS of brokers' clients: which authority is trusted, and what is said of a certificate that is not."""

from __future__ import annotations

import os
import socket
import ssl

from dai_routes.stream.errors import UnreachableError
from dai_scoring.cli.errors import UsageError

_PROBE_SECONDS = 2.0


def authority(variable: str) -> str | None:
    """The file of the authority that an environment variable names. Raises UsageError if it is not one."""
    file = os.environ.get(variable)
    if not file:
        return None
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # SSLError is one too
        why = "has no certificate in PEM" if isinstance(error, ssl.SSLError) else f"cannot be read: {error.strerror}"
        raise UsageError(f"{variable}: {file} {why}.") from error
    return file


def failure(error: ssl.SSLError, where: str, variable: str) -> UnreachableError:
    """The error for a broker with which TLS does not come about; ``where`` names it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return UnreachableError(
            f"The certificate of {where} is not trusted: {why}. Name the file of its authority in {variable}, and use "
            "a host name that the certificate has."
        )
    return UnreachableError(
        f"{where} does not speak TLS as this client does ({error.reason}). Look at the port, or at the scheme of the "
        "address, which asks for TLS."
    )


def refusal(address: tuple[str, int], file: str | None, seconds: float) -> ssl.SSLError | None:
    """Why TLS with a server does not come about, for clients that do not say it; None if it does, or none answers."""
    context = ssl.create_default_context(cafile=file)
    try:
        with (
            socket.create_connection(address, seconds) as plain,
            context.wrap_socket(plain, server_hostname=address[0]),
        ):
            return None
    except ssl.SSLError as error:
        return error
    except OSError:
        return None


def is_spoken(address: tuple[str, int]) -> bool:
    """Whether a server speaks TLS, whoever it is: to tell a client without TLS why it gets no answer."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(address, _PROBE_SECONDS) as plain, context.wrap_socket(plain):
            return True
    except OSError:  # SSLError is one too
        return False


def listens(address: tuple[str, int]) -> bool:
    """Whether something takes connections there."""
    try:
        with socket.create_connection(address, _PROBE_SECONDS):
            return True
    except OSError:
        return False


def of_silence(address: tuple[str, int], scheme: str) -> str:
    """What to look at if a server that takes connections does not answer a client with TLS; nothing if it does not."""
    said = f" It takes connections: if it speaks no TLS, write its address with {scheme}://."
    return said if listens(address) else ""


def is_wanted(where: str, scheme: str) -> UnreachableError:
    """The error for a broker that speaks TLS, and whose address is not one of TLS."""
    return UnreachableError(f"{where} speaks TLS: write its address with {scheme}://.")


def of_port(address: tuple[str, int], which: str) -> str:
    """What to look at if a server takes connections and is not understood; ``which`` names the port that is meant."""
    return f" Something takes connections there: is it the port of {which}?" if listens(address) else ""
