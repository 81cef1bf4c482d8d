"""Scores requests with one model: small ones together in memory, others through files; and H2O's dialect."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeAlias

from dai_scoring.batch.file_job import FEW_BYTES, THREADS
from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.batch.threads import parallel_map
from dai_scoring.errors import RequestError
from dai_scoring.formats import Declined
from dai_scoring.scorer import Scorer
from dai_scoring.service import h2o_few_rows, h2o_rest
from dai_scoring.service.failures import failure_of, is_unexpected
from dai_scoring.service.h2o_rest import Endpoint
from dai_scoring.service.requests import Request, RequestOptions, Source, check, size_of, writes_again
from dai_scoring.service.responses import Response
from dai_scoring.service.work_folders import WorkFolder, WorkFolders

IN_MEMORY_BYTES = 16 << 10
"""Contents of up to so many bytes are scored without a file, many of them together."""

_ENGINE_BYTES = 1 << 20
"""Of up to so many bytes without a file either, if the engine reads them itself."""

_MOST_KNOWN = 32

ScoreRecords: TypeAlias = Callable[[Scorer, FileOptions], Response]
"""Scores the records of one request with a model and the request's options; may raise any error."""

_logger = logging.getLogger(__name__)


class RequestScorer:
    """Scores requests with the model that it is given, in any thread. The arguments are those of the service."""

    def __init__(self, options: FileOptions, folders: WorkFolders, on_unexpected: Callable[[Exception], None]) -> None:
        self.options = RequestOptions(options)
        self._folders = folders
        self._on_unexpected = on_unexpected
        self._known: tuple[Scorer | None, dict[int, InMemoryScorer]] = (None, {})
        self._helpers = ThreadPoolExecutor(os.cpu_count(), "dai-scoring-service")

    def close(self) -> None:
        """End the threads and delete the folders."""
        self._helpers.shutdown()
        self._folders.remove()

    def responses(self, scorer: Scorer, requests: Sequence[Request]) -> list[Response]:
        """The responses to requests, in their order; any error is in its response."""
        merged = self._merged(scorer, requests) | self._merged_of_h2o(scorer, requests)
        left = [request for index, request in enumerate(requests) if index not in merged]
        if sum(not isinstance(request.contents, bytes) for request in left) > 1:
            # One is read and written while another is scored. Small ones would only wait for Python's lock.
            work = partial(self._through_files, scorer, is_alone=False)
            rest = iter(parallel_map(work, left, self._helpers, 2 if any(map(_is_large, left)) else THREADS))
        else:
            rest = map(partial(self._through_files, scorer, is_alone=True), left)
        return [merged[index] if index in merged else next(rest) for index in range(len(requests))]

    def _merged(self, scorer: Scorer, requests: Sequence[Request]) -> dict[int, Response]:
        """The responses to requests that can be scored together in memory, by the index of the request."""
        groups: dict[tuple[int, bool], tuple[FileOptions, list[int], list[Contents]]] = {}
        for index, one in enumerate(requests):
            contents = one.contents
            if one.endpoint is None and isinstance(contents, bytes) and 0 < len(contents) <= _ENGINE_BYTES:
                try:
                    options = self.options.of(one)
                except RequestError:
                    continue  # raised again, and put into its response, when the request is scored alone
                # By the object, since hashing all options takes longer than reading a row.
                is_large = len(contents) > IN_MEMORY_BYTES
                group = groups.setdefault((id(options), is_large), (options, [], []))
                group[1].append(index)
                group[2].append(Contents(contents, one.mime_type))
        found: dict[int, Response] = {}
        for (_, is_large), (options, indexes, together) in groups.items():
            results = self._in_memory(scorer, options).score(together, only_by_engine=is_large)
            for index, result in zip(indexes, results, strict=True):
                if not isinstance(result, Declined):
                    found[index] = _scored(scorer, result.contents, result.rejected, result.summary)
        return found

    def _in_memory(self, scorer: Scorer, options: FileOptions) -> InMemoryScorer:
        """Made once for a model and options, as far as they come again."""
        model, known = self._known
        if model is not scorer:
            known = {}
        found = known.get(id(options))
        if found is None or found.options is not options:
            found = InMemoryScorer(scorer, options)
            known = {**known, id(options): found} if len(known) < _MOST_KNOWN else {id(options): found}
            self._known = scorer, known
        return found

    def _merged_of_h2o(self, scorer: Scorer, requests: Sequence[Request]) -> dict[int, Response]:
        """The same of requests in H2O's dialect."""
        small: list[tuple[int, bytes]] = []
        large: list[tuple[int, bytes]] = []
        for index, one in enumerate(requests):
            contents = one.contents
            if one.endpoint is Endpoint.SCORE and isinstance(contents, bytes) and len(contents) <= _ENGINE_BYTES:
                (small if len(contents) <= IN_MEMORY_BYTES else large).append((index, contents))
        options = self.options.default
        answers: dict[int, Response] = {}
        for asked in filter(None, (small, large)):
            began = time.perf_counter()
            replies = h2o_few_rows.replies(
                scorer.with_missing(options.missing_values),
                [body for _, body in asked],
                options.missing_columns,
                only_by_engine=asked is large,
            )
            seconds = (time.perf_counter() - began) / len(asked)
            for (index, _), found in zip(asked, replies, strict=True):
                if not isinstance(found, Declined):
                    answers[index] = _of_reply(scorer, found, Endpoint.SCORE, seconds)
        return answers

    def _through_files(self, scorer: Scorer, request: Request, is_alone: bool) -> Response:
        return self.response(scorer, request, partial(self._as_file, request, parallel=is_alone or _is_large(request)))

    def response(self, scorer: Scorer, request: Request, score: ScoreRecords) -> Response:
        """The response to a request of H2O's dialect, or what ``score`` returns; any error is in the response."""
        try:
            if request.endpoint is not None and (found := self._of_dialect(scorer, request)) is not None:
                return found
            check(request)
            return score(scorer, self.options.of(request))
        except Exception as error:  # noqa: BLE001 - whatever it is, there must be a response with a reason
            return self.failed(scorer, error)

    def _of_dialect(self, scorer: Scorer, request: Request) -> Response | None:
        """The response to a request of H2O's dialect; None if its contents are ordinary records."""
        if request.endpoint is None:
            return None
        began = time.perf_counter()
        options = self.options.default
        body = self._bytes(request) if request.endpoint.has_body else b""
        found = h2o_rest.reply(
            scorer.with_missing(options.missing_values), request.endpoint, body, options.missing_columns
        )
        if found is None:
            return None
        return _of_reply(scorer, found, request.endpoint, time.perf_counter() - began)

    def _bytes(self, request: Request) -> bytes:
        contents = request.contents
        if isinstance(contents, bytes):
            return contents
        if isinstance(contents, Path):
            return contents.read_bytes()
        return self._folders.use(contents.size, partial(_read_from, contents), again=writes_again(contents))

    def _as_file(self, request: Request, scorer: Scorer, options: FileOptions, parallel: bool) -> Response:
        work = partial(self._in_folder, request, scorer, options, parallel)
        return self._folders.use(size_of(request.contents), work, again=writes_again(request.contents))

    def _in_folder(
        self, request: Request, scorer: Scorer, options: FileOptions, parallel: bool, folder: WorkFolder
    ) -> Response:
        contents = request.contents
        is_bytes = isinstance(contents, bytes)
        try:
            source = folder.source
            if isinstance(contents, bytes):
                source.write_bytes(contents)
            elif isinstance(contents, Path):
                source = contents
            else:
                contents.write_to(source)
            summary = score_file(
                scorer,
                source,
                folder.target,
                folder.rejected,
                options,
                request.mime_type,
                request.name,
                parallel=parallel,
            )
            folder.source.unlink(missing_ok=True)
            scored = _taken(folder, folder.target, is_bytes)
            rejected = _taken(folder, folder.rejected, is_bytes) if folder.rejected.exists() else None
        except BaseException:
            folder.clear()
            raise
        return _scored(scorer, scored, rejected, summary)

    def failed(self, scorer: Scorer | None, error: Exception) -> Response:
        """The response to a request that raised an error."""
        if is_unexpected(error):
            self._on_unexpected(error)
        return Response(None if scorer is None else scorer.info, failure=failure_of(error))


