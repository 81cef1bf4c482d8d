"""Scores columns that the helper read from a FlowFile's records into a file.

The helper reads the model's columns into this file, and later reads the FlowFile again to write each record with its
predictions. So the other fields of a record are never converted.
"""

from __future__ import annotations

import pyarrow as pa

from dai_scoring.batch import reject_columns
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.totals import Totals, bad_rows_error
from dai_scoring.errors import ContentError
from dai_scoring.options import BadRows, MissingColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring_nifi.record_services.column_files import ResultWriter, kind, tables
from dai_scoring_nifi.record_services.helper import RecordsRead


def score_columns(
    scorer: Scorer, options: FileOptions, folder: WorkFolder, records: RecordsRead
) -> tuple[list[tuple[str, str]], Totals]:
    """Score the records in ``folder.source`` into ``folder.results``, and delete the former.

    Returns the names and kinds of the columns in ``folder.results``, and what became of the records.
    Raises BadRowsError if the options want that for a row that cannot be scored.
    """
    names, kinds = [name for name, _ in records.columns], [letter for _, letter in records.columns]
    schema = _wide(scorer.score(_no_rows(scorer), MissingColumns.AS_MISSING, options.wanted).outputs).schema
    totals = Totals()
    inputs = [column.name for column in scorer.info.inputs]
    with ResultWriter(folder.results) as writer:
        for table in tables(folder.source, names, kinds):
            if reject_columns.are_replaced(options.bad_rows, options.output_columns):
                reject_columns.check(table, inputs)
            scored = scorer.score(table, MissingColumns.AS_MISSING, options.wanted)
            if scored.rejects.num_rows and options.bad_rows is BadRows.FAIL:
                raise bad_rows_error(scored.rejects, totals.records)
            writer.write(table.num_rows, _wide(scored.outputs).cast(schema), scored.rejects)
            totals.add(scored.predictions.num_rows, scored.rejects, scored.unseen)
    if totals.records != records.count:
        raise ContentError(f"{records.count} records were read, but {totals.records} were scored.")
    folder.source.unlink()
    return [(field.name, kind(field.type)) for field in schema], totals


def _wide(outputs: pa.Table) -> pa.Table:
    """Single-precision predictions in double precision: NiFi's writers of text then give all their digits."""
    fields = [field.with_type(pa.float64()) if field.type == pa.float32() else field for field in outputs.schema]
    return outputs.cast(pa.schema(fields))


def _no_rows(scorer: Scorer) -> pa.Table:
    return pa.table({column.name: pa.nulls(0, column.type.arrow) for column in scorer.info.inputs})
