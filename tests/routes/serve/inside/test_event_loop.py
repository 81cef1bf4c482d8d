"""What the event loop scores itself: while it does, no other request is answered."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dai_routes.serve import batching
from dai_routes.serve.settings import ModelFile
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.service import Request
from tests.support.models.penguins import PENGUIN
from tests.support.server.in_process import TYPED, Bench, Client, request, served
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.runtime

Connect = Callable[[], Awaitable[Client]]
PLAIN = request("/score", PENGUIN, TYPED)
OF_H2O = {"fields": list(PENGUIN), "rows": [[str(value) for value in PENGUIN.values()]]}


@contextmanager
def scored_by(bench: Bench) -> Iterator[list[bool]]:
    """For each call of the model whether the event loop made it. Every request counts as quick."""
    calls: list[bool] = []
    service, loop = bench.model.service, threading.current_thread()
    respond = service.respond_all

    def watched(requests: Sequence[Request]) -> object:
        calls.append(threading.current_thread() is loop)
        return respond(requests)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "respond_all", watched)
        patch.setattr(batching, "_QUICK_SECONDS", PATIENCE)
        yield calls


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/model/contribution", OF_H2O),
        ("/model/score", {**OF_H2O, "requestShapleyValueType": "ORIGINAL"}),
        ("/model/score", {**OF_H2O, "requestPredictionIntervals": True}),
        ("/rpc", {"id": 1, "method": "score", "params": {"row": PENGUIN, "pred_contribs": True}}),
    ],
    ids=["contribution", "shapley", "intervals", "rpc"],
)
def test_it_does_not_score_what_may_load_the_model_again(
    serve: Callable[..., None], path: str, body: dict[str, object]
) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        client = await connect()
        with scored_by(bench) as calls:
            for _ in range(3):
                assert (await client.ask(PLAIN)).startswith(b"HTTP/1.1 200")
            await client.ask(request(path, body, TYPED))
            assert (await client.ask(PLAIN)).startswith(b"HTTP/1.1 200")
        assert calls == [False, True, True, False, True]

    serve(test)


def test_it_does_not_score_with_a_model_that_was_just_loaded(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        client = await connect()
        with scored_by(bench) as calls:
            for _ in range(2):
                assert (await client.ask(PLAIN)).startswith(b"HTTP/1.1 200")
            bench.model._fingerprint = None
            await bench.model.reload()
            assert (await client.ask(PLAIN)).startswith(b"HTTP/1.1 200")
        assert calls == [False, True, False]

    serve(test)


def test_it_does_not_score_with_a_pipeline(pipeline: Path) -> None:
    """Whose rows may take any time: a row that hangs must not keep others from being answered."""
    settings = RuntimeSettings(pipeline=PipelineSettings(python_command=sys.executable, score_timeout=PATIENCE))

    async def main() -> None:
        async with served(ModelFile("birds", pipeline), settings, 5) as (bench, connect):
            client = await connect()
            with scored_by(bench) as calls:
                for _ in range(3):
                    assert (await client.ask(PLAIN)).startswith(b"HTTP/1.1 200")
            assert calls == [False] * 3

    asyncio.run(main())