def _of_reply(scorer: Scorer, found: h2o_rest.Reply, endpoint: Endpoint, seconds: float) -> Response:
    summary = Summary(found.rows, found.rows, 0, None, None, seconds, found.unseen)
    return Response(scorer.info, found.body, found.mime_type, summary=summary, endpoint=endpoint)


def _scored(scorer: Scorer, contents: bytes | Path, rejected: bytes | Path | None, summary: Summary) -> Response:
    mime_type = None if summary.output_format is None else summary.output_format.mime_type
    return Response(scorer.info, contents, mime_type, rejected, summary)


def _is_large(request: Request) -> bool:
    """Whether several threads share the contents, even if those of other requests are scored at the same time."""
    try:
        return size_of(request.contents) >= FEW_BYTES
    except Exception:  # noqa: BLE001 - raised again, and put into its response, when the request is scored
        return False


def _read_from(source: Source, folder: WorkFolder) -> bytes:
    try:
        source.write_to(folder.source)
        return folder.source.read_bytes()
    finally:
        folder.clear()


def _taken(folder: WorkFolder, file: Path, as_bytes: bool) -> bytes | Path:
    """The contents of a file, or the file under another name, since more is scored before it is sent."""
    if not as_bytes:
        return folder.keep(file)
    contents = file.read_bytes()
    file.unlink()
    return contents


def log_place(error: Exception) -> None:
    """Log where an unexpected error came from: types and places only, for messages may hold values of a record."""
    where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-4:]))
    _logger.error("Unexpected %s at\n%s", type(error).__name__, where)
