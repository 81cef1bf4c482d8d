"""The queue of a model: what waits, what is not scored, and what is scored apart."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.service import Request
from tests.support.models.penguins import PENGUIN
from tests.support.server.in_process import TYPED, Bench, Client, Clock, request
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.runtime

Connect = Callable[[], Awaitable[Client]]
NOTE = {**PENGUIN, "note": "x" * 20_000}


def _parquet() -> bytes:
    table = pa.table({name: pa.array([value] * 1000) for name, value in PENGUIN.items()})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


@contextmanager
def held(bench: Bench, patch: pytest.MonkeyPatch, where: Callable[[Request], bool]) -> Iterator[list[int]]:
    """Calls of the model wait until the end, if they have such a request. Gives how many requests each call has."""
    service, go_on = bench.model.service, threading.Event()
    calls: list[int] = []
    respond = service.respond_all

    def waiting(requests: Sequence[Request]) -> object:
        calls.append(len(requests))
        if any(map(where, requests)):
            go_on.wait(PATIENCE)
        return respond(requests)

    patch.setattr(service, "respond_all", waiting)
    # Otherwise the event loop would score, and wait.
    patch.setattr(bench.model.queue, "_is_quick", False)
    try:
        yield calls
    finally:
        go_on.set()


@pytest.mark.parametrize("row", [PENGUIN, NOTE], ids=["small", "large"])
def test_a_request_whose_time_is_over_is_neither_scored_nor_kept(
    serve: Callable[..., None], row: dict[str, object]
) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        asked = request("/score", row, TYPED)
        clients = [await connect() for _ in range(3)]
        assert (await clients[0].ask(asked)).startswith(b"HTTP/1.1 200")
        with pytest.MonkeyPatch.context() as patch:
            clock = Clock(patch)
            with held(bench, patch, lambda one: True) as calls:
                for number, client in enumerate(clients):
                    client.writer.write(asked)
                    # Two are in calls of the model, and the third one waits.
                    while len(calls) < min(number + 1, 2) or bench.model.queue.waiting <= number:
                        await asyncio.sleep(0)
                await clock.advance(61)
                assert [(await one.answer())[:12] for one in clients] == [b"HTTP/1.1 504"] * 3
            while bench.model.queue.waiting:
                await asyncio.sleep(0)
            assert calls == [1, 1, 0]
            assert (await clients[2].ask(asked)).startswith(b"HTTP/1.1 200")
        assert bench.app.bodies.held == 0

    serve(test, timeout=60)


@pytest.mark.parametrize("kind", ["gzip", "Parquet"])
def test_a_row_does_not_wait_for_what_may_become_many_rows(serve: Callable[..., None], kind: str) -> None:
    many = request("/score", gzip.compress(json.dumps([NOTE] * 100).encode()), TYPED, "Content-Encoding: gzip")
    if kind == "Parquet":
        many = request("/score", _parquet(), "Content-Type: application/vnd.apache.parquet")
    assert len(many) < 1 << 14

    async def test(bench: Bench, connect: Connect) -> None:
        clients = [await connect() for _ in range(3)]
        with pytest.MonkeyPatch.context() as patch:
            with held(bench, patch, lambda one: len(one.contents) > 1000) as calls:  # type: ignore[arg-type]
                for client in clients:
                    client.writer.write(many)
                while len(calls) < 2 or bench.model.queue.waiting < 3:
                    await asyncio.sleep(0.01)
                assert (await (await connect()).ask(request("/score", PENGUIN, TYPED))).startswith(b"HTTP/1.1 200")
                # The third one is not uncompressed before it is scored.
                assert calls == [1, 1, 1]
            assert [(await one.answer())[:12] for one in clients] == [b"HTTP/1.1 200"] * 3

    serve(test)
