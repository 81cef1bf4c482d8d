"""Scores Arrow tables into Arrow tables, for databases, Spark and any other engine that works on tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from dai_scoring.batch import results
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.totals import bad_rows_error
from dai_scoring.engine import Scored
from dai_scoring.errors import MissingColumnsError
from dai_scoring.options import BadRows, MissingColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.model_rows import check_distinct
from dai_scoring.values.rejected import REJECT_SCHEMA


@dataclass(frozen=True)
class ScoredTable:
    """The result for the rows of a table.

    ``rows`` are the scored rows, in order: the kept columns, then the model's. With BadRows.KEEP they are all rows, and
    their last columns are :data:`dai_scoring.batch.results.REJECT_COLUMNS`. ``rejected`` are the other rows, with the
    same last columns. ``rejects`` lists them in the schema :data:`dai_scoring.values.rejected.REJECT_SCHEMA`.
    ``unseen`` is that of :class:`dai_scoring.scorer.Scored`.
    """

    rows: pa.Table
    rejected: pa.Table
    rejects: pa.Table
    unseen: Mapping[str, int] | None = None


class TableScorer:
    """Scores tables that have the same columns. Safe for threads.

    It uses the options about columns, rows and predictions, and ignores those about formats.
    """

    def __init__(self, scorer: Scorer, options: FileOptions) -> None:
        self._scorer = scorer.with_missing(options.missing_values)
        self._options = options
        self._inputs = [column.name for column in scorer.info.inputs]

    def check(self, schema: pa.Schema) -> tuple[pa.Schema, pa.Schema]:
        """The schemas of :attr:`ScoredTable.rows` and :attr:`ScoredTable.rejected` for tables with this schema.

        Raises MissingColumnsError, MissingIdColumnsError, NameClashError, or ContentError for two columns with the same
        name, if such tables cannot be scored.
        """
        check_distinct(schema.names)
        absent = [name for name in self._inputs if name not in schema.names]
        if absent and self._options.missing_columns is MissingColumns.FAIL:
            raise MissingColumnsError(absent, schema.names, self._inputs, are_names=True)
        scored = self.score(schema.empty_table())
        return scored.rows.schema, scored.rejected.schema

    def score(self, table: pa.Table, model_table: pa.Table | None = None) -> ScoredTable:
        """Score the rows of a table.

        If ``table`` has types that only its own engine knows, ``model_table`` has the same rows in types that the model
        can read. Raises the errors of :meth:`check`, and BadRowsError for a rejected row with BadRows.FAIL.
        """
        options = self._options
        scored = self._scorer.score(
            table if model_table is None else model_table, options.missing_columns, options.wanted
        )
        rejects = scored.rejects
        if rejects.num_rows and options.bad_rows is BadRows.FAIL:
            # Callers score one part of their rows after the other.
            raise bad_rows_error(rejects, at_least=True)
        kept = results.kept_columns(table.schema.names, options.output_columns, options.id_columns, self._inputs)
        predictions = results.named(scored.outputs, kept, options.prediction_prefix)
        if options.bad_rows is BadRows.KEEP:
            return self._with_bad(table, predictions, scored, kept)
        rows = results.joined(table, predictions, rejects.column("row").to_numpy(), kept)
        return ScoredTable(rows, results.with_reasons(table, rejects), rejects, scored.unseen)

    def _with_bad(self, table: pa.Table, predictions: pa.Table, scored: Scored, kept: list[str]) -> ScoredTable:
        results.output_names(results.REJECT_COLUMNS, kept, "")
        whole = results.in_place(predictions, scored.rejects, table.num_rows)
        none = REJECT_SCHEMA.empty_table()
        rows = results.joined(table, whole, none.column("row").to_numpy(), kept)
        return ScoredTable(rows, results.with_reasons(table, none), scored.rejects, scored.unseen)
