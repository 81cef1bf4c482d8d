"""Scores the records of a FlowFile, chunk by chunk.

Only the model's fields come to Python. All others stay in NiFi's virtual machine, and are never converted.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from dai_scoring.batch import reject_columns, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.totals import Totals, bad_rows_error
from dai_scoring.options import BadRows, MissingColumns
from dai_scoring.scorer import Scorer
from dai_scoring_nifi.record_services.column_files import kind
from dai_scoring_nifi.record_services.helper import RecordStream, RecordsWritten


def score_records(
    scorer: Scorer, options: FileOptions, stream: RecordStream, kept: Sequence[str]
) -> tuple[Totals, RecordsWritten, RecordsWritten]:
    """Score the records, and have them written with the fields ``kept``.

    Returns what became of the records, and what was written: the scored and the rejected ones. Raises BadRowsError if
    the options want that for a row that cannot be scored, and other kinds of InputError if the records cannot be
    read, scored or written.
    """
    totals = Totals()
    inputs = [column.name for column in scorer.info.inputs]
    schema: pa.Schema | None = None
    written = None
    while written is None:
        records = stream.records()
        if records is None:
            records = _no_rows(scorer)
        elif reject_columns.are_replaced(options.bad_rows, options.output_columns):
            reject_columns.check(records, inputs)
        scored = scorer.score(records, MissingColumns.AS_MISSING, options.wanted)
        if scored.rejects.num_rows and options.bad_rows is BadRows.FAIL:
            raise bad_rows_error(scored.rejects, totals.records)
        outputs = _wide(scored.outputs)
        if schema is None:
            schema = outputs.schema
            names = _names(schema, options, kept)
            predictions = [(name, kind(field.type)) for name, field in zip(names, schema, strict=True)]
            stream.write_with(predictions, kept, options.bad_rows is BadRows.KEEP)
        totals.add(scored.predictions.num_rows, scored.rejects, scored.unseen)
        written = stream.next(outputs.cast(schema), scored.rejects)
    return totals, *written


def _names(schema: pa.Schema, options: FileOptions, kept: Sequence[str]) -> list[str]:
    """The names of the columns of predictions. Raises an InputError if a kept field has one of these names."""
    names = results.output_names(schema.names, kept, options.prediction_prefix)
    if options.bad_rows is BadRows.KEEP:
        results.output_names(results.REJECT_COLUMNS, [*kept, *names], "")
    return names


def _wide(outputs: pa.Table) -> pa.Table:
    """Single-precision predictions in double precision: NiFi's writers of text then give all their digits."""
    fields = [field.with_type(pa.float64()) if field.type == pa.float32() else field for field in outputs.schema]
    return outputs.cast(pa.schema(fields))


def _no_rows(scorer: Scorer) -> pa.Table:
    return pa.table({column.name: pa.nulls(0, column.type.arrow) for column in scorer.info.inputs})
