"""Opens the database of an address, and writes addresses without their passwords."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from dai_routes.database.contract import Database
from dai_routes.database.jdbc import settings as jdbc_settings
from dai_scoring import extras
from dai_scoring.cli.errors import MissingExtraError, UsageError

_KNOWN = "postgresql://USER@HOST:PORT/DATABASE, sqlite:///FILE, duckdb:///FILE, grpc://HOST:PORT, jdbc:..."
# Passwords are to be percent-encoded, and many are not. One with "/" or "?" is told from a port and what follows it.
_WHO = re.compile(r"(?:([^/?]*)|([^/?@:\[]*:(?!\d+(?:[,/?]|$)).*))@", re.DOTALL)
_FILES = ("sqlite:", "duckdb:")
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_PASSWORD_OPTION = re.compile("(?<=[?&])[^&=]*password=[^&]*&?")


def open_database(url: str, jdbc: jdbc_settings.JdbcSettings, variable: str, *, writes: bool) -> Database:
    """Connect to a database. If ``writes``, a missing SQLite file is created. Raises UnreachableError or UsageError.

    ``variable`` is the one with the address; the names of those with user and password begin with it.
    """
    if jdbc_settings.is_jdbc(url):
        from dai_routes.database.jdbc.connection import Jdbc
        from dai_routes.database.jdbc.driver import Driver

        return Jdbc(Driver(url, jdbc_settings.Credentials.of_environment(variable), jdbc, variable))
    scheme, _, rest = url.partition("://")
    if rest and scheme in ("postgresql", "postgres"):
        try:
            from dai_routes.database.adbc.postgresql import PostgreSQL
        except ModuleNotFoundError as error:
            raise MissingExtraError(extras.absent(error, "database")) from error
        return PostgreSQL(_with_credentials(url, jdbc_settings.Credentials.of_environment(variable)))
    file = _file(rest)
    if rest and scheme == "sqlite":
        from dai_routes.database.sqlite import SQLite

        return SQLite(file, must_exist=not writes)
    if rest and scheme == "duckdb":
        try:
            from dai_routes.database.adbc.duckdb import DuckDB
        except ModuleNotFoundError as error:
            raise MissingExtraError(extras.absent(error, "duckdb")) from error
        return DuckDB(file, must_exist=not writes)
    if scheme in ("grpc", "grpc+tls", "grpc+tcp"):
        try:
            from dai_routes.database.adbc.flightsql import FlightSQL
        except ModuleNotFoundError as error:
            raise MissingExtraError(extras.absent(error, "flightsql")) from error
        address, given = _Address.of(url), jdbc_settings.Credentials.of_environment(variable)
        user, password = unquote(address.user or ""), unquote(address.password or "")
        own = jdbc_settings.Credentials(user or given.user, password or given.password)
        return FlightSQL(f"{address.begin}{address.place}", own, variable)
    by_jdbc = (
        f" For {scheme}, give the address of its JDBC driver, and the driver's jar with --jdbc-driver." if rest else ""
    )
    raise UsageError(f"{without_password(url)} is no address that is known here. There are: {_KNOWN}.{by_jdbc}")


def _file(place: str) -> Path:
    return Path(place.removeprefix("/"))


class _Address(NamedTuple):
    """The parts of an address: ``scheme://user:password@place``."""

    begin: str
    user: str | None
    password: str | None
    place: str

    @classmethod
    def of(cls, url: str) -> _Address:
        scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
        found = _WHO.match(rest)
        if found is None:
            return cls(scheme + mark, None, None, rest)
        user, colon, password = (found[1] or found[2] or "").partition(":")
        return cls(scheme + mark, user or None, password if colon else None, rest[found.end() :])


def _with_credentials(url: str, given: jdbc_settings.Credentials) -> str:
    """An address with the user and the password, if they are set; those in the address count first.

    Both are percent-encoded where they are not: the driver would show what it cannot read.
    """
    address = _Address.of(url)
    user = _encoded(address.user, given.user)
    password = _encoded(address.password, given.password)
    who = "" if user is None and password is None else f"{user or ''}{'' if password is None else f':{password}'}@"
    return f"{address.begin}{who}{address.place}"


def _encoded(own: str | None, other: str | None) -> str | None:
    if own is None:
        return None if other is None else quote(other, "")
    return quote(_BARE_PERCENT.sub("%25", own), "%")


def has_password(url: str) -> bool:
    """Whether an address has a password in it."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.has_password(url)
    address = _Address.of(url)
    return address.password is not None or _PASSWORD_OPTION.search(address.place) is not None


def without_password(url: str) -> str:
    """An address without its password, for messages."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.without_password(url)
    if url.startswith(_FILES):
        return url
    address = _Address.of(url)
    return f"{address.begin}{f'{address.user}@' if address.user else ''}{re.split('[?#]', address.place)[0]}"


def place_of(url: str) -> str:
    """What an address leads to, whoever opens it: the same text for the same database."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.place_of(url)
    address = _Address.of(url)
    if url.startswith(_FILES):
        return f"{address.begin}{_file(address.place).resolve()}"
    return f"{address.begin}{_PASSWORD_OPTION.sub('', address.place)}"
