"""The errors of ``dai-score table``, with the exit codes that they end it with."""

from __future__ import annotations

from dai_scoring.cli.errors import ToolError


class DatabaseError(ToolError):
    """The database refuses a statement."""

    code = "database"


class UnreachableError(DatabaseError):
    """No database answers at the address, or it lets nobody in with these credentials."""

    exit_code = 4
    code = "unreachable"


class ConflictError(DatabaseError):
    """The table that is to be written exists already, or another run writes it."""

    exit_code = 8
    code = "conflict"


def first_line(error: BaseException) -> str:
    """What a database says, without the lines that may show values of a row."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    first = lines[0].rpartition("ERROR:")[2] if lines else type(error).__name__
    return first.strip().rstrip(".")
