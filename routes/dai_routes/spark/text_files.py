"""Spark's options for files of CSV: columns by their names, and texts as everyone else writes them."""

from __future__ import annotations

# Quotes within a text are doubled, as in all other CSV, and its blanks stay: Spark's own way differs in both.
_CSV = {
    "header": "true",
    "escape": '"',
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}
# Otherwise Spark takes the columns of a file by their place, whatever its header says.
_BY_NAME = {"enforceSchema": "false"}


def input_options(file_format: str) -> dict[str, str]:
    """Spark's options to read files of a format."""
    return {**_CSV, **_BY_NAME} if file_format == "csv" else {}


def output_options(file_format: str) -> dict[str, str]:
    """Spark's options to write them."""
    return _CSV if file_format == "csv" else {}
