"""Options of the commands that score, whose text stands for several values."""

from __future__ import annotations

import shlex

from dai_scoring.cli.errors import UsageError
from dai_scoring.options import OutputColumns


def jvm_words(text: str) -> tuple[str, ...]:
    """The options of Java in a text, quoted as in a shell. Raises UsageError if the quotes in it are not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--jvm-options cannot be split into options: {error}.") from error


def id_names(text: str, output_columns: OutputColumns) -> tuple[str, ...]:
    """The names of id columns in a text.

    Raises UsageError if there are some without ``--output-columns ids``, or none with it.
    """
    ids = tuple(name.strip() for name in text.split(",") if name.strip())
    if bool(ids) != (output_columns is OutputColumns.IDS):
        raise UsageError("--output-columns ids and --id-columns go together: give both.")
    return ids
