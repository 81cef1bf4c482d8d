"""Connects through a JDBC driver, in the Java virtual machine that scores MOJOs, and words its errors."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dai_routes.database.errors import DatabaseError, LostConnectionError, UnreachableError, first_line
from dai_routes.database.jdbc.settings import (
    DRIVER_VARIABLE,
    Credentials,
    JdbcSettings,
    without_password,
    without_secrets,
)
from dai_scoring.cli.errors import NotFoundError, UsageError
from dai_scoring.cli.opening import translated
from dai_scoring.model_file import Kind
from dai_scoring.progress import silent
from dai_scoring.provision import java_runtime
from dai_scoring.runtimes.java import java_arrays, java_jars, jvm

# Data exceptions and violated constraints: the messages of these have values of rows.
_VALUE_STATES = ("22", "23")
# A connection that is gone: by the standard, of PostgreSQL, of H2.
_LOST_STATES = ("08", "57P01", "57P02", "57P03", "90067", "90098", "90121")
# What the drivers do otherwise: they change types, or read all rows before the first.
_SETTINGS = {
    "mysql": {
        "useCursorFetch": "true",
        "rewriteBatchedStatements": "true",
        "tinyInt1isBit": "false",
        "yearIsDateType": "false",
    },
    "mariadb": {"tinyInt1isBit": "false", "yearIsDateType": "false"},
}
# MariaDB's driver writes the server's messages to standard error, also those that have values of rows.
_QUIET = ("mariadb.logging.disable", "true")


class Driver:
    """The classes that read and write rows, in a class loader with the drivers of one address."""

    def __init__(self, url: str, credentials: Credentials, settings: JdbcSettings, prefix: str) -> None:
        """``prefix`` begins the names of the variables with the credentials, for messages."""
        self._url = url
        self._credentials = credentials
        self._prefix = prefix
        for jar in settings.drivers:
            if not jar.is_file():
                raise NotFoundError(f"There is no file {jar}, a JDBC driver. Check --jdbc-driver.")
        with translated():
            loader = _loader(settings)
            self._access, self.rows, self.writer, self.column = (
                jvm.class_in(loader, f"daiscoring.jdbc.{name}") for name in ("Access", "Rows", "Writer", "Column")
            )

    def connect(self) -> Any:
        """A new connection, without commits of its own."""
        settings = dict(_SETTINGS.get(self._url.split(":")[1].lower(), {}))
        for name, value in (("user", self._credentials.user), ("password", self._credentials.password)):
            if value is not None:
                settings[name] = value
        words = [word for pair in settings.items() for word in pair]
        try:
            connection = self._access.connect(self._url, java_arrays.strings(words))
        except jvm.java_exception() as error:
            raise self._refused(error) from None
        if connection is None:
            found = ", ".join(map(str, self._access.drivers())) or "none"
            raise UsageError(
                f"No JDBC driver takes the address {without_password(self._url)}. Name the jar of its driver with "
                f"--jdbc-driver or in {DRIVER_VARIABLE}, and check the beginning of the address. Drivers that were "
                f"found: {found}."
            )
        return connection

    def default_schema(self, connection: Any) -> str | None:
        """The schema of tables whose name has none, or the catalogue in databases that have these instead."""
        found = self._access.defaultSchema(connection)
        return None if found is None else str(found)

    def columns_of(self, connection: Any, schema: str | None, table: str) -> list[tuple[str, str, int]]:
        """The columns of a table: name, name of the type, number of the type."""
        words = [str(word) for word in self._access.columnsOf(connection, schema, table)]
        return [(words[at], words[at + 1], int(words[at + 2])) for at in range(0, len(words), 3)]

    def key_of(self, connection: Any, schema: str | None, table: str) -> tuple[str, ...]:
        """The columns of a primary key."""
        return tuple(str(name) for name in self._access.keyOf(connection, schema, table))

    def message(self, error: BaseException) -> str:
        """The first line of what a driver says, without the address and the password."""
        text = first_line(Exception(str(error.getMessage() or "it does not say why")))  # type: ignore[attr-defined]
        text = text.replace(self._url, without_password(self._url))
        password = self._credentials.password
        text = text.replace(password, "...") if password else text
        return without_secrets(text).removesuffix("; SQL statement:").rstrip(". ")

    def _refused(self, error: BaseException) -> Exception:
        address = without_password(self._url)
        advice = (
            f"Check the address, the user in {self._prefix}_USER, and the password in {self._prefix}_PASSWORD or in "
            f"the file that {self._prefix}_PASSWORD_FILE names."
        )
        return UnreachableError(f"{address} cannot be opened: {self.message(error)}. {advice}")


@contextmanager
def errors(driver: Driver, product: str) -> Iterator[None]:
    """Raise a driver's errors as this command's. Those of values are told without their message, which has them."""
    try:
        yield
    except jvm.java_exception() as error:
        state = _state(error)
        if state.startswith(_VALUE_STATES):
            raise DatabaseError(
                f"{product} refuses a value (SQLSTATE {state}): it does not suit a type or a calculation, or breaks a "
                "rule of the table, such as a key that is there already. Its message is not shown, since it may have "
                "the value."
            ) from None
        if state.startswith(_LOST_STATES) or any(
            "SQLRecoverableException" in one.__name__ for one in type(error).__mro__
        ):
            raise LostConnectionError(f"The connection to {product} broke: {driver.message(error)}.") from None
        raise DatabaseError(f"{product} says: {driver.message(error)}.") from None


def _state(error: Any) -> str:
    return str(error.getSQLState() or "") if hasattr(error, "getSQLState") else ""


def _loader(settings: JdbcSettings) -> Any:
    """A class loader with the helper and the drivers. The model's jars cannot clash with those of a driver."""
    runtime = settings.runtime
    kind = Kind.DAI_MOJO if runtime.accept_h2o_licence else Kind.H2O3_MOJO
    done = java_runtime.complete(runtime, kind, silent)
    # Started with the model's jars: those that are added later are not seen by all classes.
    if done.mojo_runtime is None:
        jars = java_jars.h2o3_jars(done.jar_folders)
    else:
        jars = java_jars.mojo2_jars(done.mojo_runtime, done.jar_folders)
    jvm.start(jars, done.jvm_options, done.java_home)
    system = jvm.java_class("java.lang.System")
    system.setProperty(_QUIET[0], system.getProperty(*_QUIET))
    helper = [jar for jar in jars if jar.name.startswith("dai-scoring-java")]
    return _class_loader((*helper, *(jar.resolve() for jar in settings.drivers)))


# One for the same jars: a database that runs inside a driver can be open in one of them only.
_class_loader = functools.cache(jvm.class_loader)
