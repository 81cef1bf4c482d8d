"""Scores the records of a FlowFile, chunk by chunk.

Only the model's fields come to Python. All others stay in NiFi's virtual machine, and are never converted.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from dai_scoring.batch import reject_columns, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.plan import TALLY, Way
from dai_scoring.batch.totals import Totals, bad_rows_error
from dai_scoring.engine import Scored
from dai_scoring.formats import Declined
from dai_scoring.formats.text import cells
from dai_scoring.options import PREDICTIONS_ONLY, BadRows, MissingColumns
from dai_scoring.scorer import Scorer
from dai_scoring.values.rejected import REJECT_SCHEMA
from dai_scoring_nifi.record_services.column_files import kind
from dai_scoring_nifi.record_services.helper import RecordStream, RecordsWritten

_NO_RECORDS = Declined("the model's runtime does not read records itself, or more than predictions is wanted")
_NO_ROWS = Declined("there are no records, or a column of the model has values with parts")
_HAD_REASONS = Declined("there are reasons of an earlier scoring")


def engine_reads(scorer: Scorer, options: FileOptions) -> bool:
    """Whether the model's engine can read records itself."""
    return options.wanted == PREDICTIONS_ONLY and scorer.reads_records


def score_records(
    scorer: Scorer, options: FileOptions, stream: RecordStream, kept: Sequence[str]
) -> tuple[Totals, RecordsWritten, RecordsWritten]:
    """Score the records, and have them written with the fields ``kept``.

    Returns what became of the records, and what was written: the scored and the rejected ones. Raises BadRowsError if
    the options want that for a row that cannot be scored, and other kinds of InputError if the records cannot be
    read, scored or written.
    """
    totals = Totals()
    schema: pa.Schema | None = None
    written = None
    while written is None:
        by_engine = _by_engine(scorer, options, stream)
        scored = _by_table(scorer, options, stream) if isinstance(by_engine, Declined) else by_engine
        if scored.rejects.num_rows and options.bad_rows is BadRows.FAIL:
            raise bad_rows_error(scored.rejects, totals.records, at_least=True)
        outputs = _wide(scored.outputs)
        if schema is None:
            schema = outputs.schema
            names = _names(schema, options, kept)
            predictions = [(name, kind(field.type)) for name, field in zip(names, schema, strict=True)]
            stream.write_with(predictions, kept, options.bad_rows is BadRows.KEEP)
        totals.add(scored.predictions.num_rows, scored.rejects, scored.unseen)
        written = stream.next(outputs.cast(schema), scored.rejects)
    return totals, *written


def _by_engine(scorer: Scorer, options: FileOptions, stream: RecordStream) -> Scored | Declined:
    """Have the engine read the next records."""
    if not engine_reads(scorer, options):
        return _NO_RECORDS
    rows = stream.rows()
    if rows is None:
        return _NO_ROWS
    had = reject_columns.are_replaced(options.bad_rows, options.output_columns) and reject_columns.are_in(stream.wanted)
    made = _HAD_REASONS if had else scorer.predict_records(rows)
    if isinstance(made, Declined):
        TALLY.declined(Way.ENGINE_RECORDS, made)
        return made
    TALLY.took(Way.ENGINE_RECORDS)
    return Scored(made.predictions, REJECT_SCHEMA.empty_table(), unseen=made.unseen_counts)


def _by_table(scorer: Scorer, options: FileOptions, stream: RecordStream) -> Scored:
    """Score the next records as a table."""
    records = stream.table() if stream.count else _without_rows(scorer)
    if stream.count and reject_columns.are_replaced(options.bad_rows, options.output_columns):
        inputs = [column.name for column in scorer.info.inputs]
        reject_columns.check(_with_texts_of_reasons(records, inputs), inputs)
    TALLY.took(Way.MODEL_COLUMNS)
    return scorer.score(records, MissingColumns.AS_MISSING, options.wanted)


def _with_texts_of_reasons(records: pa.Table, inputs: Sequence[str]) -> pa.Table:
    """The records with reasons of an earlier scoring as text: a Record Reader may have taken them for numbers."""
    for name in results.REJECT_COLUMNS:
        if name in records.schema.names and name not in inputs:
            index = records.schema.get_field_index(name)
            column = records.column(index)
            if not pa.types.is_nested(column.type):
                texts = pa.chunked_array(map(cells, column.chunks), pa.large_string())
                records = records.set_column(index, name, texts)
    return records


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


def _without_rows(scorer: Scorer) -> pa.Table:
    return pa.table({column.name: pa.nulls(0, column.type.arrow) for column in scorer.info.inputs})
