"""What ``dai-score table`` shows at its end."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from rich.console import Console

from dai_routes.database.running.job import Outcome
from dai_routes.database.running.progress import TABLE as PROGRESS
from dai_scoring.batch.tables import ScoredTable
from dai_scoring.cli.console import Output
from dai_scoring.cli.errors import RejectedRowsError
from dai_scoring.values.unseen_levels import counts_as_text


def plain(outcome: Outcome, target: str, rejected: str) -> dict[str, Any]:
    """The outcome as values for JSON. ``target`` and ``rejected`` are the names of tables or files."""
    return {
        "records": outcome.records,
        "scored": outcome.scored,
        "rejected": outcome.rejected,
        "written_earlier": outcome.earlier,
        "target": target,
        "rejected_table": rejected if outcome.rejected else None,
        "unseen": None if outcome.unseen is None else dict(outcome.unseen),
        "seconds": round(outcome.seconds, 6),
        "rows_per_second": round(outcome.records / max(outcome.seconds, 1e-9)),
        "seconds_of": {name: round(value, 6) for name, value in vars(outcome.times).items()},
    }


def sentence(outcome: Outcome, target: str, rejected: str) -> str:
    """The outcome for a person."""
    text = f"{target}: {outcome.scored:,} of {outcome.records:,} rows scored in {outcome.seconds:.2f} s"
    if outcome.earlier:
        text += f", after {outcome.earlier:,} that earlier runs have written"
        if not outcome.records:
            text += f"; to score these again, delete the row of {target} in the table {PROGRESS}"
    if outcome.rejected:
        text += f"; {outcome.rejected:,} rejected, with the reasons: {rejected}"
    if outcome.unseen:
        text += f"; levels that the model has never seen, by column: {counts_as_text(outcome.unseen)}"
    return text


def end(output: Output, outcome: Outcome, names: tuple[str, str], stats: bool, fail_on_rejects: bool) -> None:
    """Show the outcome. Raises RejectedRowsError for rejected rows with ``fail_on_rejects``."""
    lines = [sentence(outcome, *names), *([speeds(outcome)] if stats else [])]
    error = None
    if fail_on_rejects and outcome.rejected:
        error = RejectedRowsError(f"{outcome.rejected:,} row(s) were rejected, and --fail-on-rejects was given.")
        error.details = plain(outcome, *names)
    if error is None or not output.as_json:
        output.result(plain(outcome, *names), lambda console: console.print("\n".join(lines), markup=False))
    if error is not None:
        raise error


def speeds(outcome: Outcome) -> str:
    """How fast it was, and what took the time."""
    times = outcome.times
    return (
        f"{outcome.records / max(outcome.seconds, 1e-9):,.0f} rows/s; reading {times.reading:.2f} s, scoring "
        f"{times.scoring:.2f} s, writing {times.writing:.2f} s, partly at the same time"
    )


def shown(found: ScoredTable) -> dict[str, Any]:
    """The rows of a preview as values for JSON."""
    return {"scored": _rows(found.rows), "rejected": _rows(found.rejected)}


def render_preview(console: Console, found: ScoredTable) -> None:
    """The rows of a preview for a person."""
    for title, rows in (("scored", found.rows), ("rejected", found.rejected)):
        if rows.num_rows or title == "scored":
            console.print(f"{title}: {rows.num_rows} rows")
        for row in _rows(rows):
            console.print("  " + ", ".join(f"{name} {value}" for name, value in row.items()), markup=False)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    try:
        return list(table.to_pylist())
    except (OverflowError, ValueError):
        # Python's dates and times end with the year 9999, and have no nanoseconds.
        texts = [values.cast(pa.string()) if _is_time(values.type) else values for values in table.columns]
        return list(pa.table(texts, names=table.column_names).to_pylist())


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))
