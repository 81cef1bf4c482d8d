"""Requests with a head that the server knows: the answers that uvicorn's way gives, or left to that."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable
from hashlib import sha256

import pytest

from tests.support.models.penguins import PENGUIN
from tests.support.server.in_process import TYPED, Bench, Client, Clock, request
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.runtime

H2O = {"fields": list(PENGUIN), "rows": [list(map(str, PENGUIN.values()))]}
TENSORS = {
    "inputs": [
        {"name": name, "shape": [1], "datatype": "BYTES" if isinstance(value, str) else "FP64", "data": [value]}
        for name, value in PENGUIN.items()
    ]
}
CHANGING = re.compile(rb"(date|x-request-id|scoring\.duration\.ms): [^\r]*\r\n")

ASKED = {
    "a record": request("/score", PENGUIN, TYPED),
    "with a query": request("/score?columns=predictions", [PENGUIN], TYPED, "Accept: application/x-ndjson"),
    "CSV": request(
        "/score", ",".join(PENGUIN).encode() + b"\n" + ",".join(map(str, PENGUIN.values())).encode(), "A: b"
    ),
    "a bad row": request("/score?bad_rows=fail", {**PENGUIN, "body_mass_g": "heavy"}, TYPED),
    "a missing column": request("/score", {"species": "Adelie"}, TYPED),
    "blanks": request("/score", b"  ", TYPED),
    "no JSON": request("/score", b"{", TYPED),
    "not gzip": request("/score", PENGUIN, TYPED, "Content-Encoding: gzip"),
    "H2O": request("/model/score", H2O, TYPED),
    "a model's path": request("/models/penguins/model/contribution", H2O, TYPED),
    "vertex": request("/predict", {"instances": [PENGUIN]}, TYPED),
    "invocations": request("/invocations", {"inputs": [PENGUIN]}, TYPED),
    "tensors": request("/v2/models/penguins/infer", TENSORS, TYPED),
    "rpc": request("/rpc", {"jsonrpc": "2.0", "id": 7, "method": "score", "params": {"row": PENGUIN}}, TYPED),
    "rpc, wrong": request("/rpc", {"jsonrpc": "2.0", "id": 7, "method": "score", "params": {"row": {}}}, TYPED),
}


def _fixed(answer: bytes) -> bytes:
    return CHANGING.sub(b"", answer)


def test_the_same_answers(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        client = await connect()
        for number, (name, one) in enumerate(ASKED.items()):
            first = await client.ask(one)
            assert bench.quick.count == number, name
            second = await client.ask(one)
            assert bench.quick.count == number + 1, name
            assert _fixed(second) == _fixed(first), name
            assert (await (await connect()).ask(one[:50], one[50:]))[:15] == first[:15]
        assert bench.counted[::3] == bench.counted[1::3] == bench.counted[2::3]
        assert bench.app.bodies.held == 0

    serve(test)


def test_what_is_unusual_goes_through_uvicorn(serve: Callable[..., None]) -> None:
    record = ASKED["a record"]
    others = {
        "an id of its own": request("/score", PENGUIN, TYPED, "X-Request-Id: 7"),
        "expected": request("/score", PENGUIN, TYPED, "Expect: x"),
        "GET": request("/models", b"", method="GET"),
        "no such path": request("/nothing", PENGUIN, TYPED),
        "a long head": request("/score", PENGUIN, TYPED, "X-More: " + "x" * 3000),
    }

    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        client = await connect()
        scored = _fixed(await client.ask(record))
        for name, one in others.items():
            # Some of these close the connection.
            assert _fixed(await (await connect()).ask(one)) == _fixed(await (await connect()).ask(one)), name
        chunked = request("/score", b"", TYPED, "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
        data = json.dumps(PENGUIN).encode()
        chunked += b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
        assert _fixed(await client.ask(chunked)) == _fixed(await client.ask(chunked)) == scored
        assert _fixed(await client.ask(record[:-5], record[-5:])) == scored
        assert _fixed(await client.ask(record[:20], record[20:])) == scored
        assert _fixed(await client.ask(record + record)) == _fixed(await client.answer()) == scored
        assert bench.quick.count == 0
        closing = request("/score", PENGUIN, TYPED, "Connection: close")
        old = request("/score", PENGUIN, TYPED, version="1.0")
        for one in (closing, closing, old, old):
            client = await connect()
            assert b"connection: close" in await client.ask(one)
            assert await client.is_closed()
        assert bench.quick.count == 0

    serve(test)


def test_requests_sent_before_the_answer_are_answered_in_order(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        client = await connect()
        known = [request("/score", {**PENGUIN, "id": number}, TYPED) for number in range(3)]
        await client.ask(known[0])
        client.writer.write(known[0])
        while not bench.quick.count:
            await asyncio.sleep(0)
        client.writer.write(known[1] + known[2])
        assert [b'"id": %d' % number in await client.answer() for number in range(3)] == [True] * 3

    serve(test)


def test_a_key_is_asked_for_each_time(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        keys = [("X-API-Key: wrong", 401), ("X-API-Key: right", 200), ("A: b", 401)] * 2
        for key, status in keys:
            answer = await (await connect()).ask(request("/score", PENGUIN, TYPED, key))
            assert answer.startswith(b"HTTP/1.1 %d" % status)
        assert bench.quick.count == 1

    serve(test, key_digests=(sha256(b"right").digest(),))


def test_limits_of_time_and_number(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        first, second = await connect(), await connect()
        record = ASKED["a record"]
        await first.ask(record)
        service, queue = bench.model.service, bench.model.queue
        go_on = threading.Event()
        with pytest.MonkeyPatch.context() as patch:
            clock = Clock(patch)
            respond = service.respond_all
            patch.setattr(service, "respond_all", lambda requests: (go_on.wait(PATIENCE), respond(requests))[1])
            # Otherwise the event loop would score, and wait.
            patch.setattr(queue, "_is_quick", False)
            first.writer.write(record)
            while bench.quick.count < 1:
                await asyncio.sleep(0)
            assert (await second.ask(record)).startswith(b"HTTP/1.1 429")
            await clock.advance(61)
            late = await first.answer()
            assert late.startswith(b"HTTP/1.1 504")
            assert b'"timeout"' in late
            go_on.set()
            while queue.waiting:
                await asyncio.sleep(0)
            assert (await first.ask(record)).startswith(b"HTTP/1.1 200")
            assert (bench.quick.count, bench.app.bodies.held) == (3, 0)

    serve(test, timeout=60, most_waiting=1)


def test_the_connection_ends_when_it_is_idle_or_the_server_ends(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        record = ASKED["a record"]
        client = await connect()
        with pytest.MonkeyPatch.context() as patch:
            clock = Clock(patch)
            for _ in range(6):
                await client.ask(record)
                await clock.advance(1.5)
            assert bench.quick.count == 5
            await clock.advance(3.6)
            assert await client.is_closed()
        other = await connect()
        other.writer.write(record)
        while bench.quick.count == 5:
            await asyncio.sleep(0)
        bench.protocols[-1].shutdown()
        assert (await other.answer()).startswith(b"HTTP/1.1 200")
        assert await other.is_closed()
        third = await connect()
        third.writer.write(record)
        while bench.quick.count == 6:
            await asyncio.sleep(0)
        bench.app.is_draining = True
        assert b"connection: close\r\n" in await third.answer()
        assert await third.is_closed()
        last = await (await connect()).ask(record)
        assert b"connection: close\r\n" in last
        assert bench.quick.count == 7

    serve(test)


def test_a_client_that_leaves_is_counted(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        client = await connect()
        await client.ask(ASKED["a record"])
        client.writer.write(ASKED["a record"])
        while not bench.quick.count:
            await asyncio.sleep(0)
        client.writer.transport.abort()
        while len(bench.counted) < 2:
            await asyncio.sleep(0.01)
        assert bench.app.bodies.held == 0
        assert (await (await connect()).ask(ASKED["a record"])).startswith(b"HTTP/1.1 200")

    serve(test)


def test_requests_of_a_client_that_does_not_wait_are_read_in_turn(serve: Callable[..., None]) -> None:
    count, one_read = 3000, 1 << 18
    asked = request("/score", {**PENGUIN, "more": "x" * 200}, TYPED) + request("/livez", b"", method="GET")

    async def test(bench: Bench, connect: Callable[[], Awaitable[Client]]) -> None:
        client = await connect()
        most = 0

        async def write() -> None:
            client.writer.write(asked * count)
            await client.writer.drain()

        writing = asyncio.ensure_future(write())
        for _ in range(count):
            assert (await client.answer()).startswith(b"HTTP/1.1 200")
            assert (await client.answer()).startswith(b"HTTP/1.1 404")
            most = max(most, len(bench.protocols[0].pipeline))
        await writing
        assert 0 < most <= 2 * one_read // len(asked) + 2
        assert len(asked) * count > 4 * one_read

    serve(test)
