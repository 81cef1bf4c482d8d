"""The SQL with which Hive scores a table."""

from __future__ import annotations

from collections.abc import Sequence

FUNCTION = "dai_score"
CLASS = "daiscoring.hive.DaiScore"


def setup(jar: str) -> str:
    """The statements that make the function known in a session."""
    return f"ADD JAR {jar};\nCREATE TEMPORARY FUNCTION {FUNCTION} AS '{CLASS}';\n"


def query(model: str, columns: Sequence[str], table: str = "your_table") -> str:
    """The query that adds the columns of a model to those of a table."""
    fields = ", ".join(f"{_text(column)}, t.{_name(column)}" for column in columns)
    call = f"{FUNCTION}({_text(model)}, named_struct({fields}))"
    # For a person to read and type, with names that are quoted; nothing runs it.
    return f"SELECT t.*, s.* FROM {table} t\nLATERAL VIEW inline(array({call})) s;\n"  # noqa: S608


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _name(column: str) -> str:
    return f"`{column.replace('`', '``')}`"
