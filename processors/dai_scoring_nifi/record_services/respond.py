"""Responds to a FlowFile whose records NiFi's record services read and write."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from dai_scoring.batch import reject_columns, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.options import OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service import Request, Response, ScoringService, WorkFolders
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring.values import model_rows
from dai_scoring_nifi.flowfiles.batch import Batch
from dai_scoring_nifi.record_services.helper import RecordsHelper, RecordStream
from dai_scoring_nifi.record_services.response import RecordServicesResponse
from dai_scoring_nifi.record_services.scoring import engine_reads, score_records


def respond_with_record_services(
    service: ScoringService, folders: WorkFolders, batch: Batch, requests: Sequence[Request]
) -> list[Response]:
    """Score the records of FlowFiles, or answer those that are requests of H2O's dialect.

    ``requests`` were made of the FlowFiles of ``batch``. Any error is in its response, whose files are in ``folders``.
    """
    found: list[Response] = []
    try:
        for item, request in zip(batch.items, requests, strict=True):
            at = item.index + 1
            is_read_next = at < len(requests) and requests[at].endpoint is None and batch.items[at].size > 0
            helper = batch.records(item, batch.items[at] if is_read_next else None)
            found.append(service.respond_with(request, partial(_respond_to, folders, helper, item.size)))
    except BaseException:
        for one in found:
            one.discard()
        raise
    return found


def _respond_to(
    folders: WorkFolders, helper: RecordsHelper, size: int, scorer: Scorer, options: FileOptions
) -> Response:
    if size == 0:
        # A Record Reader would find no schema in it.
        return Response(scorer.info, b"", summary=Summary(0, 0, 0, None, None, 0.0))
    return folders.use(size, partial(_respond_in, helper, scorer, options))


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
    """The response, with its contents and rejected records in files that ``folder`` keeps.

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
        # Others are scored before it is sent.
        folder.keep(folder.target),
        rejected=folder.keep(folder.rejected) if rejected.count else None,
        summary=totals.summary(began),
        scored_attributes=target.attributes,
        rejected_attributes=rejected.attributes,
    )
