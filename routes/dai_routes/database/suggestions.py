"""Suggests statements and commands for a model and a table: ``dai-score table --inspect``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from dai_routes.database.contract import Database, TableName
from dai_routes.database.errors import no_table
from dai_routes.database.sql import quoted
from dai_scoring.engine import ModelInfo

_TABLE, _KEY, _SOURCE = "TABLE", "KEY", "postgresql://USER@HOST:5432/DATABASE"


@dataclass(frozen=True)
class Suggestions:
    """What to give to ``--query``, and commands; columns of the model that the table lacks."""

    query: str
    commands: tuple[str, ...]
    lacking: tuple[str, ...]
    notes: tuple[str, ...]


def suggest(
    model: Path,
    info: ModelInfo,
    source: str | None,
    database: Database | None,
    table: TableName | None,
    drivers: Sequence[Path] = (),
) -> Suggestions:
    """``source`` is an address without its password. Without a database or a table words in capitals stand for them.

    ``drivers`` are the jars of its JDBC driver, if it has one.
    """
    quote = quoted if database is None else database.quoted
    inputs = [column.name for column in info.inputs]
    present: list[str] | None = None
    keys: tuple[str, ...] = (_KEY,)
    notes = []
    if database is not None and table is not None:
        present = list(database.columns(table) or ())
        if not present:
            raise no_table(table)
        keys = database.key_of(table)
        if len(keys) != 1:
            notes.append(
                f"{table} has {'no' if not keys else 'a'} primary key{'' if not keys else ' of several columns'}: name "
                "a column with another value in each row by --key, so that a run can continue after an interruption."
            )
            keys = (_KEY,)
    found = {name: _spelled(name, present) for name in inputs}
    lacking = tuple(name for name, spelled in found.items() if spelled is None)
    key = keys[0]
    words = [quote(key) if present is not None and key in present else key] if key not in inputs else []
    for name, spelled in found.items():
        if spelled is not None:
            words.append(quote(name) if spelled == name else f"{quote(spelled)} AS {quote(name)}")
    query = f"SELECT {', '.join(words)} FROM {_TABLE if table is None else quote(table)}"  # noqa: S608 - shown only
    base = ["dai-score", "table", "-m", str(model), "--source", source or _SOURCE]
    base += ["--jdbc-driver", os.pathsep.join(map(str, drivers))] if drivers else []
    is_spelled = present is None or all(spelled in (None, name) for name, spelled in found.items())
    return Suggestions(query, _commands(base, table, key, query, is_spelled), lacking, tuple(notes))


def _spelled(name: str, present: list[str] | None) -> str | None:
    """A column as the table spells it; another case counts if only one column has it."""
    if present is None or name in present:
        return name
    others = [one for one in present if one.casefold() == name.casefold()]
    return others[0] if len(others) == 1 else None


def _commands(base: list[str], table: TableName | None, key: str, query: str, is_spelled: bool) -> tuple[str, ...]:
    name = _TABLE if table is None else str(table)
    target = f"{name}_scores" if table is None else str(table.sibling(f"{table.name}_scores"))
    read = ["--table", name] if is_spelled else ["--query", query]
    keyed = [*read, "--key", key]
    commands = [
        [*base, *keyed, "--target", target, "--preview", "5"],
        [*base, *keyed, "--target", target, "--output-columns", "ids", "--id-columns", key],
        [*base, *keyed, "--mode", "update", *([] if is_spelled else ["--target", name])],
        [*base, *read, "--csv", "scores.csv"],
    ]
    return tuple(shlex.join(words) for words in commands)


def render(console: Console, found: Suggestions) -> None:
    """Show them to a person."""
    for note in found.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    if found.lacking:
        console.print(f"The table lacks columns of the model: {', '.join(found.lacking)}", markup=False, soft_wrap=True)
    console.print("The rows to score:", markup=False)
    console.print(f"  {found.query}", markup=False, soft_wrap=True)
    titles = ("try it", "into a new table", "into the same table, by UPDATE", "into a file")
    for title, command in zip(titles, found.commands, strict=True):
        console.print(f"{title}:\n  {command}", markup=False, soft_wrap=True)
