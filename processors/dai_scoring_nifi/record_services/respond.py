"""Responds to a FlowFile whose records NiFi's record services read and write."""

from __future__ import annotations

import time
from functools import partial

from dai_scoring.batch import reject_columns, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.options import OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service import Request, Response, ScoringService, WorkFolders
from dai_scoring.service.requests import size_of
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring.values import model_rows
from dai_scoring_nifi.record_services.helper import RecordsHelper, RecordStream
from dai_scoring_nifi.record_services.response import RecordServicesResponse
from dai_scoring_nifi.record_services.scoring import engine_reads, score_records


def respond_with_record_services(
    service: ScoringService, folders: WorkFolders, helper: RecordsHelper, request: Request
) -> Response:
    """Score the records of a FlowFile, or answer it if it is a request of H2O's dialect. Any error is in the response.

    ``helper`` holds the FlowFile that ``request`` was made of. The files of the response are in one of ``folders``.
    """

    def respond(scorer: Scorer, options: FileOptions) -> Response:
        size = size_of(request.contents)
        if size == 0:
            # A Record Reader would find no schema in it.
            return Response(scorer.info, b"", summary=Summary(0, 0, 0, None, None, 0.0))
        return folders.use(size, partial(_respond_in, helper, scorer, options))

    return service.respond_with(request, respond)


def _respond_in(helper: RecordsHelper, scorer: Scorer, options: FileOptions, folder: WorkFolder) -> Response:
    try:
        return _respond(helper, scorer, options, folder)
    except BaseException:
        try:
            helper.close_records()
        finally:
            # Not before: the helper writes there until then.
            folder.clear()
        raise


def _respond(helper: RecordsHelper, scorer: Scorer, options: FileOptions, folder: WorkFolder) -> Response:
    """The response, with its contents in ``folder.target``, and rejected records in ``folder.rejected``.

    Raises InputError if the FlowFile cannot be scored as a whole.
    """
    began = time.perf_counter()
    scorer = scorer.with_missing(options.missing_values)
    inputs = [column.name for column in scorer.info.inputs]
    replaces = reject_columns.are_replaced(options.bad_rows, options.output_columns)
    reasons = [name for name in results.REJECT_COLUMNS if name not in inputs] if replaces else []
    stream = RecordStream(helper, folder, [*inputs, *reasons], as_rows=engine_reads(scorer, options))
    model_rows.check_columns(stream.fields, scorer.info.inputs, options.missing_columns)
    kept = results.kept_columns(stream.fields, options.output_columns, options.id_columns, inputs)
    if options.output_columns is OutputColumns.ALL and replaces:
        kept = [name for name in kept if name not in results.REJECT_COLUMNS]
    totals, target, rejected = score_records(scorer, options, stream, kept)
    folder.source.unlink(missing_ok=True)
    folder.results.unlink()
    return RecordServicesResponse(
        scorer.info,
        folder.target,
        rejected=folder.rejected if rejected.count else None,
        summary=totals.summary(began),
        scored_attributes=target.attributes,
        rejected_attributes=rejected.attributes,
    )
