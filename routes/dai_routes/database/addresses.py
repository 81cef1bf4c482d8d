"""Opens the database of an address, and writes addresses without their passwords."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from dai_routes.database.contract import Database
from dai_routes.database.jdbc import settings as jdbc_settings
from dai_scoring import extras
from dai_scoring.cli.errors import MissingExtraError, UsageError

_KNOWN = "postgresql://USER@HOST:PORT/DATABASE, sqlite:///FILE, duckdb:///FILE, grpc://HOST:PORT, jdbc:..."


def open_database(url: str, jdbc: jdbc_settings.JdbcSettings, variable: str, *, writes: bool) -> Database:
    """Connect to a database. If ``writes``, a missing SQLite file is created. Raises UnreachableError or UsageError.

    ``variable`` is the one with the address; the names of those with user and password begin with it.
    """
    if jdbc_settings.is_jdbc(url):
        from dai_routes.database.jdbc.connection import Jdbc
        from dai_routes.database.jdbc.driver import Driver

        return Jdbc(Driver(url, jdbc_settings.Credentials.of_environment(variable), jdbc, variable))
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        try:
            from dai_routes.database.adbc.postgresql import PostgreSQL
        except ModuleNotFoundError as error:
            raise MissingExtraError(extras.absent(error, "database")) from error
        return PostgreSQL(_with_credentials(url, jdbc_settings.Credentials.of_environment(variable)))
    file = Path(rest[1:] if rest.startswith("/") else rest)
    if scheme == "sqlite":
        from dai_routes.database.sqlite import SQLite

        return SQLite(file, must_exist=not writes)
    if scheme == "duckdb":
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
        return FlightSQL(url, jdbc_settings.Credentials.of_environment(variable), variable)
    by_jdbc = (
        f" For {scheme}, give the address of its JDBC driver, and the driver's jar with --jdbc-driver." if rest else ""
    )
    raise UsageError(f"{without_password(url)} is no address that is known here. There are: {_KNOWN}.{by_jdbc}")


def _with_credentials(url: str, given: jdbc_settings.Credentials) -> str:
    """An address with the user and the password, if they are set; those in the address count first."""
    parts = urlsplit(url)
    user, password = parts.username, parts.password
    user = quote(given.user, "") if user is None and given.user is not None else user
    password = quote(given.password, "") if password is None and given.password is not None else password
    place = parts.netloc.rpartition("@")[2]
    who = "" if user is None and password is None else f"{user or ''}{'' if password is None else f':{password}'}@"
    return urlunsplit(parts._replace(netloc=f"{who}{place}"))


def has_password(url: str) -> bool:
    """Whether an address has a password in it."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.has_password(url)
    return urlsplit(url).password is not None or "password=" in urlsplit(url).query


def without_password(url: str) -> str:
    """An address without its password, for messages."""
    if jdbc_settings.is_jdbc(url):
        return jdbc_settings.without_password(url)
    if url.startswith(("sqlite:", "duckdb:")):
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")
    user = host[0].partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{host[2]}" if user else host[2], query=""))
