"""Why a connection to a secured NiFi failed, by the errors of the TLS libraries."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import urllib3
from cryptography import x509

_OURS = "see --profile; 'dai-nifi nifi start --secure' makes one"
# OpenSSL's messages for an unencrypted answer; they differ by version.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
_TLS_ALERT = "\x15\x03"


def certificate_owner(config: Any) -> str:
    """The owner of the certificate in ``config`` (nipyapi's)."""
    if not config.cert_file:
        return "this user"
    return x509.load_pem_x509_certificate(Path(config.cert_file).read_bytes()).subject.rfc4514_string()


def certificate_problem(error: BaseException, config: Any) -> str | None:
    """What was wrong with the certificates of ``config`` (nipyapi's); None if the error is about something else."""
    missing = [file for file in (config.ssl_ca_cert, config.cert_file, config.key_file) if file and not _readable(file)]
    if missing:
        return f"the file {missing[0]} of the profile is missing or cannot be read"
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not one to trust ({cause.verify_message}); the authorities here are those of "
                f"{config.ssl_ca_cert or 'the package certifi'}. A profile (--profile) names the right one as ca_path"
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS:
            return "it does not speak HTTPS; give an address that begins with http:"
        if isinstance(cause, http.client.BadStatusLine) and _TLS_ALERT in str(cause):
            return "it speaks HTTPS; give an address that begins with https, or a profile (--profile)"
    # An alert may be overtaken by the end of the connection.
    if not str(config.host).startswith("https:") or not any(
        isinstance(cause, (ssl.SSLError, ConnectionResetError, BrokenPipeError)) for cause in causes
    ):
        return None
    if not config.cert_file:
        return f"it needs a client certificate, and none was sent ({_OURS})"
    return _of_client(Path(config.cert_file))


def root_cause(error: BaseException) -> str:
    """The last cause of an error, with the system's text if there is one."""
    causes = list(_causes(error))
    systems = [cause for cause in causes if isinstance(cause, OSError) and cause.strerror]
    if systems:
        return str(systems[-1].strerror)
    if any(isinstance(cause, (TimeoutError, urllib3.exceptions.ReadTimeoutError)) for cause in causes):
        return "no answer in time"
    if any(isinstance(cause, http.client.HTTPException) for cause in causes):
        return "what answers does not speak HTTP"
    return type(error).__name__


def _of_client(file: Path) -> str:
    try:
        shown = x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError as error:
        return f"the client certificate {file} cannot be read: {error}"
    ends = shown.not_valid_after_utc
    if ends <= datetime.now(timezone.utc):
        return f"the client certificate {file} ended on {ends:%Y-%m-%d}; get a new one ({_OURS})"
    return (
        f"it does not accept the client certificate {file}, signed by {shown.issuer.rfc4514_string()}: "
        "probably not an authority that this NiFi trusts"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes; urllib3 keeps the reason as an attribute or an argument."""
    seen: set[int] = set()
    left: list[BaseException] = [error]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        further = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        left.extend(each for each in further if isinstance(each, BaseException))


def _readable(file: str) -> bool:
    try:
        with Path(file).open("rb"):
            return True
    except OSError:
        return False
