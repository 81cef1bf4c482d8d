"""The errors of ``dai-score table``, with their exit codes."""

from __future__ import annotations

from dai_routes.database.contract import TableName
from dai_scoring.cli.errors import NotFoundError, ToolError


class DatabaseError(ToolError):
    """The database refuses a statement."""

    code = "database"


class UnreachableError(DatabaseError):
    """No database answers at the address, or it refuses the credentials."""

    exit_code = 4
    code = "unreachable"


class LostConnectionError(UnreachableError):
    """The connection broke while it was in use."""

    code = "connection_lost"


class ConflictError(DatabaseError):
    """The target exists already, lacks columns, or is being written by another run."""

    exit_code = 8
    code = "conflict"


def first_line(error: BaseException) -> str:
    """The first line of a database's message; further lines may have values of a row."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    first = lines[0].rpartition("ERROR:")[2] if lines else type(error).__name__
    return first.strip().rstrip(".")


def no_table(table: TableName) -> NotFoundError:
    """The error for a table that is not there."""
    return NotFoundError(f"There is no table {table}. Write the name as the database has it, in the same case.")
