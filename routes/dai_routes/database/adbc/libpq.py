"""Addresses of PostgreSQL's client library, and what it says of a connection that it cannot make."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

# A firewall that forgets a silent connection drops its packets. The system would ask only after two hours.
_KEEPALIVES = "keepalives_idle=60&keepalives_interval=10&keepalives_count=6"


def refused(text: str) -> str:
    """What libpq says of a connection that it cannot make, and what to do."""
    if "database" in text and "does not exist" in text:
        advice = "Check the name of the database, the last part of the address."
    elif "failed: FATAL" in text or "no password supplied" in text:
        advice = "Check the user in the address, and the password in PGPASSWORD or in the file that PGPASSFILE names."
    else:
        advice = "Check the host and the port in the address, and that the server runs."
    return f"There is no connection to PostgreSQL: {text}. {advice}"


def with_keepalives(url: str) -> str:
    """An address of libpq that notices within two minutes that nobody answers, unless it says itself when."""
    query = urlsplit(url).query
    if "keepalives" in query or "service=" in query or "PGSERVICE" in os.environ:
        return url
    return f"{url}{'&' if query else '' if url.endswith('?') else '?'}{_KEEPALIVES}"
