"""Rows that Spark could not read: messages and lines that are damaged. They are rejected, as by every other route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions

from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.formats import MALFORMED_ROW

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MALFORMED = "_malformed"
"""The column with the text of a message or line that is damaged; null if it is not."""


def reject_malformed(scored: DataFrame, rows: DataFrame) -> DataFrame:
    """Scored rows, of which those with a text in :data:`MALFORMED` are rejected; ``rows`` are those before.

    The result is without that column. Rows that have none stay as they are.
    """
    if MALFORMED not in rows.columns:
        return scored
    text = functions.col(MALFORMED)
    code, _, value = REJECT_COLUMNS
    reasons = {code: functions.lit(MALFORMED_ROW), value: text}
    columns = []
    for number, name in enumerate(scored.columns):
        given = functions.col(f"`{name.replace('`', '``')}`")
        if number >= len(rows.columns):
            given = functions.when(text.isNull(), given).otherwise(reasons.get(name, functions.lit(None))).alias(name)
        columns.append(given)
    return scored.select(columns).drop(MALFORMED)
