"""The job that the options of ``dai-score table`` describe."""

from __future__ import annotations

import re
from dataclasses import replace

import typer

from dai_routes.database.addresses import has_password, without_password
from dai_routes.database.contract import Database, TableName
from dai_routes.database.errors import no_table
from dai_routes.database.running.job import Job, Mode
from dai_scoring.cli.errors import UsageError

SOURCE_VARIABLE = "DAI_SCORE_SOURCE"
"""The variable with the address of the source."""
TARGET_VARIABLE = "DAI_SCORE_TARGET"
"""The variable with the address of the target."""

_CHANGING = (
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "GRANT",
    "CALL",
    "EXEC",
    "SET",
)


def check_no_password(context: typer.Context, parameter: str, url: str | None) -> None:
    """Raise UsageError for an address with a password that was given on the command line."""
    source = context.get_parameter_source(parameter)
    if url and has_password(url) and source is not None and source.name == "COMMANDLINE":
        flag_name, variable = (
            ("--source", SOURCE_VARIABLE) if parameter == "source" else ("--target-db", TARGET_VARIABLE)
        )
        raise UsageError(
            f"The address {without_password(url)} has a password, which the list of processes shows to everyone. Set "
            f"{variable}_PASSWORD, or the whole address in {variable}, and leave {flag_name} without it."
        )


def table_name(flag_name: str, text: str) -> TableName:
    """The name of a table in the text of an option."""
    try:
        return TableName.parse(text)
    except ValueError:
        raise UsageError(f"{flag_name} is TABLE or SCHEMA.TABLE, with quotes around a part that has dots.") from None


def _check_reads(query: str) -> None:
    """Raise UsageError for a query that plainly does not read rows; the database refuses others that change data."""
    word = re.match(r"\W*(\w*)", re.sub(r"/\*.*?\*/|--[^\n]*", " ", query, flags=re.DOTALL))
    first = "" if word is None else word[1]
    if not first:
        raise UsageError("--query is empty: give a SELECT.")
    if first.upper() in _CHANGING:
        raise UsageError(
            f"--query begins with {first.upper()}, and is to read rows: give a SELECT. Statements that change data "
            "are for --before and --after."
        )


def job_of(
    reading: Database,
    writing: Database | None,
    query: str | None,
    from_table: str | None,
    target: str | None,
    key: str | None,
    rejected: str | None,
    more: Job,
) -> Job:
    """The job of the command's options. ``more`` has those that are taken as they are.

    ``writing`` is None if the scores go to a file.
    """
    if (query is None) == (from_table is None):
        raise UsageError("Give either --query or --table.")
    mode = more.mode
    if query is not None:
        _check_reads(query)
    is_primary = False
    if from_table is not None:
        name = table_name("--table", from_table)
        if reading.columns(name) is None:
            raise no_table(name)
        query = f"SELECT * FROM {reading.quoted(name)}"  # noqa: S608 - quoted
        primary = reading.key_of(name)
        if len(primary) == 1 and key in (None, primary[0]):
            key, is_primary = primary[0], True
        if target is None and mode is Mode.UPDATE:
            target = from_table
    more = replace(more, query=str(query), key=key, key_is_primary=is_primary)
    if writing is None:
        return more
    if not writing.can_write:
        raise UsageError(
            "A database behind Flight SQL is only read: name another one with --target-db, or a file with --csv."
        )
    if target is None:
        raise UsageError("Give --target, the table to write, or --csv, a file.")
    written = table_name("--target", target)
    if mode is Mode.UPDATE and key is None:
        raise UsageError("--mode update finds its rows by --key: give it.")
    # Also if the target has an address of its own that leads to the same database.
    read = None if from_table is None or more.source else reading.full_name(table_name("--table", from_table))
    if mode is not Mode.UPDATE and writing.full_name(written) == read:
        raise UsageError("--target is the table that is read. To write the scores into it, choose --mode update.")
    refused = written.sibling(f"{written.name}_rejected") if rejected is None else table_name("--rejected", rejected)
    if writing.full_name(refused) == read:
        raise UsageError("--rejected is the table that is read: name another.")
    if writing.full_name(refused) == writing.full_name(written):
        raise UsageError(f"--target and --rejected name the same table, {written}: name two.")
    return replace(more, target=written, rejected=refused)
