"""Scores columns that the helper read from a FlowFile's records into a file.

The helper reads the model's columns into this file, and later reads the FlowFile again to write each record with its
predictions. So the other fields of a record are never converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from dai_scoring.batch import reject_columns
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError, ContentError
from dai_scoring.options import BadRows, MissingColumns
from dai_scoring.scorer import Scored, Scorer
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring.values import missing
from dai_scoring.values.unseen_levels import sum_counts
from dai_scoring_nifi.record_services.column_files import ResultWriter, kind, tables
from dai_scoring_nifi.record_services.helper import RecordsRead


@dataclass(frozen=True)
class ScoredColumns:
    """What became of the records. ``predictions`` are the names and kinds of the columns in the file of results.

    ``unseen`` and ``missing_like`` are those of :class:`dai_scoring.batch.summary.Summary`.
    """

    predictions: list[tuple[str, str]]
    rejected: int
    unseen: Mapping[str, int] | None
    missing_like: tuple[str, ...]


def score_columns(scorer: Scorer, options: FileOptions, folder: WorkFolder, records: RecordsRead) -> ScoredColumns:
    """Score the records in ``folder.source`` into ``folder.results``, and delete the former.

    Raises BadRowsError if the options want that for a row that cannot be scored.
    """
    names, kinds = [name for name, _ in records.columns], [letter for _, letter in records.columns]
    schema = _wide(scorer.score(_no_rows(scorer), MissingColumns.AS_MISSING, options.wanted).outputs).schema
    done = rejected = 0
    unseen: Mapping[str, int] | None = None
    missing_like: set[str] = set()
    inputs = [column.name for column in scorer.info.inputs]
    with ResultWriter(folder.results) as writer:
        for table in tables(folder.source, names, kinds):
            if reject_columns.are_replaced(options.bad_rows, options.output_columns):
                reject_columns.check(table, inputs)
            scored = scorer.score(table, MissingColumns.AS_MISSING, options.wanted)
            if scored.rejects.num_rows:
                if options.bad_rows is BadRows.FAIL:
                    raise _bad_rows(scored, done)
                missing_like.update(missing.among(scored.rejects))
            writer.write(table.num_rows, _wide(scored.outputs).cast(schema), scored.rejects)
            done += table.num_rows
            rejected += scored.rejects.num_rows
            unseen = sum_counts(unseen, scored.unseen)
    if done != records.count:
        raise ContentError(f"{records.count} records were read, but {done} were scored.")
    folder.source.unlink()
    predictions = [(field.name, kind(field.type)) for field in schema]
    return ScoredColumns(predictions, rejected, unseen, tuple(sorted(missing_like)))


def _bad_rows(scored: Scored, rows_before: int) -> BadRowsError:
    first = scored.rejects.slice(0, 1).to_pylist()[0]
    advice = missing.advice(missing.among(scored.rejects))
    row = rows_before + first["row"] + 1
    return BadRowsError(scored.rejects.num_rows, row, first["column"], first["code"], advice)


def _wide(outputs: pa.Table) -> pa.Table:
    """Single-precision predictions in double precision: NiFi's writers of text then give all their digits."""
    fields = [field.with_type(pa.float64()) if field.type == pa.float32() else field for field in outputs.schema]
    return outputs.cast(pa.schema(fields))


def _no_rows(scorer: Scorer) -> pa.Table:
    return pa.table({column.name: pa.nulls(0, column.type.arrow) for column in scorer.info.inputs})
