"""Opens the database of an address, and writes addresses without their passwords."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dai_routes.database import jdbc_settings
from dai_routes.database.contract import Database
from dai_scoring import extras
from dai_scoring.cli.errors import MissingExtraError, UsageError

_KNOWN = "postgresql://USER@HOST:PORT/DATABASE, sqlite:///FILE, jdbc:..."


def open_database(url: str, jdbc: jdbc_settings.JdbcSettings, variable: str, *, writes: bool) -> Database:
    """Connect to a database. If ``writes``, a missing SQLite file is created. Raises UnreachableError or UsageError.

    ``variable`` is the one with the address; for JDBC the names of those with user and password begin with it.
    """
    if jdbc_settings.is_jdbc(url):
        from dai_routes.database.jdbc import Jdbc
        from dai_routes.database.jdbc_driver import Driver

        return Jdbc(Driver(url, jdbc_settings.Credentials.of_environment(variable), jdbc, variable))
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        try:
            from dai_routes.database.postgresql import PostgreSQL
        except ModuleNotFoundError as error:
            raise MissingExtraError(extras.absent(error, "database")) from error
        return PostgreSQL(url)
    if scheme == "sqlite":
        from dai_routes.database.sqlite import SQLite

        return SQLite(Path(rest[1:] if rest.startswith("/") else rest), must_exist=not writes)
    raise UsageError(f"{without_password(url)} is no address that is known here. There are: {_KNOWN}.")


def has_password(url: str) -> bool:
    """Whether an address has a password in it."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.has_password(url)
    return urlsplit(url).password is not None or "password=" in urlsplit(url).query


def without_password(url: str) -> str:
    """An address without its password, for messages."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.without_password(url)
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")
    user = host[0].partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{host[2]}" if user else host[2], query=""))
