"""Paths about the server: whether it runs and can score, its counts, its models, and the reload of a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from dai_routes.serve.answering.errors import NoKeysError
from dai_routes.serve.answering.metrics import MIME_TYPE, Metrics
from dai_routes.serve.answering.routing import Routes
from dai_routes.serve.dialects.base import failed, json_answer
from dai_routes.serve.hosted import HostedModel
from dai_scoring.service import HttpRequest, HttpResponse, Readiness, State
from dai_scoring.service.failures import failure_of

TEXT = "text/plain; charset=utf-8"


class About:
    """Answers the paths about the server.

    ``may_reload`` says whether the server has keys, without which no client may reload. ``on_reload`` is called after a
    reload.
    """

    def __init__(
        self, models: Sequence[HostedModel], metrics: Metrics, may_reload: bool, on_reload: Callable[[], None]
    ) -> None:
        self._models = models
        self._metrics = metrics
        self._may_reload = may_reload
        self._on_reload = on_reload

    def add_to(self, routes: Routes) -> None:
        """Add the paths."""
        routes.serve("/livez", self._live, is_open=True)
        for path in ("/readyz", "/ping"):
            routes.serve(path, self._ready, is_open=True, is_readiness=True)
        routes.serve("/metrics", self._counted)
        routes.serve("/models", self._listed)
        for model in self._models:
            place = f"/models/{model.name}"
            scores = f"{place}/model/score"
            describe = partial(self._shown, model, scores if routes.get(scores) else None)
            routes.serve(place, describe, model=model.name)
            routes.serve(f"{place}/reload", partial(self._reload, model), method="POST", model=model.name)

    async def _live(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse(200, {"Content-Type": TEXT}, b"Alive")

    async def _ready(self, _: HttpRequest) -> HttpResponse:
        states = [model.service.readiness.state for model in self._models]
        if all(state is State.READY for state in states):
            return HttpResponse(200, {"Content-Type": TEXT}, b"Ready")
        return HttpResponse(503, {"Content-Type": TEXT}, b"Not ready")

    async def _counted(self, _: HttpRequest) -> HttpResponse:
        infos = [(model.name, info) for model in self._models if (info := model.context.info) is not None]
        waiting = [(model.name, model.queue.waiting) for model in self._models]
        return HttpResponse(200, {"Content-Type": MIME_TYPE}, self._metrics.text(waiting, infos).encode())

    async def _listed(self, _: HttpRequest) -> HttpResponse:
        return json_answer({"models": [_described(model) for model in self._models]})

    async def _shown(self, model: HostedModel, scores: str | None, _: HttpRequest) -> HttpResponse:
        # In a thread: finding out what a model can do may take as long as loading it.
        about = await asyncio.to_thread(_with_columns, model)
        return json_answer({**about, "score": scores})

    async def _reload(self, model: HostedModel, http: HttpRequest) -> HttpResponse:
        if not self._may_reload:
            return failed(http, failure_of(NoKeysError()))
        # It goes on after the time limit of the request.
        found = await asyncio.shield(self._reloaded(model))
        if found.error is not None:
            return failed(http, failure_of(found.error))
        return json_answer(_described(model))

    async def _reloaded(self, model: HostedModel) -> Readiness:
        found = await model.reload()
        if found.error is None:
            self._on_reload()
        return found


def _described(model: HostedModel) -> dict[str, object]:
    info = model.context.info
    about: dict[str, object] = {"name": model.name, "state": model.service.readiness.state.value}
    if info is not None:
        about |= {"id": info.id, "kind": info.kind, "runtime": info.runtime, "runtime_version": info.runtime_version}
        about["sha256"] = info.sha256
    return about


def _with_columns(model: HostedModel) -> dict[str, object]:
    with model.service.scorer() as scorer:
        info = scorer.info
        return {
            **_described(model),
            "inputs": [{"name": one.name, "type": one.type.value} for one in info.inputs],
            "outputs": [{"name": one.name, "type": one.type.value} for one in info.outputs],
            "capabilities": sorted(one.value for one in scorer.capabilities),
            "notes": list(info.notes),
        }
