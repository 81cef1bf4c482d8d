"""The parameters of batch-database, and what their values must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from dai_nifi.drivers import postgresql
from dai_nifi.errors import UsageError
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter
from dai_nifi.flows.settings import (
    BAD_ROWS,
    ID_COLUMNS,
    INPUT_FORMAT,
    OUTPUT_COLUMNS,
    OUTPUT_FORMAT,
    RECORD_READER,
    RECORD_WRITER,
    settings,
)
from dai_scoring.options import BAD_ROWS as BAD_ROWS_OPTION
from dai_scoring.options import BadRows

NAME = "batch-database"
SUMMARY = "Score the new rows of a database table: scores and rejected rows go to tables of their own."

URL = "database.url"
DRIVER = "database.driver"
DRIVER_CLASS = "database.driver.class"
TYPE = "database.type"
SCHEMA = "database.schema"
SOURCE = "source.table"
WHERE = "source.where"
KEY = "key.column"
KEPT = "kept.columns"
TARGET = "target.table"
REJECTED = "rejected.table"
PAGE = "page.rows"
INTERVAL = "poll.interval"

# A row of the target table is its key, kept columns and predictions, and records come as Avro. Rejected rows have a
# table of their own.
_KEPT_ROWS = BAD_ROWS_OPTION.label_of(BadRows.KEEP)
_WITHOUT = (OUTPUT_COLUMNS, ID_COLUMNS, INPUT_FORMAT, OUTPUT_FORMAT, RECORD_READER, RECORD_WRITER)
SETTINGS = tuple(
    replace(one, choices=tuple(choice for choice in one.choices if choice != _KEPT_ROWS)) if one == BAD_ROWS else one
    for one in settings(without=_WITHOUT)
)

PARAMETERS = (
    Parameter(URL, "Where the database is, such as jdbc:postgresql://db.example.com:5432/sales. Without a password."),
    Parameter("database.user", "The user to log in as: reads the source table, writes the other two."),
    Parameter(
        "database.password",
        "That user's password. dai-nifi deploy takes it from the environment variable DATABASE_PASSWORD.",
        kind=Kind.SENSITIVE,
        optional=True,
        variable="DATABASE_PASSWORD",
    ),
    Parameter(
        DRIVER,
        "The JDBC driver: an asset (on the canvas: upload its jar here), or a path on the machine that runs NiFi. "
        "dai-nifi deploy takes a file of its own machine, and fetches PostgreSQL's by itself.",
        kind=Kind.ASSET,
        optional=True,
    ),
    Parameter(DRIVER_CLASS, "The name of the driver's class.", postgresql.CLASS),
    Parameter(
        TYPE, "What kind of database: PostgreSQL, MySQL, Oracle 12+ or MS SQL 2012+, as NiFi calls them.", "PostgreSQL"
    ),
    Parameter(SCHEMA, "The schema that the target and rejected tables are in; with MySQL, the database.", "public"),
    Parameter(SOURCE, "The table whose rows are scored; with its schema, such as sales.orders, where it needs one."),
    Parameter(
        WHERE,
        "An SQL condition for the rows to take. Rows with a lower key than one already taken are never seen: where "
        "keys are given out long before their transactions end, say here which rows are old enough.",
        "1 = 1",
    ),
    Parameter(KEY, "The column that tells the rows apart and grows with each new row, such as id."),
    Parameter(
        KEPT,
        "Columns of the source table that the target table has besides the key, separated by commas.",
        optional=True,
    ),
    Parameter(TARGET, "The table for the scores: the key, as its primary key, and a column for each prediction."),
    Parameter(
        REJECTED,
        "The table for rows that could not be scored: the key, as its primary key, and the text columns _reject_code, "
        "_reject_column and _reject_value; also any others of the source table.",
        "rejected_rows",
    ),
    Parameter(INTERVAL, "How long to wait before looking for new rows again.", "10 sec"),
    Parameter(PAGE, "How many rows are read, scored and written together, at most.", "20000"),
    MODEL,
    LICENCE,
    *SETTINGS,
)

# As people write it into an address, or as drivers name the property.
_PASSWORD = re.compile(r"(?i)//[^/@]*:[^/@]*@|[?&;][a-z]*password=")


def validate(values: Mapping[str, str | None]) -> None:
    """Raise UsageError for an address, a column or a table that will not do."""
    url = values.get(URL) or ""
    if not url.startswith("jdbc:"):
        raise UsageError(f"The parameter {URL} begins with jdbc:, such as jdbc:postgresql://db.example.com:5432/sales.")
    if _PASSWORD.search(url):
        raise UsageError(
            f"The parameter {URL} holds a password, and everybody who sees the flow sees the address. Put the password "
            "into the environment variable DATABASE_PASSWORD."
        )
    for name in (TARGET, REJECTED):
        if "." in (values.get(name) or ""):
            raise UsageError(f"The parameter {name} is the table's name alone; its schema is the parameter {SCHEMA}.")
    if "," in (values.get(KEY) or ""):
        raise UsageError(f"The parameter {KEY} is one column, not {values.get(KEY)}.")
    if values.get(TARGET) == values.get(REJECTED):
        raise UsageError(f"{TARGET} and {REJECTED} are both {values.get(TARGET)}. They must differ.")


def statements(values: Mapping[str, str | None]) -> Mapping[str, str]:
    """Statements that fail if the database lacks what the flow uses, by what they look for; they change nothing."""
    key, schema = values[KEY], values[SCHEMA]
    target, rejected = f"{schema}.{values[TARGET]}", f"{schema}.{values[REJECTED]}"
    wanted = {
        "a connection": "SELECT 1 FROM dual" if "Oracle" in (values[TYPE] or "") else "SELECT 1",
        f"{SOURCE} {values[SOURCE]}": f"SELECT {key} FROM {values[SOURCE]} WHERE ({values[WHERE]}) AND 1 = 0",
        f"{TARGET} {target}": f"SELECT {key} FROM {target} WHERE 1 = 0",
        f"{REJECTED} {rejected}": f"SELECT {key} FROM {rejected} WHERE 1 = 0",
    }
    if values[TYPE] == "PostgreSQL":
        wanted[f"{REJECTED} {rejected}"] = (
            f"SELECT {key}, _reject_code, _reject_column, _reject_value FROM {rejected} WHERE 1 = 0"
        )
        # Explained and not done. Without a primary key or a unique index, a row could not replace itself.
        for name, table in ((TARGET, target), (REJECTED, rejected)):
            wanted[f"the primary key of {name} {table}"] = (
                f"EXPLAIN INSERT INTO {table} ({key}) VALUES (NULL) ON CONFLICT ({key}) DO NOTHING"
            )
    return wanted
