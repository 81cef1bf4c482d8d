"""The socket of a server."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import socket
import struct
import sys

from dai_scoring.cli.errors import PrerequisiteError, UsageError

_SO_ATTACH_FILTER = 26


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 takes a free port.

    Raises PrerequisiteError if the port is taken or not permitted, UsageError if the address does not exist.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"--host: there is no address {host}.") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refused(error, host, port) from None
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket, scheme: str, host: str) -> str:
    """The address for clients, such as http://127.0.0.1:8080."""
    port = listener.getsockname()[1]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def take_no_more(listener: socket.socket) -> None:
    """Stop new connections to a socket that is about to be closed. Waiting connections can still be accepted.

    When the socket is closed, the system cuts the connections that wait there, and their requests would be lost. So a
    packet filter drops packets that ask for a connection: the client tries again a second later, and is refused. On
    other systems than Linux nothing is done.
    """
    if sys.platform != "linux":
        return
    # A packet filter: load the byte with the flags, drop the packet if SYN is set, otherwise accept it.
    program = b"".join(
        struct.pack("HBBI", *step)
        for step in ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFF))
    )
    steps = ctypes.create_string_buffer(program)
    with contextlib.suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program) // 8, ctypes.addressof(steps))
        )


def _refused(error: OSError, host: str, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return PrerequisiteError(
            f"port {port} of {host} is taken by another program. Choose one by --port; 0 takes a free one."
        )
    if error.errno == errno.EACCES:
        return PrerequisiteError(f"you may not use port {port}. Choose one above 1023 by --port.")
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"--host: this machine does not have the address {host}. 0.0.0.0 is all that it has.")
    return PrerequisiteError(f"port {port} of {host} cannot be used: {error.strerror}.")
