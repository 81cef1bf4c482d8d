"""Connections on which something is odd: empty lines, endless headers, answers that are read slowly."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable
from hashlib import sha256

import pytest

from tests.support.models.penguins import PENGUIN
from tests.support.server.in_process import TYPED, Bench, Client, Clock, request
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.runtime

Connect = Callable[[], Awaitable[Client]]
EMPTY = b"\r\n\r\n"
MOST_HEADERS = 1 << 16


def test_what_follows_empty_lines_is_not_taken_for_the_request_of_another(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        asked = request("/score", PENGUIN, TYPED, "X-API-Key: right")
        assert (await (await connect()).ask(EMPTY + asked)).startswith(b"HTTP/1.1 200")
        # As many bytes behind the same lines as that body had, and no key.
        assert (await (await connect()).ask(EMPTY + json.dumps(PENGUIN).encode())).startswith(b"HTTP/1.1 400")
        assert bench.quick.count == 0

    serve(test, key_digests=(sha256(b"right").digest(),))


def test_empty_lines_do_not_keep_a_connection_open(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        client = await connect()
        client.writer.write(b"\r\n")
        await asyncio.sleep(0.05)
        with pytest.MonkeyPatch.context() as patch:
            await Clock(patch).advance(5.1)
            assert bench.protocols[0].transport.is_closing()

    serve(test)


def test_headers_have_an_end(serve: Callable[..., None]) -> None:
    start = b"GET /livez HTTP/1.1\r\nX-More: "

    async def test(bench: Bench, connect: Connect) -> None:
        long = await connect()
        assert (await long.ask(start, b"x" * 60_000, EMPTY)).startswith(b"HTTP/1.1 404")
        endless = await connect()
        answer = await endless.ask(start, b"x" * (MOST_HEADERS + 1 - len(start)))
        assert answer.startswith(b"HTTP/1.1 431")
        assert await endless.is_closed()

    serve(test)


def test_no_more_is_read_of_endless_trailers(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        client = await connect()
        head = request("/score", b"", TYPED, "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
        client.writer.write(head + b"1\r\n[\r\n0\r\nX-More: ")
        for _ in range(100):
            client.writer.write(b"x" * MOST_HEADERS)
        while not bench.protocols or not bench.protocols[0].flow.read_paused:
            await asyncio.sleep(0.01)
        with pytest.MonkeyPatch.context() as patch:
            clock = Clock(patch)
            await clock.advance(61)
            assert (await client.answer()).startswith(b"HTTP/1.1 408")
            client.writer.transport.abort()
            await asyncio.sleep(0)

    serve(test, timeout=60)


def test_an_answer_that_is_read_slowly_arrives(serve: Callable[..., None]) -> None:
    body = [{**PENGUIN, "note": "x" * 1000}] * 6000
    part = 1 << 20

    async def test(bench: Bench, connect: Connect) -> None:
        # Little of it is in the buffers of the system, so that the server sees how the client reads.
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        plain.setblocking(False)
        peer = (await connect()).writer.get_extra_info("peername")
        await asyncio.get_running_loop().sock_connect(plain, peer)
        client = Client(*await asyncio.open_connection(sock=plain))
        while len(bench.protocols) < 2:
            await asyncio.sleep(0.01)
        protocol = bench.protocols[1]
        protocol.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        client.writer.write(request("/score", body, TYPED))
        while not protocol.flow.write_paused:
            await asyncio.sleep(0.01)
        with pytest.MonkeyPatch.context() as patch:
            clock = Clock(patch)
            head = await client.reader.readuntil(EMPTY)
            size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert size > 5 * part
            await client.reader.readexactly(part)
            for _ in range(3):
                await clock.advance(4.9)
                await client.reader.readexactly(part)
            assert not protocol.transport.is_closing()
            assert len(await client.reader.readexactly(size - 4 * part)) == size - 4 * part
            client.writer.write(request("/score", PENGUIN, TYPED))
            assert (await client.answer()).startswith(b"HTTP/1.1 200")

    serve(test)


def test_a_request_is_answered_also_if_the_next_one_has_not_all_its_headers(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        client = await connect()
        service, queue, go_on = bench.model.service, bench.model.queue, threading.Event()
        with pytest.MonkeyPatch.context() as patch:
            clock = Clock(patch)
            respond = service.respond_all
            patch.setattr(service, "respond_all", lambda requests: (go_on.wait(PATIENCE), respond(requests))[1])
            client.writer.write(request("/score", PENGUIN, TYPED) + b"POST /sc")
            while not queue.waiting:
                await asyncio.sleep(0)
            for _ in range(2):
                await clock.advance(21)
            go_on.set()
            assert (await client.answer()).startswith(b"HTTP/1.1 200")
            await clock.advance(21)
            assert await client.is_closed()

    serve(test, timeout=60)


def test_a_client_that_sends_no_more_gets_its_answer(serve: Callable[..., None]) -> None:
    """It closes its side with shutdown(SHUT_WR), as ``nc -N`` does. With and without a known head, then many rows."""

    async def test(bench: Bench, connect: Connect) -> None:
        for asked in [request("/score", PENGUIN, TYPED)] * 3 + [
            request("/score", [PENGUIN] * 1000, TYPED),
            request("/score", PENGUIN, TYPED) + request("/model/score", b"{}", TYPED),
        ]:
            client = await connect()
            client.writer.write(asked)
            client.writer.write_eof()
            for _ in range(asked.count(b"POST ")):
                assert (await client.answer()).startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
            assert await client.is_closed()
        assert bench.quick.count == 2

    serve(test)


def test_a_client_that_ends_within_a_request_is_not_waited_for(serve: Callable[..., None]) -> None:
    async def test(bench: Bench, connect: Connect) -> None:
        asked = request("/score", PENGUIN, TYPED)
        for part in (b"", asked[:20], asked[:-5]):
            client = await connect()
            client.writer.write(part)
            client.writer.write_eof()
            assert await client.is_closed()

    serve(test)
