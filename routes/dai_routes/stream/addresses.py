"""Addresses of brokers: checked, and written without their passwords."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import typer

from dai_routes.database.addresses import has_password, without_password
from dai_scoring.cli.errors import UsageError

__all__ = ["check", "without_password"]


def check(context: typer.Context, url: str, schemes: Sequence[str], variable: str) -> None:
    """Raise UsageError for another scheme, a wrong port, or a password that the list of processes would show."""
    if url.partition("://")[0] not in schemes:
        raise UsageError(f"--url, or {variable}, must begin with {' or '.join(f'{one}://' for one in schemes)}.")
    try:
        _ = urlsplit(url).port
    except ValueError:
        # What stands there may be the end of a password that has a "/" or a "#".
        raise UsageError(
            f"In --url, or {variable}, behind HOST: there is no number. In a password, write %2F for / and %23 for #."
        ) from None
    source = context.get_parameter_source("url")
    if has_password(url) and source is not None and source.name == "COMMANDLINE":
        raise UsageError(
            f"The address {without_password(url)} has a password, which the list of processes shows to everyone. Set "
            f"the whole address in {variable}, and leave --url out."
        )
