"""Records in, scored records or an error out: the basis of every server, function and queue that uses a model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ModelError
from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.service import http
from dai_scoring.service.http import HttpRequest, HttpResponse
from dai_scoring.service.requests import Request
from dai_scoring.service.responses import Response
from dai_scoring.service.scoring import RequestScorer, ScoreRecords, log_place
from dai_scoring.service.served_model import Readiness, ServedModel, State, load_and_check, warm_up
from dai_scoring.service.work_folders import WorkFolders


class ScoringService:
    """Scores requests with one model, in any thread.

    ``options`` are for all requests that do not choose others. Files of large requests are in ``folders``.
    ``most_bytes`` limits the body of an HTTP request, uncompressed. ``on_unexpected`` is called with an error that
    nobody thought of, before the request gets its response; by default its place is logged, without its message, which
    may hold values of a record.
    """

    def __init__(
        self,
        scorer: Scorer | None = None,
        options: FileOptions | None = None,
        *,
        folders: WorkFolders | None = None,
        most_bytes: int | None = None,
        on_unexpected: Callable[[Exception], None] | None = None,
    ) -> None:
        """``scorer`` is a model that is open; whoever opened it closes it."""
        self._options = options or FileOptions()
        self._scoring = RequestScorer(self._options, folders or WorkFolders(), on_unexpected or log_place)
        self._most_bytes = most_bytes
        self._model = ServedModel()
        self._loading = threading.Lock()
        if scorer is not None:
            self._model.serve(scorer, is_owned=False)

    @classmethod
    def open(
        cls,
        path: str | Path,
        options: FileOptions | None = None,
        *,
        runtime: Runtime = Runtime.AUTO,
        settings: RuntimeSettings | None = None,
        folders: WorkFolders | None = None,
        most_bytes: int | None = None,
    ) -> ScoringService:
        """A service with the model in a file, ready to score. Raises ModelError if it cannot be loaded."""
        service = cls(None, options, folders=folders, most_bytes=most_bytes)
        readiness = service.load(path, runtime, settings)
        if readiness.error is not None:
            service.close()
            raise readiness.error
        return service

    @property
    def readiness(self) -> Readiness:
        """Whether requests can be scored now, and if not, why."""
        return self._model.readiness

    def load(
        self, path: str | Path, runtime: Runtime = Runtime.AUTO, settings: RuntimeSettings | None = None
    ) -> Readiness:
        """Load a model, warm it up, and score with it from now on; returns whether it can score.

        Requests that have begun end with the model that they began with. A model that is refused changes nothing if
        there is another. One call at a time loads.
        """
        say = partial(self._report_progress)
        with self._loading:
            scorer, readiness = load_and_check(lambda: open_model(path, runtime, settings, say), self._options.wanted)
            if scorer is None or readiness.state is not State.READY:
                if scorer is not None:
                    scorer.close()
                self._model.report(readiness)
                return readiness
            warm_up(scorer, self._options.wanted)
            self._model.serve(scorer)
            return readiness

    def load_in_background(
        self, path: str | Path, runtime: Runtime = Runtime.AUTO, settings: RuntimeSettings | None = None
    ) -> None:
        """Do the same in a thread; :attr:`readiness` shows the result, if there is no other model."""
        threading.Thread(target=self.load, args=(path, runtime, settings), name="dai-scoring-load", daemon=True).start()

    def __enter__(self) -> ScoringService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take no more requests, wait for those that have begun, close the model and delete the folders."""
        self._model.close()
        self._scoring.close()

    @contextmanager
    def scorer(self) -> Iterator[Scorer]:
        """The current model, which is not closed before the context ends. Raises ModelError if no model can score."""
        with self._model.in_use() as scorer:
            yield scorer

    def respond(self, request: Request) -> Response:
        """Score a request; any error is in the response."""
        return self.respond_all([request])[0]

    def respond_all(self, requests: Sequence[Request]) -> list[Response]:
        """Score requests together: small ones share one call of the runtime. Any error is in its response."""
        try:
            with self._model.in_use() as scorer:
                return self._scoring.responses(scorer, requests)
        except ModelError as error:
            return [self._scoring.failed(None, error) for _ in requests]

    def respond_with(self, request: Request, score: ScoreRecords) -> Response:
        """Let ``score`` score the records of a request; requests of H2O's dialect are answered as usual.

        For records that something else reads and writes. Any error, also one raised by ``score``, is in the response.
        """
        try:
            with self._model.in_use() as scorer:
                return self._scoring.response(scorer, request, score)
        except ModelError as error:
            return self._scoring.failed(None, error)

    def respond_http(self, request: HttpRequest) -> HttpResponse:
        """Answer a request of HTTP."""
        return self.respond_http_all([request])[0]

    def respond_http_all(self, requests: Sequence[HttpRequest]) -> list[HttpResponse]:
        """Answer requests of HTTP together."""
        responses: dict[int, Response] = {}
        to_score: dict[int, Request] = {}
        for index, one in enumerate(requests):
            try:
                to_score[index] = http.read(one, self._options.output_format, self._most_bytes)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client must get a response
                responses[index] = self._scoring.failed(None, error)
        responses |= zip(to_score, self.respond_all(list(to_score.values())), strict=True)
        return [http.write(one, responses[index], self._options.bad_rows) for index, one in enumerate(requests)]

    def _report_progress(self, what: str, share: float | None = None) -> None:
        self._model.report(Readiness(State.LOADING, progress=what))
