"""The paths of a server, and what each does for each method."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dai_routes.serve.dialects import DIALECTS
from dai_routes.serve.dialects.base import AboutPath, Dialect, Refuse, ScorePath, failed
from dai_routes.serve.hosted import HostedModel
from dai_scoring.service import HttpRequest, HttpResponse

_READ = ("GET", "HEAD")

Answer = Callable[[HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True)
class Action:
    """What a path does for one method: ``does`` for a dialect and a model, or ``answers`` for the server itself.

    ``path`` is the path as the dialect names it, without the model's.
    """

    path: str
    model: HostedModel | None = None
    does: ScorePath | AboutPath | None = None
    answers: Answer | None = None
    takes_body: bool = False
    is_readiness: bool = False

    async def call(self, http: HttpRequest) -> HttpResponse:
        """Answer a request that has nothing to score."""
        if self.answers is not None:
            return await self.answers(http)
        if self.model is None or not isinstance(self.does, AboutPath):
            raise TypeError("this path is scored")
        # In a thread: finding out what a model can do may take as long as loading it.
        return await asyncio.to_thread(self.does.answer, http, self.model.context)


@dataclass
class Route:
    """A path: its template for logs, and its action for each method."""

    template: str
    actions: dict[str, Action] = field(default_factory=dict)
    is_open: bool = False
    dialect: str = ""
    model: str = ""
    refuse: Refuse = failed

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the path."""
        return tuple(sorted(self.actions))


class Routes:
    """All paths of a server."""

    def __init__(self, models: Iterable[HostedModel], dialects: Iterable[str]) -> None:
        self._models = list(models)
        self._routes: dict[str, Route] = {}
        self._dialects = [DIALECTS[name] for name in dialects]
        for number, model in enumerate(self._models):
            for dialect in self._dialects:
                for one in dialect.paths:
                    self._add(f"/models/{model.name}{one.path}", "/models/NAME" + one.path, model, one, dialect)
                    if number == 0:
                        self._add(one.path, one.path, model, one, dialect)
                for one in dialect.fixed:
                    if number == 0 or "{name}" in one.path:
                        template = one.path.replace("{name}", "NAME")
                        self._add(one.path.replace("{name}", model.name), template, model, one, dialect)

    @property
    def models(self) -> list[str]:
        """The names of the models, the first one first."""
        return [model.name for model in self._models]

    @property
    def all(self) -> Mapping[str, Route]:
        """Every path with its route."""
        return self._routes

    def get(self, path: str) -> Route | None:
        """The route of a path; None if there is none."""
        return self._routes.get(path)

    def refuse(self, path: str) -> Refuse:
        """What writes errors at a path, also at one that does not exist."""
        route = self._routes.get(path)
        if route is not None:
            return route.refuse
        rooted = (one.refuse for one in self._dialects if one.root is not None and path.startswith(one.root))
        return next(rooted, failed)

    def _add(self, path: str, template: str, model: HostedModel, one: ScorePath | AboutPath, dialect: Dialect) -> None:
        found = Route(template, dialect=dialect.name, model=model.name, refuse=dialect.refuse)
        route = self._routes.setdefault(path, found)
        if isinstance(one, ScorePath):
            route.refuse = one.refuse
            route.actions["POST"] = Action(one.path, model, one, takes_body=True)
        else:
            route.is_open = one.is_open
            route.actions |= dict.fromkeys(_READ, Action(one.path, model, one, is_readiness=one.is_readiness))

    def serve(
        self,
        path: str,
        answers: Answer,
        *,
        method: str = "GET",
        is_open: bool = False,
        is_readiness: bool = False,
        model: str = "",
    ) -> None:
        """Add a path that the server itself answers. The flags are those of :class:`AboutPath`."""
        template = path.replace(f"/models/{model}", "/models/NAME", 1) if model else path
        route = self._routes.setdefault(path, Route(template, is_open=is_open, model=model))
        action = Action(path, answers=answers, takes_body=method == "POST", is_readiness=is_readiness)
        route.actions |= dict.fromkeys(_READ if method == "GET" else (method,), action)

    def alias(self, path: str, of: str) -> None:
        """Make ``path`` another name of the path ``of``. Raises KeyError if ``of`` does not exist."""
        self._routes[path] = self._routes[of]
