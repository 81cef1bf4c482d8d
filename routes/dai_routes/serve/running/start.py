"""Starts a server with its settings, and returns when it has ended."""

from __future__ import annotations

import signal
import socket
import ssl

from dai_routes.serve.answering import request_log
from dai_routes.serve.running.listening import address_of, listen
from dai_routes.serve.running.process import ServingProcess
from dai_routes.serve.running.supervisor import Supervisor
from dai_routes.serve.settings import Certificates, EncryptedKeyError, ServerSettings
from dai_scoring.cli import collector, signals
from dai_scoring.cli.errors import UsageError
from dai_scoring.cli.opening import translated


def run(settings: ServerSettings) -> None:
    """Serve until SIGTERM or ctrl-C. Raises ToolError if the server cannot start."""
    # SIGHUP may come before any model is loaded.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if settings.certificates is not None:
        _check(settings.certificates)
    with listen(settings.host, settings.port) as listener:
        if settings.workers > 1:
            _with_workers(settings, listener)
        else:
            _alone(settings, listener)


def _alone(settings: ServerSettings, listener: socket.socket) -> None:
    with translated(), collector.paused():
        process = ServingProcess(settings)
    request_log.set_up()
    signals.release()
    try:
        process.serve(listener, lambda: _say(settings, listener))
    finally:
        process.close()


def _with_workers(settings: ServerSettings, listener: socket.socket) -> None:
    request_log.set_up()
    signals.release()
    Supervisor(settings, listener).run(lambda: _say(settings, listener))


def _say(settings: ServerSettings, listener: socket.socket) -> None:
    names = ", ".join(one.name for one in settings.models)
    print(f"Serving {names} at {address_of(listener, settings.scheme, settings.host)}", flush=True)


def _check(files: Certificates) -> None:
    try:
        files.context()
    except EncryptedKeyError as error:
        raise UsageError(
            f"--tls-key {files.key} has a password. Give a key without one: openssl pkey -in {files.key} -out NEW. "
            "Only the server's user should be able to read it."
        ) from error
    except ssl.SSLError as error:
        what = (error.reason or "no PEM").replace("_", " ").lower()
        raise UsageError(
            f"--tls-cert {files.certificate} and --tls-key {files.key} cannot be used ({what}): both are PEM files, "
            "and the key is that of the certificate."
        ) from error
