"""A process that loads the models and answers requests, and that ends without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, MutableSequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from dai_routes.serve import pages
from dai_routes.serve.answering import metrics
from dai_routes.serve.answering.about import About
from dai_routes.serve.answering.app import App
from dai_routes.serve.answering.protocol import GuardedProtocol
from dai_routes.serve.answering.quick import QuickAnswers
from dai_routes.serve.answering.routing import Route, Routes
from dai_routes.serve.hosted import HostedModel
from dai_routes.serve.running.listening import take_no_more
from dai_routes.serve.settings import ServerSettings
from dai_scoring.service import Response

if TYPE_CHECKING:
    from dai_routes.serve.answering.tracing import Tracing

if sys.platform != "win32":
    import resource

    import uvloop

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 0.5


class ServingProcess:
    """Loads the models and serves them on a socket.

    Raises ScoringError if a model cannot be loaded. If this is one of several processes, ``numbers`` is the shared
    memory for counts, ``place`` the number of this process, and ``on_reload`` is called after a client reloaded a
    model.
    """

    def __init__(
        self,
        settings: ServerSettings,
        numbers: MutableSequence[float] | None = None,
        place: int = 0,
        on_reload: Callable[[], None] | None = None,
    ) -> None:
        self._is_alone = on_reload is None
        self._settings = settings
        self._models: list[HostedModel] = []
        names = [one.name for one in settings.models]
        self._metrics = metrics.Metrics(names, numbers or [0.0] * metrics.room(len(names), 1), place)
        self._on_reload = on_reload or (lambda: None)
        self._tasks: set[asyncio.Task[Any]] = set()
        try:
            for file in settings.models:
                self._models.append(HostedModel(file, settings))
        except BaseException:
            self.close()
            raise

    @property
    def models(self) -> list[HostedModel]:
        """The models that are served."""
        return self._models

    def serve(self, listener: socket.socket, ready: Callable[[], None]) -> None:
        """Answer requests until SIGTERM or SIGINT, finish those that have begun, and return. SIGHUP reloads models.

        ``ready`` is called once the server accepts requests.
        """
        _allow_many_files()
        # Only now: if a model has started Java, Java has installed its own signal handlers at its start.
        _run(self._serve(listener, ready))

    def close(self) -> None:
        """Close the models."""
        for model in self._models:
            model.close()

    async def _serve(self, listener: socket.socket, ready: Callable[[], None]) -> None:
        settings = self._settings
        for model in self._models:
            model.start(partial(self._metrics.count_batch, model.name))
        routes = Routes(self._models, settings.dialects)
        About(self._models, self._metrics, bool(settings.key_digests), self._on_reload).add_to(routes)
        pages.add_to(routes)
        for path, of in settings.routes:
            routes.alias(path, of)
        app = App(settings, routes, self._count)
        tracing = _tracing(app, routes) if settings.traces else None
        # A span needs the whole request.
        quick = None if settings.traces else QuickAnswers(app)
        server = _Server(_config(tracing or app, settings, quick))
        ending, hurried = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, ending.set)
        # A second ctrl-C skips the time in which new requests are still answered.
        loop.add_signal_handler(signal.SIGINT, lambda: (hurried if ending.is_set() else ending).set())
        loop.add_signal_handler(signal.SIGHUP, self._begin, self._reload_all)
        # A file that was replaced while it was loaded: a signal that came then was not heard.
        self._begin(self._reload_all)
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.001)
        ready()
        await _first(ending.wait(), serving)
        logger.info("the server ends: requests that have begun are answered")
        app.is_draining = True
        # Answers now close their connections. Cutting an open connection could lose a request that is on its way.
        await _first(asyncio.wait({asyncio.ensure_future(hurried.wait())}, timeout=settings.drain), serving)
        if self._is_alone:
            take_no_more(listener)
        await _first(_quiet(server), serving)
        server.should_exit = True
        await serving
        if tracing is not None:
            tracing.close()

    async def _reload_all(self) -> None:
        for model in self._models:
            await model.reload()

    def _begin(self, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.ensure_future(what())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _count(self, route: Route | None, status: int, seconds: float, response: Response | None) -> None:
        self._metrics.count("" if route is None else route.model, status, seconds, response)


class _Server(uvicorn.Server):
    """Leaves signals to its process. uvicorn would raise the signal again at its end, which would kill the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _tracing(app: App, routes: Routes) -> Tracing:
    # Its packages are an extra.
    from dai_routes.serve.answering.tracing import Tracing

    return Tracing(app, routes)


def _config(app: App | Tracing, settings: ServerSettings, quick: QuickAnswers | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        # uvicorn only calls it, though it asks for a class.
        http=cast(Any, partial(GuardedProtocol, unread_seconds=settings.timeout, quick=quick)),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=4096,
        timeout_graceful_shutdown=int(settings.timeout) + 1,
    )
    config.load()
    if settings.certificates is not None:
        config.ssl = settings.certificates.context()
    return config


def _allow_many_files() -> None:
    """Raise the limit of open connections to what the system allows; the usual limit is 1,024."""
    if sys.platform != "win32":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _quiet(server: uvicorn.Server) -> None:
    """Wait until no connection is open, but not longer than a request on its way needs to arrive."""
    end = time.monotonic() + _IDLE_SECONDS
    await asyncio.sleep(_IDLE_SECONDS / 10)
    while server.server_state.connections and time.monotonic() < end:
        await asyncio.sleep(_IDLE_SECONDS / 10)


async def _first(event: Coroutine[Any, Any, Any], serving: asyncio.Task[None]) -> None:
    """Wait for the event, or until the server ends."""
    task = asyncio.ensure_future(event)
    await asyncio.wait({task, serving}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()


def _run(main: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(main)
        return
    uvloop.run(main)
