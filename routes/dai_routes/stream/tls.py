"""TLS of brokers' clients: which authority is trusted, and what is said of a certificate that is not."""

from __future__ import annotations

import os
import socket
import ssl

from dai_routes.stream.errors import UnreachableError
from dai_scoring.cli.errors import UsageError


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
    return UnreachableError(f"{where} does not speak TLS as this client does ({error.reason}). Look at the port.")


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
